/// A JSON value that the engine looked at: decoded by jansson in IO, handed in as this.
///
/// Only small things become values (tokens, flags, totals, documents). Record bytes never do.
public indirect enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case real(Double)
    /// A number that neither `Int64` nor a finite `Double` holds exactly enough to hand on: its text as it stood.
    case number(String)
    case string(String)
    case array([JSONValue])
    /// Members in the order of the text. Of a repeated name the last one counts.
    case object([Member])

    public struct Member: Equatable, Sendable {
        public var name: String
        public var value: JSONValue
        public init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }
}

extension JSONValue {
    public var kind: JSONKind {
        switch self {
        case .null: .null
        case .bool: .bool
        case .int, .real, .number: .number
        case .string: .string
        case .array: .array
        case .object: .object
        }
    }

    public var isNull: Bool { self == .null }

    /// The member of that name; nil when there is none or this is no object.
    public subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name == name }?.value
    }

    /// The element at that place; nil when there is none or this is no array.
    public subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    public var string: String? { if case .string(let text) = self { text } else { nil } }
    public var bool: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    public var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }
    public var members: [Member]? { if case .object(let members) = self { members } else { nil } }

    /// A whole number that fits, `3` as well as `3.0` and `3e0`.
    public var int: Int64? {
        switch self {
        case .int(let number): number
        case .real(let number): Int64(exactly: number)
        default: nil
        }
    }

    /// Any number as a `Double`, rounded where it must be; nil when it is beyond a `Double`'s range.
    public var double: Double? {
        switch self {
        case .int(let number): Double(number)
        case .real(let number): number
        case .number(let text): Double(text).flatMap { $0.isFinite ? $0 : nil }
        default: nil
        }
    }
}

extension JSONValue {
    /// What stands at a place that is one value; nil when nothing does, and when the path has a wildcard.
    func at(_ path: JSONPath) -> JSONValue? {
        var value = self
        for step in path.steps {
            let next: JSONValue? =
                switch step {
                case .member(let name): value[name]
                case .index(let index): value[index]
                case .last: value.array?.last
                case .token(let name, let index): value[name] ?? index.flatMap { value[$0] }
                case .wildcard: nil
                }
            guard let next else { return nil }
            value = next
        }
        return value
    }
}
