/// What a document compares values of a server with.
public enum Operand: Sendable, Equatable {
    case null
    case bool(Bool)
    /// As it stood.
    case number(String)
    case text(String)
    /// Text that came through the API; where the server has a number it counts as one.
    case parameter(String)
}

extension Operand {
    /// Nil for what has no parts to compare: lists and objects.
    init?(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .bool(let flag): self = .bool(flag)
        case .int, .real, .number: self = .number(value.scalarText ?? "0")
        case .string(let text): self = .text(text)
        case .array, .object: return nil
        }
    }

    enum Order: Sendable {
        case before, same, after
        /// Of different kinds, or without an order.
        case none
    }

    /// How a JSON value stands to this. Numbers exactly, however large; texts by their code points; null, true and
    /// false are only equal to themselves.
    func order(of value: UnsafeRawBufferPointer, services: some Services) -> Order {
        guard let first = value.first else { return .none }
        switch (JSONKind(firstByte: first), self) {
        case (.null, .null): return .same
        case (.bool, .bool(let flag)): return (first == UInt8(ascii: "t")) == flag ? .same : .none
        case (.number, .number(let text)), (.number, .parameter(let text)):
            guard let mine = ExactNumber(text) else { return .none }
            return ExactNumber(value).map { Operand.order($0, mine) } ?? .none
        case (.string, .text(let text)), (.string, .parameter(let text)):
            return Operand.withText(of: value, services: services) { Operand.order($0, text.utf8) }
        case (.bool, .parameter(let text)):
            return text.utf8.elementsEqual(value) ? .same : .none
        default: return .none
        }
    }

    /// The bytes that a JSON string stands for.
    static func withText<R>(
        of value: UnsafeRawBufferPointer, services: some Services, _ body: (UnsafeRawBufferPointer) -> R
    ) -> R {
        let content = UnsafeRawBufferPointer(rebasing: value.dropFirst().dropLast())
        guard content.contains(UInt8(ascii: "\\")), var text = services.decode(value)?.string else {
            return body(content)
        }
        return text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }

    private static func order<T: Comparable>(_ a: T, _ b: T) -> Order { a < b ? .before : a == b ? .same : .after }

    private static func order(_ a: UnsafeRawBufferPointer, _ b: String.UTF8View) -> Order {
        a.elementsEqual(b) ? .same : a.lexicographicallyPrecedes(b) ? .before : .after
    }
}
