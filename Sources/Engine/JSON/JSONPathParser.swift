/// Reads the text of a selector, byte by byte.
struct JSONPathParser {
    private let text: String
    private let bytes: [UInt8]
    private var at = 0
    private var steps: [JSONPath.Step] = []

    init(text: String) {
        self.text = text
        bytes = Array(text.utf8)
    }

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private func failure(_ kind: JSONPathError.Kind, at offset: Int? = nil) -> JSONPathError {
        JSONPathError(kind: kind, offset: offset ?? at, text: text)
    }

    private mutating func append(_ step: JSONPath.Step) throws(JSONPathError) {
        guard steps.count < JSONPath.maximumSteps else { throw failure(.tooManySteps) }
        steps.append(step)
    }

    mutating func parse() throws(JSONPathError) -> [JSONPath.Step] {
        guard let first = next else { return [] }
        if first == UInt8(ascii: "/") {
            try parsePointer()
            return steps
        }
        if first == UInt8(ascii: "$"), bytes.count == 1 || [UInt8(ascii: "."), UInt8(ascii: "[")].contains(bytes[1]) {
            at = 1
        } else if first != UInt8(ascii: "[") {
            try parseName()
        }
        while let byte = next {
            switch byte {
            case UInt8(ascii: "."):
                at += 1
                try parseName()
            case UInt8(ascii: "["): try parseBracket()
            default: throw failure(.expectedSeparator)
            }
        }
        return steps
    }

    private mutating func parseName() throws(JSONPathError) {
        let start = at
        while let byte = next, byte != UInt8(ascii: "."), byte != UInt8(ascii: "[") {
            if byte == UInt8(ascii: "]") { throw failure(.unexpectedCharacter) }
            at += 1
        }
        if at == start { throw failure(next == nil ? .expectedName : .emptyName) }
        let name = bytes[start..<at]
        try append(name.elementsEqual("*".utf8) ? .wildcard : .member(String(decoding: name, as: UTF8.self)))
    }

    private mutating func parseBracket() throws(JSONPathError) {
        let open = at
        at += 1
        guard let first = next else { throw failure(.unclosedBracket, at: open) }
        if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
            try append(.member(try parseQuoted(first)))
        } else {
            let start = at
            while next != nil && next != UInt8(ascii: "]") { at += 1 }
            guard next != nil else { throw failure(.unclosedBracket, at: open) }
            let inner = String(decoding: bytes[start..<at], as: UTF8.self)
            switch inner {
            case "*": try append(.wildcard)
            case "-1": try append(.last)
            default:
                guard let index = Self.index(inner) else { throw failure(.invalidIndex, at: start) }
                try append(.index(index))
            }
        }
        guard next == UInt8(ascii: "]") else { throw failure(.unclosedBracket, at: open) }
        at += 1
    }

    private mutating func parseQuoted(_ quote: UInt8) throws(JSONPathError) -> String {
        let open = at
        var name: [UInt8] = []
        at += 1
        while let byte = next {
            at += 1
            if byte == quote { return String(decoding: name, as: UTF8.self) }
            if byte == UInt8(ascii: "\\") {
                guard let escaped = next, escaped == quote || escaped == byte else { throw failure(.invalidEscape) }
                at += 1
                name.append(escaped)
            } else {
                name.append(byte)
            }
        }
        throw failure(.unclosedQuote, at: open)
    }

    private mutating func parsePointer() throws(JSONPathError) {
        while next != nil {
            at += 1  // the slash
            var name: [UInt8] = []
            while let byte = next, byte != UInt8(ascii: "/") {
                at += 1
                guard byte == UInt8(ascii: "~") else {
                    name.append(byte)
                    continue
                }
                switch next {
                case UInt8(ascii: "0"): name.append(UInt8(ascii: "~"))
                case UInt8(ascii: "1"): name.append(UInt8(ascii: "/"))
                default: throw failure(.invalidEscape, at: at - 1)
                }
                at += 1
            }
            let token = String(decoding: name, as: UTF8.self)
            try append(.token(token, index: Self.index(token)))
        }
    }

    /// Digits only, no leading zero (RFC 6901), small enough for an array that a body below 2 GiB can hold.
    private static func index(_ text: String) -> Int? {
        let digits = text.utf8
        guard let first = digits.first, digits.count <= 10, digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            return nil
        }
        if first == 0x30 && digits.count > 1 { return nil }
        return Int(text).flatMap { $0 <= Int(Int32.max) ? $0 : nil }
    }
}
