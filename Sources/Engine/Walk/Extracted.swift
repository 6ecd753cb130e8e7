/// A value that a document's value source gave, with its text as it stood: what a page token needs, since `1.10` and
/// `12345678901234567890` must go back to the server unchanged.
struct Extracted: Sendable {
    let value: JSONValue
    /// Of a string its content, of a number its digits as they stood. Nil for everything else.
    let text: String?

    init(value: JSONValue, text: String?) {
        self.value = value
        self.text = text
    }

    init(text: String) { self.init(value: .string(text), text: text) }

    /// Null, and what a missing value amounts to.
    var isNull: Bool { value.isNull }
    var isEmptyText: Bool { text?.isEmpty ?? false }

    /// As a flag: false, 0, "", "false", "0", "no", an empty list or object say no; null says nothing.
    var flag: Bool? {
        switch value {
        case .null: return nil
        case .bool(let flag): return flag
        case .int(let number): return number != 0
        case .real(let number): return number != 0
        case .number: return true
        case .string(let text):
            return !(text.isEmpty || ["false", "0", "no"].contains(ASCII.lowercased(text)))
        case .array(let elements): return !elements.isEmpty
        case .object(let members): return !members.isEmpty
        }
    }

    /// As a count: a whole number, also as text. Negative ones say nothing (some APIs answer -1 for "unknown").
    var count: Int64? {
        let number: Int64? =
            switch value {
            case .string(let text): Int64(text)
            default: value.int
            }
        guard let number, number >= 0 else { return nil }
        return number
    }
}
