/// A compiled selector: where in a JSON body something stands.
///
/// Text forms: `data.items`, `data[*].node`, `data.*.id` (`*` and `[*]` take every array element or every member's
/// value), `items[0]`, `items[-1]` (the last one), quoted names `["a.b"]`, a leading `$` for the body as in other
/// dialects, JSON Pointer `/data/items` (RFC 6901), and the empty text for the whole body.
public struct JSONPath: Hashable, Sendable, CustomStringConvertible {
    public enum Step: Hashable, Sendable {
        case member(String)
        case index(Int)
        case last
        case wildcard
        /// A JSON Pointer token: the member of that name or, in an array, the element at that index.
        case token(String, index: Int?)
    }

    /// More steps than any real selector; bounds the recursion of the scanner.
    public static let maximumSteps = 64

    public let steps: [Step]
    /// The text it was made from.
    public let description: String

    /// The whole body.
    public static let body = JSONPath(steps: [], description: "")

    /// True when it can match more than one value.
    public var matchesMany: Bool { steps.contains(.wildcard) }

    public init(_ text: String) throws(JSONPathError) {
        var parser = JSONPathParser(text: text)
        self.init(steps: try parser.parse(), description: text)
    }

    /// The member of that name, whatever characters the name has.
    public init(member name: String) {
        let escaped = name.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] }
        self.init(steps: [.member(name)], description: "[\"\(String(escaped))\"]")
    }

    private init(steps: [Step], description: String) {
        self.steps = steps
        self.description = description
    }

    public static func == (a: JSONPath, b: JSONPath) -> Bool { a.steps == b.steps }
    public func hash(into hasher: inout Hasher) { hasher.combine(steps) }
}

/// Why a selector's text is not one.
public struct JSONPathError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        case emptyName, expectedName, expectedSeparator, unclosedBracket, unclosedQuote
        case invalidIndex, invalidEscape, unexpectedCharacter, tooManySteps
    }
    public let kind: Kind
    /// In bytes of the text.
    public let offset: Int
    public let text: String

    public var description: String {
        let reason =
            switch kind {
            case .emptyName: "a name is empty"
            case .expectedName: "expected a name or '*'"
            case .expectedSeparator: "expected '.', '[' or the end"
            case .unclosedBracket: "'[' without ']'"
            case .unclosedQuote: "a quoted name without its closing quote"
            case .invalidIndex: "expected a quoted name, '*', an index from 0 up or -1"
            case .invalidEscape: "invalid escape"
            case .unexpectedCharacter: "']' without '['"
            case .tooManySteps: "more than \(JSONPath.maximumSteps) steps"
            }
        return "invalid path \"\(text)\": \(reason) at byte \(offset)"
    }
}
