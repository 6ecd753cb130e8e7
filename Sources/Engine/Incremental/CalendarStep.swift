/// A length of time as calendars have it: months are as long as they are.
public struct CalendarStep: Sendable, Hashable {
    public var months: Int64 = 0
    public var span = Timespan.zero

    public init(months: Int64 = 0, span: Timespan = .zero) {
        self.months = months
        self.span = span
    }

    var isZero: Bool { months == 0 && span == .zero }

    /// For messages.
    static let form = "a length of time such as \"1d\", \"6h\", \"1 month\", \"1 year\" or \"P1M\""

    /// `1d`, `90m`, `PT1H`, and with words and calendar units: `1 day`, `2 weeks`, `1 month`, `1 year`, `P1M`, `P1Y`.
    static func parse(_ text: String) -> CalendarStep? {
        if let span = DurationText.parse(text) { return CalendarStep(span: span) }
        guard text.utf8.count <= 64 else { return nil }
        var bytes = ByteCursor(text)
        let isISO = bytes.take("P")
        let digits = bytes.takeWhile(ASCII.isDigit)
        guard (1...6).contains(digits.count) else { return nil }
        let number = digits.reduce(0 as Int64) { $0 * 10 + Int64($1 &- 0x30) }
        if !isISO { _ = bytes.takeWhile { $0 == 0x20 } }
        let unit = String(decoding: bytes.takeWhile(ASCII.isAlpha), as: UTF8.self)
        guard bytes.isAtEnd else { return nil }
        if isISO {
            switch unit {
            case "M": return CalendarStep(months: number)
            case "Y": return CalendarStep(months: number * 12)
            default: return nil
            }
        }
        switch unit {
        case "second", "seconds": return CalendarStep(span: .seconds(number))
        case "minute", "minutes": return CalendarStep(span: .seconds(number * 60))
        case "hour", "hours": return CalendarStep(span: .seconds(number * 3600))
        case "day", "days": return CalendarStep(span: .seconds(number * 86_400))
        case "week", "weeks": return CalendarStep(span: .seconds(number * 7 * 86_400))
        case "month", "months": return CalendarStep(months: number)
        case "year", "years": return CalendarStep(months: number * 12)
        default: return nil
        }
    }

    /// So many steps from a time. Counted from where it starts, so that the ends of short months do not stick: two months
    /// behind 31 January is 31 March, and one is 28 or 29 February.
    func added(to time: WallTime, times: Int64 = 1, zone: Int64) -> WallTime {
        var time = time
        if months != 0 {
            let local = time.seconds.addingSaturating(zone)
            let days = local / 86_400 - (local % 86_400 < 0 ? 1 : 0)
            let date = CivilDate(daysSinceEpoch: days)
            let all = Int64(date.year * 12 + date.month - 1)
                .addingSaturating(months.multipliedSaturating(by: times))
            let (year, month) = (Int(clamping: min(max(all, 0) / 12, 9999)), Int(max(all, 0) % 12) + 1)
            let day = min(date.day, CivilDate.daysIn(month: month, year: year))
            if let target = CivilDate(year: year, month: month, day: day) {
                let moved = (target.daysSinceEpoch - date.daysSinceEpoch) * 86_400
                time = WallTime(epochSeconds: time.seconds.addingSaturating(moved), nanoseconds: time.nanoseconds)
            }
        }
        return time + span * times
    }

    /// For people.
    var described: String {
        var parts: [String] = []
        if months != 0 {
            parts.append(months % 12 == 0 ? Words.count(months / 12, "year") : Words.count(months, "month"))
        }
        if span != .zero || parts.isEmpty { parts.append(span.documentText) }
        return parts.joined(separator: " and ")
    }
}
