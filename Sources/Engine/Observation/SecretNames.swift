/// What is called a secret is taken for one, whether anybody has told us its value or not.
enum SecretNames {
    private static let words = [
        "password", "passwd", "secret", "token", "apikey", "api_key", "api-key", "authorization", "cookie", "session",
        "signature", "credential", "private_key", "privatekey", "access_key", "accesskey", "client_assertion",
    ]
    /// Page tokens are called so, and say nothing of anybody.
    private static let harmless = [
        "page_token", "pagetoken", "next_token", "nexttoken", "nextpagetoken", "next_page_token", "continuation_token",
        "continuationtoken", "sync_token", "token_type", "tokentype", "error_token",
    ]

    static func contains(_ name: String) -> Bool {
        let name = ASCII.lowercased(name)
        if harmless.contains(name) { return false }
        return words.contains { ASCII.contains(name, $0) }
    }

    /// A server's text with the values behind such names hidden: `"token": "…"` as JSON writes it, whole or cut, and
    /// `token=…` as forms and URLs do.
    static func redacted(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard bytes.contains(where: { $0 == colon || $0 == equals }) else { return text }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        // Where a name may have begun that ends here.
        var name: Range<Int>?
        while index < bytes.count {
            let byte = bytes[index]
            if isName(byte) {
                name = (name?.lowerBound ?? index)..<(index + 1)
            } else if byte == colon || byte == equals, let known = name, isSecret(bytes[known]) {
                result.append(byte)
                index = skip(from: index + 1, in: bytes, &result)
                name = nil
                continue
            } else if byte != quote && byte != backslash && byte != space {
                name = nil
            } else if byte == quote, let known = name, known.upperBound != index,
                bytes[known.upperBound..<index].allSatisfy({ $0 != backslash })
            {
                name = nil
            }
            result.append(byte)
            index += 1
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isSecret(_ name: ArraySlice<UInt8>) -> Bool {
        name.count <= 64 && contains(String(decoding: name, as: UTF8.self))
    }

    /// Copies what stands before the value, passes the value over, and says where what follows begins.
    private static func skip(from start: Int, in bytes: [UInt8], _ result: inout [UInt8]) -> Int {
        var index = start
        while index < bytes.count, bytes[index] == space || bytes[index] == backslash {
            result.append(bytes[index])
            index += 1
        }
        guard index < bytes.count else { return index }
        let isQuoted = bytes[index] == quote
        if !isQuoted, bytes[index] == openBrace || bytes[index] == openBracket { return index }
        let isNested = bytes[index - 1] == backslash
        if isQuoted {
            result.append(quote)
            index += 1
        }
        let begin = index
        // A text in a text has its quotes escaped: the first one ends it.
        while index < bytes.count {
            let byte = bytes[index]
            if isQuoted ? byte == quote : ends.contains(byte) { break }
            index += 1
            if isQuoted, !isNested, byte == backslash { index += 1 }
        }
        index = min(index, bytes.count)
        if index > begin { result.append(contentsOf: "(secret)".utf8) }
        return index
    }

    private static func isName(_ byte: UInt8) -> Bool {
        ASCII.isAlpha(byte) || ASCII.isDigit(byte) || byte == 0x5F || byte == 0x2D
    }
    private static let colon = UInt8(ascii: ":"), equals = UInt8(ascii: "="), quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\"), space = UInt8(ascii: " ")
    private static let openBrace = UInt8(ascii: "{"), openBracket = UInt8(ascii: "[")
    private static let ends = Array("&,;}]<>\"' \n\r\t".utf8)
}
