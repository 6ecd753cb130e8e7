/// A number of bytes: `256MiB` (powers of 1024), `10 MB` (powers of 1000), `4096`. A letter alone (`10M`) means one
/// thing to half of all programs and the other to the rest, so it is refused.
public enum ByteSizeText {
    /// For messages.
    public static let form = "a size such as \"64KiB\", \"256MiB\", \"10MB\" or a number of bytes"

    public static func parse(_ text: String) -> Int64? {
        guard text.utf8.count <= 64 else { return nil }
        var cursor = ByteCursor(text)
        guard let number = DecimalText(&cursor) else { return nil }
        let bare = cursor.isAtEnd
        cursor.skipWhile(ASCII.isBlank)
        let unit = cursor.takeWhile(ASCII.isAlpha)
        guard cursor.isAtEnd, bare || !unit.isEmpty, let size = bytes(in: String(decoding: unit, as: UTF8.self)) else {
            return nil
        }
        guard number.billionths == 0 || size > 1 else { return nil }
        let (whole, overflow) = number.whole.multipliedReportingOverflow(by: size)
        let (sum, tooBig) = whole.addingReportingOverflow(number.fraction(of: size))
        return overflow || tooBig ? nil : sum
    }

    private static func bytes(in unit: String) -> Int64? {
        switch ASCII.lowercased(unit) {
        case "", "b": return 1
        case "kb": return 1_000
        case "mb": return 1_000_000
        case "gb": return 1_000_000_000
        case "tb": return 1_000_000_000_000
        case "kib": return 1 << 10
        case "mib": return 1 << 20
        case "gib": return 1 << 30
        case "tib": return 1 << 40
        default: return nil
        }
    }
}
