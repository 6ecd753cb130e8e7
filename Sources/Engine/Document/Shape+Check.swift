/// Why a document is refused.
struct ShapeProblem: Equatable, Sendable {
    var pointer: JSONPointer
    var message: String
    /// A rule that a JSON Schema cannot state, such as what a duration may be.
    var beyondSchema = false

    var failure: Failure { Failure(.config, "at \(pointer.described): \(message)", pointer: pointer.text) }
}

extension Shape {
    /// Documents nest no deeper; what recurses over them stays small.
    static let maximumDepth = 48

    /// The first problem, in the order of the document. Nil: everything that the table says holds.
    func problem(in value: JSONValue, at pointer: JSONPointer = JSONPointer(), depth: Int = 0) -> ShapeProblem? {
        func problem(_ message: String, beyondSchema: Bool = false) -> ShapeProblem {
            ShapeProblem(pointer: pointer, message: message, beyondSchema: beyondSchema)
        }
        func unexpected() -> ShapeProblem { problem("expected \(expected), found \(value.found)") }
        guard depth <= Self.maximumDepth else {
            return problem("nested deeper than \(Self.maximumDepth) levels", beyondSchema: true)
        }
        switch self {
        case .any: return Self.problemInAny(value, at: pointer, depth: depth)
        case .null: return value.isNull ? nil : unexpected()
        case .flag: return value.bool == nil ? unexpected() : nil
        case .number: return value.kind == .number ? nil : unexpected()
        case .integer(let bounds):
            guard value.kind == .number else { return unexpected() }
            guard let number = value.int else { return problem("expected \(expected), found another number") }
            return bounds.contains(number) ? nil : problem("must be \(Self.described(bounds)), found \(number)")
        case .text(let form):
            guard let text = value.string else { return unexpected() }
            return form.problem(in: text).map { problem($0.message, beyondSchema: $0.beyondSchema) }
        case .list(let shape, let bounds):
            guard let elements = value.array else { return unexpected() }
            guard elements.count <= bounds.upperBound else {
                return problem("the list has more than \(bounds.upperBound) elements")
            }
            guard elements.count >= bounds.lowerBound else { return problem("the list is empty") }
            for (index, element) in elements.enumerated() {
                if let found = shape.problem(in: element, at: pointer.appending(index), depth: depth + 1) {
                    return found
                }
            }
            return nil
        case .map(let names, let values):
            guard let members = value.members else { return unexpected() }
            guard members.count <= Self.maximumMembers else {
                return problem("more than \(Self.maximumMembers) members")
            }
            if let twice = Self.repeatedName(members, at: pointer) { return twice }
            for member in members {
                let place = pointer.appending(member.name)
                if let wrong = names.problem(in: member.name) {
                    return ShapeProblem(
                        pointer: place, message: "not a usable name: \(wrong.message)", beyondSchema: wrong.beyondSchema
                    )
                }
                if let found = values.problem(in: member.value, at: place, depth: depth + 1) { return found }
            }
            return nil
        case .choice(let shapes):
            guard let shape = shapes.first(where: { $0.kinds.contains(value.kind) }) else { return unexpected() }
            return shape.problem(in: value, at: pointer, depth: depth)
        case .object(let object):
            guard let members = value.members else { return unexpected() }
            return object.problem(in: members, at: pointer, depth: depth)
        case .keyed(let objects):
            guard let members = value.members else { return unexpected() }
            let heads = objects.compactMap { $0.keys.first?.name }
            guard
                let object = objects.first(where: { object in members.contains { $0.name == object.keys.first?.name } })
            else {
                let wanted = MessageText.alternatives(heads.map { "\"\($0)\"" })
                guard let name = members.first?.name else { return problem("expected a key \(wanted)") }
                return ShapeProblem(
                    pointer: pointer.appending(name),
                    message: "unknown key \(MessageText.quoted(name)); expected \(wanted)"
                        + NearestName.hint(name, in: heads))
            }
            return object.problem(in: members, at: pointer, depth: depth, siblings: heads)
        case .tagged(let objects):
            guard let members = value.members else { return unexpected() }
            let tags = objects.compactMap(\.tag)
            guard let member = members.first(where: { $0.name == "type" }) else {
                return ShapeProblem(
                    pointer: pointer.appending("type"),
                    message: "missing key \"type\"; known types: \(Self.listed(tags))")
            }
            guard let tag = member.value.string, let object = objects.first(where: { $0.tag == tag }) else {
                let given = member.value.string.map { "unknown type \(MessageText.quoted($0))" } ?? "expected a type"
                return ShapeProblem(
                    pointer: pointer.appending("type"),
                    message: "\(given); known types: \(Self.listed(tags))"
                        + NearestName.hint(member.value.string ?? "", in: tags))
            }
            return object.problem(in: members, at: pointer, depth: depth)
        case .named(let definition): return definition.shape().problem(in: value, at: pointer, depth: depth)
        }
    }

    static let maximumMembers = 10_000

    private static func listed(_ names: [String]) -> String { names.map { "\"\($0)\"" }.joined(separator: ", ") }

    private static func problemInAny(_ value: JSONValue, at pointer: JSONPointer, depth: Int) -> ShapeProblem? {
        switch value {
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                if let found = Shape.any.problem(in: element, at: pointer.appending(index), depth: depth + 1) {
                    return found
                }
            }
            return nil
        case .object(let members):
            if let twice = repeatedName(members, at: pointer) { return twice }
            for member in members {
                let place = pointer.appending(member.name)
                if let found = Shape.any.problem(in: member.value, at: place, depth: depth + 1) { return found }
            }
            return nil
        default: return nil
        }
    }

    fileprivate static func repeatedName(_ members: [JSONValue.Member], at pointer: JSONPointer) -> ShapeProblem? {
        var seen: Set<String> = []
        for member in members where !seen.insert(member.name).inserted {
            return ShapeProblem(
                pointer: pointer.appending(member.name),
                message: "the key \(MessageText.quoted(member.name)) is given twice", beyondSchema: true)
        }
        return nil
    }

    static func described(_ bounds: ClosedRange<Int64>) -> String {
        bounds.upperBound == .max
            ? "at least \(bounds.lowerBound)" : "from \(bounds.lowerBound) to \(bounds.upperBound)"
    }

    /// The JSON types that this shape takes.
    var kinds: Set<JSONKind> {
        switch self {
        case .any: [.null, .bool, .number, .string, .array, .object]
        case .null: [.null]
        case .flag: [.bool]
        case .number, .integer: [.number]
        case .text: [.string]
        case .list: [.array]
        case .object, .map, .keyed, .tagged: [.object]
        case .choice(let shapes): shapes.reduce(into: []) { $0.formUnion($1.kinds) }
        case .named(let definition): definition.shape().kinds
        }
    }

    /// Behind "expected".
    var expected: String {
        switch self {
        case .any: "a JSON value"
        case .null: "null"
        case .flag: "true or false"
        case .number: "a number"
        case .integer(let bounds): "a whole number \(Self.described(bounds))"
        case .text(let form): form.expected
        case .list: "a list"
        case .object, .map: "an object"
        case .keyed(let objects):
            "an object with "
                + MessageText.alternatives(objects.compactMap { $0.keys.first.map { "\"\($0.name)\"" } })
        case .tagged: "an object with a \"type\""
        case .choice(let shapes): MessageText.alternatives(shapes.map(\.expected))
        case .named(let definition): definition.shape().expected
        }
    }
}

extension ObjectShape {
    func problem(
        in members: [JSONValue.Member], at pointer: JSONPointer, depth: Int, siblings: [String] = []
    ) -> ShapeProblem? {
        if let twice = Shape.repeatedName(members, at: pointer) { return twice }
        for member in members {
            if tag != nil, member.name == "type" { continue }
            let place = pointer.appending(member.name)
            guard let key = keys.first(where: { $0.name == member.name }) else {
                return ShapeProblem(pointer: place, message: unknown(member.name, siblings: siblings))
            }
            if let found = key.shape.problem(in: member.value, at: place, depth: depth + 1) { return found }
        }
        func has(_ name: String) -> Bool { members.contains { $0.name == name } }
        for key in keys where key.required && !has(key.name) {
            return ShapeProblem(pointer: pointer.appending(key.name), message: "missing key \"\(key.name)\"")
        }
        if let first = needsOneOf.first, !needsOneOf.contains(where: has) {
            let wanted = MessageText.alternatives(needsOneOf.map { "\"\($0)\"" })
            return ShapeProblem(pointer: pointer.appending(first), message: "missing key \(wanted)")
        }
        for group in exclusive {
            let given = group.filter(has)
            if given.count > 1 {
                return ShapeProblem(
                    pointer: pointer.appending(given[1]),
                    message: "\"\(given[0])\" and \"\(given[1])\" exclude each other")
            }
        }
        for (key, other) in dependent where has(key) && !has(other) {
            return ShapeProblem(pointer: pointer.appending(key), message: "\"\(key)\" needs \"\(other)\" beside it")
        }
        return nil
    }

    private func unknown(_ name: String, siblings: [String]) -> String {
        if siblings.contains(name), let head = keys.first?.name {
            return "\"\(head)\" and \"\(name)\" exclude each other"
        }
        let place = tag.map { " (type \"\($0)\")" } ?? ""
        let hint = NearestName.hint(name, in: names)
        let known = hint.isEmpty ? "; known keys: \(names.joined(separator: ", "))" : hint
        return "unknown key \(MessageText.quoted(name))\(place)\(known)"
    }
}

extension JSONValue {
    /// Behind "found".
    var found: String {
        switch kind {
        case .null: "null"
        case .bool: "true or false"
        case .number: "a number"
        case .string: "a text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}
