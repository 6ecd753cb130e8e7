/// RFC 4648, 4, with padding: what Basic authentication and structured fields need.
public enum Base64 {
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var out: [UInt8] = []
        var group: UInt32 = 0
        var held = 0
        for byte in bytes {
            group = group << 8 | UInt32(byte)
            held += 1
            if held == 3 {
                append(group, characters: 4, to: &out)
                group = 0
                held = 0
            }
        }
        if held > 0 {
            append(group << UInt32(8 * (3 - held)), characters: held + 1, to: &out)
            for _ in held..<3 { out.append(padding) }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Nil for a byte outside the alphabet, or padding anywhere but at the end. Missing padding and pad bits that are
    /// not zero pass: RFC 9651, 4.2.7 asks parsers for both by default.
    static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        var out: [UInt8] = []
        out.reserveCapacity(text.count / 4 * 3 + 3)
        var group: UInt32 = 0
        var held = 0
        var padded = 0
        for byte in text {
            if byte == padding {
                padded += 1
                continue
            }
            guard padded == 0, let value = value(byte) else { return nil }
            group = group << 6 | value
            held += 1
            if held == 4 {
                out.append(UInt8(truncatingIfNeeded: group >> 16))
                out.append(UInt8(truncatingIfNeeded: group >> 8))
                out.append(UInt8(truncatingIfNeeded: group))
                group = 0
                held = 0
            }
        }
        switch held {
        case 0: return padded == 0 ? out : nil
        case 2:
            guard padded == 0 || padded == 2 else { return nil }
            out.append(UInt8(truncatingIfNeeded: group >> 4))
        case 3:
            guard padded <= 1 else { return nil }
            out.append(UInt8(truncatingIfNeeded: group >> 10))
            out.append(UInt8(truncatingIfNeeded: group >> 2))
        default: return nil
        }
        return out
    }

    private static let padding = UInt8(ascii: "=")

    private static func append(_ group: UInt32, characters: Int, to out: inout [UInt8]) {
        for position in 0..<characters { out.append(character(group >> UInt32(18 - 6 * position) & 0x3F)) }
    }

    private static func character(_ value: UInt32) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: value)
        switch value {
        case 0..<26: return 0x41 + value
        case 26..<52: return 0x61 + value - 26
        case 52..<62: return 0x30 + value - 52
        case 62: return UInt8(ascii: "+")
        default: return UInt8(ascii: "/")
        }
    }

    private static func value(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x41...0x5A: return UInt32(byte - 0x41)
        case 0x61...0x7A: return UInt32(byte - 0x61) + 26
        case 0x30...0x39: return UInt32(byte - 0x30) + 52
        case UInt8(ascii: "+"): return 62
        case UInt8(ascii: "/"): return 63
        default: return nil
        }
    }
}
