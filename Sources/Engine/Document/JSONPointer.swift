/// A place in a JSON text (RFC 6901), as errors name it.
struct JSONPointer: Hashable, Sendable {
    private(set) var text = ""

    func appending(_ name: String) -> JSONPointer {
        var next = self
        next.text += "/"
        for scalar in name.unicodeScalars {
            switch scalar {
            case "~": next.text += "~0"
            case "/": next.text += "~1"
            default: next.text.unicodeScalars.append(scalar)
            }
        }
        return next
    }

    func appending(_ index: Int) -> JSONPointer { appending(String(index)) }

    /// For messages: names come from outside and may hold anything.
    var described: String { text.isEmpty ? "the top level" : Sanitized.text(text, most: 200) }
}
