/// Text from a server, made safe for a message: cut, control characters and terminal escapes written out.
public enum Sanitized {
    public static func text(_ text: some StringProtocol, most: Int) -> String {
        var result = ""
        var count = 0
        for scalar in text.unicodeScalars {
            if count >= most { return result + "…" }
            count += 1
            // C0, DEL, C1, and the marks that turn the direction of a line.
            switch scalar.value {
            case 0x09, 0x0A, 0x0D: result.unicodeScalars.append(" ")
            case 0..<0x20, 0x7F...0x9F, 0x202A...0x202E, 0x2066...0x2069:
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    static func text(_ bytes: UnsafeRawBufferPointer, most: Int) -> String {
        text(String(decoding: bytes.prefix(most * 4), as: UTF8.self), most: most)
    }
}
