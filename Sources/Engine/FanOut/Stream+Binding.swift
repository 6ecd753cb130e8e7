/// Why a value can't go where the document wants it.
struct BindingProblem: Error, Equatable {
    let reason: String
}

extension Stream {
    /// The walk for one combination of values: the same stream with all of them in their places.
    func bound(to bindings: [OverBinding], window: Window? = nil) throws(BindingProblem) -> Stream {
        var stream = self
        stream.over = nil
        stream.incremental = nil
        stream.window = window
        stream.rules.incremental = window?.plan
        if !lookAhead {
            // What the host asks for is a page of the whole, not of this walk: the whole holds this one up.
            stream.lookAhead = true
            stream.readAheadPages = 1
        }
        stream.bound = bindings
        stream.request = try request.bound(to: (window?.values ?? []) + bindings)
        if let window { stream.request.put(window) }
        return stream
    }
}

extension [OverBinding] {
    /// For messages: `, user_id "42"`.
    var boundText: String {
        filter(\.isKey).map { ", \($0.name) \"\(Sanitized.text($0.text ?? "", most: 80))\"" }.joined()
    }
}

extension RequestPlan {
    func bound(to bindings: [OverBinding]) throws(BindingProblem) -> RequestPlan {
        var plan = self
        plan.path = try Self.path(path, bindings)
        plan.query = try Self.fields(query, bindings)
        plan.headers = try Self.fields(headers, bindings)
        for header in plan.headers {
            guard case .plain(let text) = header.value, !HeaderRules.isSafeValue(text) else { continue }
            throw BindingProblem(
                reason: "a value has control characters and can't go into the header \(header.name)")
        }
        switch body {
        case .form(let fields): plan.body = .form(try Self.fields(fields, bindings))
        case .template(let template): plan.body = Body(try template.bound(to: bindings))
        case .text(let text, let type): plan.body = .text(try text.bound(to: bindings), contentType: type)
        case .json, nil: break
        }
        for index in jsonFields.indices {
            plan.jsonFields[index].value = try jsonFields[index].value.bound(to: bindings)
        }
        return plan
    }

    private static func fields(
        _ items: [NamedText], _ bindings: [OverBinding]
    ) throws(BindingProblem) -> [NamedText] {
        var result: [NamedText] = []
        for var item in items {
            if case .template(let template) = item.value, let name = template.overName,
                let binding = bindings.first(where: { $0.name == name }), binding.separator == nil
            {
                for value in binding.values {
                    item.value = .plain(value.text ?? "")
                    result.append(item)
                }
            } else {
                item.value = try item.value.bound(to: bindings)
                result.append(item)
            }
        }
        return result
    }

    /// Each value is one segment, or one of the values of a segment; what is no name of a value stays.
    private static func path(_ path: String, _ bindings: [OverBinding]) throws(BindingProblem) -> String {
        guard path.utf8.contains(UInt8(ascii: "{")) else { return path }
        var result = ""
        var rest = path[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            result += rest[..<open]
            let name = rest[rest.index(after: open)..<close]
            if let binding = bindings.first(where: { $0.name == name }) {
                var segments: [String] = []
                for value in binding.values {
                    guard let segment = value.text.flatMap(PercentEncoding.pathSegment) else {
                        let shown = Sanitized.text(value.text ?? value.json, most: 80)
                        throw BindingProblem(reason: "\(name) \"\(shown)\" can't be part of a path")
                    }
                    segments.append(segment)
                }
                let separator = PercentEncoding.encode(binding.separator ?? ",", keeping: separatorBytes)
                result += segments.joined(separator: separator)
            } else {
                result += rest[open...close]
            }
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }

    /// What RFC 3986 section 3.3 lets stand in a segment.
    private static let separatorBytes = ByteSet.alphanumeric(and: "-._~!$&'()*+,;=:@")
}

extension JSONValue {
    /// The name that this stands for: `{"over": name}` and nothing else.
    var overName: String? {
        guard case .object(let members) = self, members.count == 1, members[0].name == "over" else { return nil }
        return members[0].value.string
    }
}

// A template keeps what only a page's request knows; the values that the walk is made for become constants.

extension ConfigText {
    func bound(to bindings: [OverBinding]) throws(BindingProblem) -> ConfigText {
        guard case .template(let template) = self else { return self }
        let bound = try template.bound(to: bindings)
        return bound.settled ?? .template(bound)
    }
}

extension TextTemplate {
    /// The name, when it is the value of one and nothing else.
    var overName: String? {
        guard pieces.count == 1, case .value(.over(let name)) = pieces[0] else { return nil }
        return name
    }

    func bound(to bindings: [OverBinding]) throws(BindingProblem) -> TextTemplate {
        var bound = self
        for (index, piece) in pieces.enumerated() {
            guard case .value(let source) = piece else { continue }
            if case .over(let name) = source {
                bound.pieces[index] = .text(try bindings.text(name))
            } else if case .window(let side, let format) = source {
                let window = bindings.first { $0.window != nil }?.window
                bound.pieces[index] = .text(window?.text(side, format: format)?.shown ?? "")
            } else {
                bound.pieces[index] = .value(try source.bound(to: bindings))
            }
        }
        return bound
    }
}

extension ValueSource {
    func bound(to bindings: [OverBinding]) throws(BindingProblem) -> ValueSource {
        func all(_ sources: [ValueSource]) throws(BindingProblem) -> [ValueSource] {
            var bound: [ValueSource] = []
            for source in sources { bound.append(try source.bound(to: bindings)) }
            return bound
        }
        switch self {
        case .over(let name): return .constant(.string(try bindings.text(name)))
        case .window(let side, let format):
            let window = bindings.first { $0.window != nil }?.window
            switch window?.text(side, format: format) {
            case .number(let text)?: return .constant(JSONValue(number: text) ?? .string(text))
            case let token: return .constant(.string(token?.shown ?? ""))
            }
        case .queryParameter(let name, let inner): return .queryParameter(name, of: try inner.bound(to: bindings))
        case .formatted(let inner, let format): return .formatted(try inner.bound(to: bindings), format)
        case .percentEncoded(let inner): return .percentEncoded(try inner.bound(to: bindings))
        case .first(let sources): return .first(try all(sources))
        case .sum(let sources): return .sum(try all(sources))
        default: return self
        }
    }
}

extension JSONTemplate {
    /// A value alone stays what it was, a number a number; a batch is a list.
    func bound(to bindings: [OverBinding]) throws(BindingProblem) -> JSONTemplate {
        switch self {
        case .fixed: return self
        case .text(let text):
            if let name = text.overName, let binding = bindings.first(where: { $0.name == name }) {
                let values = binding.values.map { value -> JSONValue in
                    guard let text = value.text else { return .null }
                    return value.isNumber ? JSONValue(number: text) ?? .number(text) : .string(text)
                }
                return .fixed(binding.isBatch || values.count != 1 ? .array(values) : values[0])
            }
            if text.pieces.count == 1, case .value(.window(let side, let format)) = text.pieces[0],
                let window = bindings.first(where: { $0.window != nil })?.window,
                case .number(let digits)? = window.text(side, format: format)
            {
                return .fixed(JSONValue(number: digits) ?? .string(digits))
            }
            let bound = try text.bound(to: bindings)
            guard case .plain(let plain)? = bound.settled else { return .text(bound) }
            return .fixed(.string(plain))
        case .array(let elements):
            var bound: [JSONTemplate] = []
            for element in elements { bound.append(try element.bound(to: bindings)) }
            return .array(bound)
        case .object(let members):
            var bound: [Member] = []
            for member in members {
                bound.append(Member(name: member.name, value: try member.value.bound(to: bindings)))
            }
            return .object(bound)
        }
    }
}

extension [OverBinding] {
    /// All values of that name in one text.
    fileprivate func text(_ name: String) throws(BindingProblem) -> String {
        guard let binding = first(where: { $0.name == name }) else {
            throw BindingProblem(reason: "\(name) has no value")
        }
        guard let text = binding.text else { throw BindingProblem(reason: "\(name) is not a text or number") }
        // Nobody could tell it from two values.
        if let separator = binding.separator, binding.values.count > 1,
            let value = binding.values.first(where: { ASCII.contains($0.text ?? "", separator) })
        {
            let shown = Sanitized.text(value.text ?? "", most: 80)
            throw BindingProblem(reason: "\(name) \"\(shown)\" holds the separator \"\(separator)\"")
        }
        return text
    }
}
