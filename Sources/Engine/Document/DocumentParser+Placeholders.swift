// Places in texts: `{page.token}`, `{param.name}`. A place is a dotted name in braces without spaces; every other brace
// stands for itself, so JSON and GraphQL can be written as they are; `{{page.token}}` is the text `{page.token}`.

/// What a text's places may ask for, by where the text stands.
enum PlaceholderScope {
    /// The source's own texts and single requests: there are no pages.
    case fixed
    /// A stream's.
    case pages(PagingPlan?)
}

extension DocumentParser {
    /// A literal of the document.
    mutating func literal(_ text: String, _ place: DocumentPlace) throws(Failure) -> ConfigText {
        guard readsPlaces, text.utf8.contains(UInt8(ascii: "{")) else { return .plain(text) }
        let template = try template(text, place)
        return template.settled ?? .template(template)
    }

    mutating func template(_ text: String, _ place: DocumentPlace) throws(Failure) -> TextTemplate {
        var pieces: [TextTemplate.Piece] = []
        var literal: [UInt8] = []
        func add(_ piece: TextTemplate.Piece?) {
            if !literal.isEmpty { pieces.append(.text(String(decoding: literal, as: UTF8.self))) }
            literal = []
            if let piece { pieces.append(piece) }
        }
        let bytes = Array(text.utf8)
        var at = 0
        while at < bytes.count {
            if let doubled = Placeholder.length(in: bytes, at: at + 1), bytes[at] == Placeholder.open,
                at + 1 + doubled < bytes.count, bytes[at + 1 + doubled] == Placeholder.close
            {
                literal += bytes[(at + 1)..<(at + 1 + doubled)]
                at += doubled + 2
            } else if let length = Placeholder.length(in: bytes, at: at) {
                let name = String(decoding: bytes[(at + 1)..<(at + length - 1)], as: UTF8.self)
                add(try piece(name, place))
                at += length
            } else {
                literal.append(bytes[at])
                at += 1
            }
        }
        add(nil)
        return TextTemplate(pieces)
    }

    private mutating func piece(_ name: String, _ place: DocumentPlace) throws(Failure) -> TextTemplate.Piece {
        let (root, rest) = Placeholder.split(name)
        switch root {
        case "param":
            if let problem = TextForm.parameter.problem(in: rest) {
                throw place.failure("{\(name)}: \(problem.message)")
            }
            return .text(try parameter(rest, at: place))
        case "env":
            if let problem = TextForm.variable.problem(in: rest) {
                throw place.failure("{\(name)}: \(problem.message)")
            }
            return .secret(try resolve(.environment(rest), at: place))
        default: return .value(try pageSource(name, place))
        }
    }

    /// The value source that a place stands for, where it may stand.
    mutating func pageSource(_ name: String, _ place: DocumentPlace) throws(Failure) -> ValueSource {
        let (root, rest) = Placeholder.split(name)
        func path() throws(Failure) -> JSONPath {
            do throws(JSONPathError) {
                let path = try JSONPath(rest)
                if !path.matchesMany { return path }
            } catch { throw place.failure("{\(name)}: \(Sanitized.text(error.description, most: 300))") }
            throw place.failure("{\(name)}: a wildcard can match several values; one is needed here")
        }
        let source: ValueSource
        switch root {
        case "page":
            guard let value = ValueSource.PageValue(rawValue: rest) else {
                let known = Placeholder.pageNames
                throw place.failure(
                    "unknown placeholder {\(name)}; known: \(known.map { "{\($0)}" }.joined(separator: ", "))"
                        + NearestName.hint(name, in: known))
            }
            source = .page(value)
        case "body": source = .body(try path())
        case "last_record": source = .lastRecord(try path())
        case "first_record": source = .firstRecord(try path())
        case "over":
            try overText(rest, at: place)
            source = .over(rest)
        case "header":
            if let problem = TextForm.headerName.problem(in: rest) {
                throw place.failure("{\(name)}: \(problem.message)")
            }
            source = .header(rest)
        case "window":
            guard let side = IncrementalPlan.Side(rawValue: rest) else {
                throw place.failure("unknown placeholder {\(name)}; known: {window.start}, {window.end}")
            }
            try useWindow(side, place)
            source = .window(side, nil)
        case "link" where !rest.isEmpty: source = .link(relation: rest, attribute: nil)
        default:
            throw place.failure(
                "unknown placeholder {\(name)}; known: {page.…}, {param.…}, {env.…}, {over.…}, {window.…}, {body.…}, {header.…}, {link.…}, "
                    + "{first_record.…}, {last_record.…}; {{\(name)}} is the text itself"
                    + NearestName.hint(root, in: Placeholder.roots))
        }
        try checkScope(of: source, place)
        return source
    }

    /// What a request can't know is refused where it is asked for.
    func checkScope(of source: ValueSource, _ place: DocumentPlace) throws(Failure) {
        for leaf in source.leaves {
            guard let reason = reason(against: leaf) else { continue }
            throw place.failure("\(leaf.described) has no value here: \(reason)")
        }
    }

    private func reason(against leaf: ValueSource) -> String? {
        guard case .pages(let plan) = scope else { return "there are no pages" }
        switch leaf {
        case .page(.count): return "it is only known of a page that has come"
        case .page(.size): return plan?.size == nil ? "the pagination has no \"size\"" : nil
        case .page(.restart): return plan?.restart == nil ? "the pagination has no \"restart\"" : nil
        case .page(.token):
            switch plan?.style {
            case .offset?, .page?, .cursor?: return nil
            case .nextURL?: return "the next URL is followed as it is"
            case .single?: return "there is one page"
            case .detect?, nil: return "\"pagination\" does not say what pages are asked for with"
            }
        case .page: return nil
        default: return plan?.style == .single ? "there is one page" : nil
        }
    }

    // MARK: fields

    /// The value of a field: what stands there, or an object that says more about it.
    mutating func field(_ name: String, _ place: DocumentPlace) throws(Failure) -> [RequestPlan.NamedText] {
        var fields: [RequestPlan.NamedText] = []
        let when = place["when"]?.value.string.flatMap(RequestPlan.When.init) ?? .always
        let omits = place["omit_empty"]?.value.bool ?? false
        for element in (place["value"] ?? place).elements {
            fields.append(.init(name: name, value: try text(element), when: when, omitsEmpty: omits))
        }
        return fields
    }

    mutating func json(_ place: DocumentPlace) throws(Failure) -> JSONTemplate {
        switch place.value {
        case .string(let text):
            switch try literal(text, place) {
            case .plain(let text): return .fixed(.string(text))
            case .secret(let secret): return .text(TextTemplate([.secret(secret)]))
            case .template(let template): return .text(template)
            }
        case .array:
            var elements: [JSONTemplate] = []
            for element in place.elements { elements.append(try json(element)) }
            return .gathered(elements)
        case .object:
            if let (side, format) = try windowValue(place) {
                return .text(TextTemplate([.value(.window(side, format))]))
            }
            if let name = place.value.overName, overScope.names[name] != nil {
                _ = try overName(name, at: place)
                return .text(TextTemplate([.value(.over(name))]))
            }
            var members: [JSONTemplate.Member] = []
            for (name, value) in place.members { members.append(.init(name: name, value: try json(value))) }
            return .gathered(members)
        default: return .fixed(place.value)
        }
    }

    /// Members of the JSON body that come and go.
    mutating func jsonFields(_ place: DocumentPlace?) throws(Failure) -> [RequestPlan.JSONField] {
        var fields: [RequestPlan.JSONField] = []
        for element in place?.elements ?? [] {
            let kind = element["in"]?.value.string ?? ""
            let names = element["name"]?.elements.compactMap(\.value.string) ?? []
            var value = JSONTemplate.fixed(.null)
            if let given = element["value"] {
                if given.value.members == nil {
                    value = try json(given)
                } else {
                    switch try text(given) {
                    case .plain(let text): value = .fixed(.string(text))
                    case .secret(let secret): value = .text(TextTemplate([.secret(secret)]))
                    case .template(let template): value = .text(template)
                    }
                }
            }
            fields.append(
                .init(
                    place: kind == "graphql" ? ["variables"] + names : names, value: value,
                    when: element["when"]?.value.string.flatMap(RequestPlan.When.init) ?? .always,
                    omitsEmpty: element["omit_empty"]?.value.bool ?? false))
        }
        return fields
    }
}

/// How a place is written.
enum Placeholder {
    static let open = UInt8(ascii: "{")
    static let close = UInt8(ascii: "}")
    static let roots = [
        "page", "param", "env", "over", "window", "body", "header", "link", "first_record", "last_record",
    ]
    static let pageNames = ValueSource.PageValue.allCases.map { "page." + $0.rawValue }

    /// Of the place that begins at `start`, braces included; nil when none does.
    static func length(in bytes: [UInt8], at start: Int) -> Int? {
        guard start >= 0, start < bytes.count, bytes[start] == open else { return nil }
        var at = start + 1
        var hasDot = false
        while at < bytes.count, bytes[at] != close {
            let byte = bytes[at]
            let isFirst = at == start + 1
            guard
                ASCII.isAlpha(byte) || byte == UInt8(ascii: "_")
                    || (!isFirst && (ASCII.isDigit(byte) || "-.[]".utf8.contains(byte)))
            else { return nil }
            if byte == UInt8(ascii: ".") { hasDot = true }
            at += 1
        }
        return at < bytes.count && hasDot ? at + 1 - start : nil
    }

    /// What the places of a text ask for.
    static func names(in text: String) -> [String] {
        let bytes = Array(text.utf8)
        var names: [String] = []
        var at = 0
        while at < bytes.count {
            if let length = length(in: bytes, at: at) {
                names.append(String(decoding: bytes[(at + 1)..<(at + length - 1)], as: UTF8.self))
                at += length
            } else {
                at += 1
            }
        }
        return names
    }

    static func split(_ name: String) -> (root: String, rest: String) {
        guard let dot = name.firstIndex(of: ".") else { return (name, "") }
        return (String(name[..<dot]), String(name[name.index(after: dot)...]))
    }

    /// Whether any text of a part of the document has that place, or any object asks for that value of the page.
    static func stands(_ value: ValueSource.PageValue, in part: JSONValue) -> Bool {
        switch part {
        case .string(let text): ASCII.contains(text, "{page.\(value.rawValue)}")
        case .array(let elements): elements.contains { stands(value, in: $0) }
        case .object(let members):
            part["page"]?.string == value.rawValue || members.contains { stands(value, in: $0.value) }
        default: false
        }
    }
}

extension JSONTemplate {
    fileprivate static func gathered(_ elements: [JSONTemplate]) -> JSONTemplate {
        let fixed = elements.compactMap { if case .fixed(let value) = $0 { value } else { nil } }
        return fixed.count == elements.count ? .fixed(.array(fixed)) : .array(elements)
    }

    fileprivate static func gathered(_ members: [Member]) -> JSONTemplate {
        let fixed = members.compactMap { member -> JSONValue.Member? in
            if case .fixed(let value) = member.value { .init(name: member.name, value: value) } else { nil }
        }
        return fixed.count == members.count ? .fixed(.object(fixed)) : .object(members)
    }
}
