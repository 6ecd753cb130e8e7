/// Byte-wise ASCII comparing and lower-casing. HTTP compares names without regard to ASCII case and nothing else:
/// Unicode case folding would let `K` (Kelvin sign) stand for `k`.
public enum ASCII {
    public static func equalsIgnoringCase(_ a: String, _ b: String) -> Bool {
        let left = a.utf8
        let right = b.utf8
        guard left.count == right.count else { return false }
        for (x, y) in zip(left, right) where lowercased(x) != lowercased(y) { return false }
        return true
    }

    public static func lowercased(_ text: String) -> String {
        guard text.utf8.contains(where: isUpper) else { return text }
        return String(decoding: text.utf8.map { lowercased($0) }, as: UTF8.self)
    }

    /// Without leading and trailing spaces and tabs: the optional whitespace around a field value (RFC 9110, 5.6.3).
    public static func trimmed(_ text: String) -> String {
        let bytes = text.utf8
        guard let first = bytes.first, let last = bytes.last, isBlank(first) || isBlank(last) else { return text }
        var start = bytes.startIndex
        var end = bytes.endIndex
        while start < end, isBlank(bytes[start]) { start = bytes.index(after: start) }
        while start < end, isBlank(bytes[bytes.index(before: end)]) { end = bytes.index(before: end) }
        return String(text[start..<end])
    }

    /// Byte-wise; `word` is short. (The library's own `contains` of a string brings the regex engine along.)
    package static func contains(_ text: String, _ word: String) -> Bool {
        let bytes = Array(text.utf8)
        let wanted = Array(word.utf8)
        guard bytes.count >= wanted.count else { return false }
        return (0...(bytes.count - wanted.count)).contains { start in
            wanted.indices.allSatisfy { bytes[start + $0] == wanted[$0] }
        }
    }

    /// What stands between the places where `separator` does; the whole text where it does not. It is not empty.
    static func pieces(of text: String, between separator: String) -> [String] {
        let wanted = Array(separator.utf8)
        guard let first = wanted.first else { return [text] }
        let bytes = Array(text.utf8)
        var pieces: [String] = []
        var start = 0
        var at = 0
        while at < bytes.count {
            if bytes[at] == first, bytes[at...].starts(with: wanted) {
                pieces.append(String(decoding: bytes[start..<at], as: UTF8.self))
                at += wanted.count
                start = at
            } else {
                at += 1
            }
        }
        pieces.append(String(decoding: bytes[start...], as: UTF8.self))
        return pieces
    }

    static func lowercased(_ byte: UInt8) -> UInt8 { isUpper(byte) ? byte | 0x20 : byte }
    static func isUpper(_ byte: UInt8) -> Bool { byte >= 0x41 && byte <= 0x5A }
    static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
    static func isAlpha(_ byte: UInt8) -> Bool { byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A }
    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7F }

    /// Two digits a byte.
    public static func hex(_ bytes: some Sequence<UInt8>) -> String {
        var digits: [UInt8] = []
        digits.reserveCapacity(2 * bytes.underestimatedCount)
        for byte in bytes {
            for nibble in [byte >> 4, byte & 15] { digits.append(nibble < 10 ? 0x30 + nibble : 0x57 + nibble) }
        }
        return String(decoding: digits, as: UTF8.self)
    }

    /// 16 digits.
    public static func hex(_ number: UInt64) -> String { withUnsafeBytes(of: number.bigEndian) { hex($0) } }

    static func hexValue(_ byte: UInt8) -> UInt8? {
        if isDigit(byte) { return byte - 0x30 }
        let lower = byte | 0x20
        return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : nil
    }
}
