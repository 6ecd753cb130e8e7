/// RFC 3986, 2.1, and the form variant in which `+` is a space.
public enum PercentEncoding {
    /// Percent-encodes every byte of `text` that is not in `kept`.
    public static func encode(_ text: String, keeping kept: ByteSet = .unreserved) -> String {
        guard text.utf8.contains(where: { !kept.contains($0) }) else { return text }
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count + 16)
        for byte in text.utf8 {
            if kept.contains(byte) { out.append(byte) } else { append(byte, to: &out) }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Decodes `%XX`. A `%` that no two hexadecimal digits follow stays as it is (servers write such things), and
    /// bytes that are not UTF-8 become U+FFFD.
    public static func decode(_ text: String, plusIsSpace: Bool = false) -> String {
        guard text.utf8.contains(where: { $0 == percent || (plusIsSpace && $0 == plus) }) else { return text }
        return String(decoding: decode(Array(text.utf8), plusIsSpace: plusIsSpace), as: UTF8.self)
    }

    /// A value as one segment of a path, or nil when no encoding makes it one: an empty segment vanishes, and `.` and
    /// `..` climb, percent-encoded or not, because receivers decode before they remove dot segments.
    public static func pathSegment(_ value: String) -> String? {
        guard !value.isEmpty, value != ".", value != ".." else { return nil }
        return encode(value, keeping: segmentBytes)
    }

    /// A name or value of an `application/x-www-form-urlencoded` body (WHATWG URL, 5.2). OAuth 2 clients send their
    /// Basic credentials in this form too (RFC 6749, 2.3.1).
    public static func formField(_ value: String) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(value.utf8.count)
        for byte in value.utf8 {
            if formBytes.contains(byte) {
                out.append(byte)
            } else if byte == 0x20 {
                out.append(plus)
            } else {
                append(byte, to: &out)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    static func decode(_ bytes: some RandomAccessCollection<UInt8>, plusIsSpace: Bool) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            if byte == percent, let decoded = escape(in: bytes, at: index) {
                out.append(decoded)
                index = bytes.index(index, offsetBy: 3)
                continue
            }
            out.append(byte == plus && plusIsSpace ? 0x20 : byte)
            index = bytes.index(after: index)
        }
        return out
    }

    /// The byte that a whole `%XX` at `index` stands for.
    static func escape<Bytes: RandomAccessCollection<UInt8>>(in bytes: Bytes, at index: Bytes.Index) -> UInt8? {
        guard bytes.distance(from: index, to: bytes.endIndex) >= 3, bytes[index] == percent,
            let high = ASCII.hexValue(bytes[bytes.index(index, offsetBy: 1)]),
            let low = ASCII.hexValue(bytes[bytes.index(index, offsetBy: 2)])
        else { return nil }
        return high << 4 | low
    }

    static func append(_ byte: UInt8, to out: inout [UInt8]) {
        out.append(percent)
        out.append(hexDigit(byte >> 4))
        out.append(hexDigit(byte & 0x0F))
    }

    /// Upper case, as RFC 3986, 2.1 asks of producers.
    private static func hexDigit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x41 + nibble - 10 }

    private static let percent = UInt8(ascii: "%")
    private static let plus = UInt8(ascii: "+")
    /// `pchar` (RFC 3986, 3.3) without what some servers split a segment at (`;`, `=`, `,`) or decode (`+`, `&`).
    private static let segmentBytes = ByteSet.alphanumeric(and: "-._~!$'()*:@")
    private static let formBytes = ByteSet.alphanumeric(and: "*-._")
}
