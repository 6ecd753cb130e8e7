/// Dates and times as APIs write them: RFC 3339 and what is seen near it.
public enum ISO8601 {
    /// `2023-11-14T22:14:05Z`, with a fraction, an offset (`+02:00`, `+0200`, `+02`), without seconds (Jira Cloud,
    /// Akamai), with a space for the `T` (RFC 3339, 5.6 note), with ` UTC` or ` +0000` behind (Ruby), the date alone.
    /// A time without a zone is taken as UTC. Fractions beyond the nanosecond are cut.
    public static func parse(_ text: String) -> WallTime? {
        let length = text.utf8.count
        guard length >= 10, length <= 64 else { return nil }
        var cursor = ByteCursor(text)
        guard let year = cursor.digits(4), cursor.take("-"), let month = cursor.digits(2), cursor.take("-"),
            let day = cursor.digits(2), let date = CivilDate(year: year, month: month, day: day)
        else { return nil }
        if cursor.isAtEnd { return WallTime(epochSeconds: date.daysSinceEpoch * 86_400) }

        guard cursor.take("T") || cursor.take("t") || cursor.take(" "), let hour = cursor.digits(2), cursor.take(":"),
            let minute = cursor.digits(2)
        else { return nil }
        var second = 0
        var nanoseconds: Int32 = 0
        if cursor.take(":") {
            guard let read = cursor.digits(2) else { return nil }
            second = read
            if cursor.take(".") || cursor.take(",") {
                guard let fraction = fraction(&cursor) else { return nil }
                nanoseconds = fraction
            }
        }
        guard let local = date.epochSeconds(hour: hour, minute: minute, second: second),
            let offset = offset(&cursor), cursor.isAtEnd
        else { return nil }
        return WallTime(epochSeconds: local - offset, nanoseconds: nanoseconds)
    }

    /// `2023-11-14T22:14:05Z`, with exactly `fractionDigits` (at most 9) digits of the second's fraction, cut and not
    /// rounded, so that a formatted time is never later than the time. Clamped to years 0 to 9999.
    public static func format(_ time: WallTime, fractionDigits: Int = 0) -> String {
        let whole = WallTime(epochSeconds: min(max(time.seconds, firstSecond), lastSecond))
        let secondOfDay = whole.secondOfDay
        var out = date(whole) + "T"
        out += padded(secondOfDay / 3600, 2) + ":" + padded(secondOfDay / 60 % 60, 2) + ":"
        out += padded(secondOfDay % 60, 2)
        if fractionDigits > 0 { out += "." + padded(Int64(time.nanoseconds), 9).prefix(fractionDigits) }
        return out + "Z"
    }

    /// The date alone, in UTC: `2023-11-14`.
    public static func date(_ time: WallTime) -> String {
        let date = CivilDate(daysSinceEpoch: time.day)
        return padded(Int64(date.year), 4) + "-" + padded(Int64(date.month), 2) + "-" + padded(Int64(date.day), 2)
    }

    private static func fraction(_ cursor: inout ByteCursor) -> Int32? {
        let digits = cursor.takeWhile(ASCII.isDigit)
        guard !digits.isEmpty else { return nil }
        var value: Int32 = 0
        for position in 0..<9 {
            let offset = digits.startIndex + position
            value = value * 10 + (offset < digits.endIndex ? Int32(digits[offset] - 0x30) : 0)
        }
        return value
    }

    /// Seconds east of UTC.
    private static func offset(_ cursor: inout ByteCursor) -> Int64? {
        if cursor.isAtEnd || cursor.take("Z") || cursor.take("z") { return 0 }
        if cursor.take(" ") {
            if cursor.take("UTC") || cursor.take("GMT") { return 0 }
        }
        let west = cursor.take("-")
        guard west || cursor.take("+"), let hours = cursor.digits(2) else { return nil }
        var minutes = 0
        if cursor.take(":") {
            guard let read = cursor.digits(2) else { return nil }
            minutes = read
        } else if !cursor.isAtEnd {
            guard let read = cursor.digits(2) else { return nil }
            minutes = read
        }
        guard hours <= 23, minutes <= 59 else { return nil }
        let seconds = Int64(hours * 3600 + minutes * 60)
        return west ? -seconds : seconds
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    private static let firstSecond: Int64 = -62_167_219_200
    private static let lastSecond: Int64 = 253_402_300_799
}
