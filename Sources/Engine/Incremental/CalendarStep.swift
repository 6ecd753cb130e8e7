/// A length of time as calendars have it: months are as long as they are.
public struct CalendarStep: Sendable, Hashable {
    public var months: Int64 = 0
    /// Of 23 or 25 hours where clocks are changed.
    public var days: Int64 = 0
    public var span = Timespan.zero

    public init(months: Int64 = 0, days: Int64 = 0, span: Timespan = .zero) {
        self.months = months
        self.days = days
        self.span = span
    }

    var isZero: Bool { months == 0 && days == 0 && span == .zero }

    /// With days of 24 hours: what rises with the time that it is taken from, whatever clocks do.
    var even: CalendarStep {
        CalendarStep(months: months, span: span + .seconds(days.multipliedSaturating(by: 86_400)))
    }

    /// For messages.
    static let form = "a length of time such as \"1d\", \"6h\", \"1 month\", \"1 year\" or \"P1M\""

    /// `1d`, `90m`, `PT1H`, and with words and calendar units: `1 day`, `2 weeks`, `1 month`, `1 year`, `P1M`, `P1Y`.
    static func parse(_ text: String) -> CalendarStep? {
        guard text.utf8.count <= 64 else { return nil }
        return calendar(text) ?? DurationText.parse(text).map { CalendarStep(span: $0) }
    }

    /// A number and one unit, which calendars or words have. Days together with hours are 24 of them.
    private static func calendar(_ text: String) -> CalendarStep? {
        var bytes = ByteCursor(text)
        let isISO = bytes.take("P")
        let digits = bytes.takeWhile(ASCII.isDigit)
        guard (1...6).contains(digits.count) else { return nil }
        let number = digits.reduce(0 as Int64) { $0 * 10 + Int64($1 &- 0x30) }
        let isApart = !isISO && !bytes.takeWhile { $0 == 0x20 }.isEmpty
        let unit = String(decoding: bytes.takeWhile(ASCII.isAlpha), as: UTF8.self)
        guard bytes.isAtEnd else { return nil }
        if isISO {
            switch unit {
            case "D": return CalendarStep(days: number)
            case "W": return CalendarStep(days: number * 7)
            case "M": return CalendarStep(months: number)
            case "Y": return CalendarStep(months: number * 12)
            default: return nil
            }
        }
        switch unit {
        case "d" where !isApart: return CalendarStep(days: number)
        case "w" where !isApart: return CalendarStep(days: number * 7)
        case "second", "seconds": return CalendarStep(span: .seconds(number))
        case "minute", "minutes": return CalendarStep(span: .seconds(number * 60))
        case "hour", "hours": return CalendarStep(span: .seconds(number * 3600))
        case "day", "days": return CalendarStep(days: number)
        case "week", "weeks": return CalendarStep(days: number * 7)
        case "month", "months": return CalendarStep(months: number)
        case "year", "years": return CalendarStep(months: number * 12)
        default: return nil
        }
    }

    /// So many steps from a time. Counted from where it starts, so that the ends of short months do not stick: two months
    /// behind 31 January is 31 March, and one is 28 or 29 February. Months and days are those of the zone's clocks.
    func added(to time: WallTime, times: Int64 = 1, zone: Zone) -> WallTime {
        var time = time
        if (months != 0 || days != 0) && times != 0 {
            var local = zone.local(time)
            local.seconds = local.seconds.addingSaturating(
                days.multipliedSaturating(by: times).multipliedSaturating(by: 86_400))
            time = zone.time(ofLocal: withMonths(local, times: times))
        }
        return time + span * times
    }

    /// As early as this before a time, never earlier for a later time: months begin at the start of a day, since a month
    /// before 28 March at noon and before 30 March at dawn are the same day.
    func back(from time: WallTime, zone: Zone) -> WallTime {
        let back = added(to: time, times: -1, zone: zone)
        guard months != 0 else { return back }
        return zone.time(ofLocal: WallTime(epochSeconds: zone.local(back).day.multipliedSaturating(by: 86_400)))
    }

    private func withMonths(_ time: WallTime, times: Int64) -> WallTime {
        var time = time
        if months != 0 {
            let date = CivilDate(daysSinceEpoch: time.day)
            let all = Int64(date.year * 12 + date.month - 1)
                .addingSaturating(months.multipliedSaturating(by: times))
            let (year, month) = (Int(clamping: min(max(all, 0) / 12, 9999)), Int(max(all, 0) % 12) + 1)
            let day = min(date.day, CivilDate.daysIn(month: month, year: year))
            if let target = CivilDate(year: year, month: month, day: day) {
                let moved = (target.daysSinceEpoch - date.daysSinceEpoch) * 86_400
                time = WallTime(epochSeconds: time.seconds.addingSaturating(moved), nanoseconds: time.nanoseconds)
            }
        }
        return time
    }

    /// For people.
    var described: String {
        var parts: [String] = []
        if months != 0 {
            parts.append(months % 12 == 0 ? Words.count(months / 12, "year") : Words.count(months, "month"))
        }
        if days != 0 { parts.append("\(days)d") }
        if span != .zero || parts.isEmpty { parts.append(span.documentText) }
        return parts.joined(separator: " and ")
    }
}
