/// A rate in short form: `10/s`, `100/1m`, `5000/h`, `1/250ms`.
public enum RateText {
    /// For messages.
    public static let form = "a rate such as \"10/s\", \"100/1m\" or \"5000/h\""

    /// Both parts are above zero, or there is no rate.
    public static func parse(_ text: String) -> (count: Int64, per: Timespan)? {
        guard text.utf8.count <= 64 else { return nil }
        var cursor = ByteCursor(text)
        guard let count = DecimalText(&cursor), count.billionths == 0, count.whole > 0 else { return nil }
        cursor.skipWhile(ASCII.isBlank)
        guard cursor.take("/") else { return nil }
        cursor.skipWhile(ASCII.isBlank)
        let rest = String(decoding: cursor.bytes[cursor.index...], as: UTF8.self)
        guard let per = unitAlone(rest) ?? DurationText.parse(rest), per > .zero else { return nil }
        return (count.whole, per)
    }

    private static func unitAlone(_ name: String) -> Timespan? {
        switch name {
        case "sec", "second": return .seconds(1)
        case "min", "minute": return .seconds(60)
        case "hour": return .seconds(3600)
        case "day": return .seconds(86_400)
        case "week": return .seconds(7 * 86_400)
        default: return DurationText.nanoseconds(in: name).map { Timespan(nanoseconds: $0) }
        }
    }
}
