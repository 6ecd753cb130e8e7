/// The rule by which a place goes on changing its clocks: `CET-1CEST,M3.5.0,M10.5.0/3` (RFC 9636, 3.3.1, which is the
/// text of POSIX' variable TZ).
struct ZoneRule: Sendable, Equatable {
    struct Change: Sendable, Equatable {
        enum Day: Sendable, Equatable {
            /// 1 to 365; the 29th of February is never counted.
            case ofYear(Int)
            /// 0 to 365, counted.
            case sinceNewYear(Int)
            /// The fifth week is the last one.
            case weekday(Int, week: Int, month: Int)
        }
        var day: Day
        /// Of the local time before the change.
        var seconds: Int64 = 7200
    }
    /// Seconds east of UTC.
    var standard: Int64
    var summer: (offset: Int64, begins: Change, ends: Change)?

    static func == (a: ZoneRule, b: ZoneRule) -> Bool {
        a.standard == b.standard && a.summer?.offset == b.summer?.offset && a.summer?.begins == b.summer?.begins
            && a.summer?.ends == b.summer?.ends
    }

    init?(_ text: String) {
        guard text.utf8.count <= 256 else { return nil }
        var bytes = ByteCursor(text)
        guard Self.takeName(&bytes), let west = Self.time(&bytes, most: 24) else { return nil }
        standard = 0 - west
        if bytes.isAtEnd { return }
        guard Self.takeName(&bytes) else { return nil }
        var offset = standard + 3600
        if bytes.peek != UInt8(ascii: ",") {
            guard let west = Self.time(&bytes, most: 24) else { return nil }
            offset = 0 - west
        }
        guard let begins = Self.change(&bytes), let ends = Self.change(&bytes), bytes.isAtEnd else { return nil }
        summer = (offset, begins, ends)
    }

    private static func takeName(_ bytes: inout ByteCursor) -> Bool {
        if bytes.take("<") {
            let name = bytes.takeWhile { ASCII.isAlpha($0) || ASCII.isDigit($0) || "+-".utf8.contains($0) }
            return !name.isEmpty && bytes.take(">")
        }
        return bytes.takeWhile(ASCII.isAlpha).count >= 3
    }

    private static func number(_ bytes: inout ByteCursor, _ bounds: ClosedRange<Int>) -> Int? {
        let digits = bytes.takeWhile(ASCII.isDigit)
        guard (1...3).contains(digits.count) else { return nil }
        let number = digits.reduce(0) { $0 * 10 + Int($1 &- 0x30) }
        return bounds.contains(number) ? number : nil
    }

    /// `-1`, `3:30`, `+167:59:59`, in seconds.
    private static func time(_ bytes: inout ByteCursor, most: Int) -> Int64? {
        let isNegative = bytes.take("-")
        if !isNegative { _ = bytes.take("+") }
        guard let hours = number(&bytes, 0...most) else { return nil }
        var seconds = hours * 3600
        for unit in [60, 1] {
            guard bytes.take(":") else { break }
            guard let part = number(&bytes, 0...59) else { return nil }
            seconds += part * unit
        }
        return Int64(isNegative ? 0 - seconds : seconds)
    }

    private static func change(_ bytes: inout ByteCursor) -> Change? {
        guard bytes.take(",") else { return nil }
        var change: Change
        if bytes.take("M") {
            guard let month = number(&bytes, 1...12), bytes.take("."), let week = number(&bytes, 1...5),
                bytes.take("."),
                let weekday = number(&bytes, 0...6)
            else { return nil }
            change = Change(day: .weekday(weekday, week: week, month: month))
        } else if bytes.take("J") {
            guard let day = number(&bytes, 1...365) else { return nil }
            change = Change(day: .ofYear(day))
        } else {
            guard let day = number(&bytes, 0...365) else { return nil }
            change = Change(day: .sinceNewYear(day))
        }
        if bytes.take("/") {
            guard let seconds = time(&bytes, most: 167) else { return nil }
            change.seconds = seconds
        }
        return change
    }

    /// The changes of a year, and the offset from each on.
    func changes(in year: Int) -> [(instant: Int64, offset: Int64)] {
        guard let summer, let begins = summer.begins.local(in: year), let ends = summer.ends.local(in: year) else {
            return []
        }
        return [(begins - standard, summer.offset), (ends - summer.offset, standard)]
    }
}

extension ZoneRule.Change {
    /// Seconds since 1970 by the clocks of the place.
    func local(in year: Int) -> Int64? {
        guard let newYear = CivilDate(year: year, month: 1, day: 1)?.daysSinceEpoch else { return nil }
        let isLeap = CivilDate.daysIn(month: 2, year: year) == 29
        var days = newYear
        switch day {
        case .ofYear(let number): days += Int64(number - 1 + (isLeap && number >= 60 ? 1 : 0))
        case .sinceNewYear(let number): days += Int64(number)
        case .weekday(let weekday, let week, let month):
            guard let first = CivilDate(year: year, month: month, day: 1)?.daysSinceEpoch else { return nil }
            // 1 January 1970 was a Thursday.
            let firstWeekday = Int(((first + 4) % 7 + 7) % 7)
            var day = (weekday - firstWeekday + 7) % 7 + (week - 1) * 7
            if day >= CivilDate.daysIn(month: month, year: year) { day -= 7 }
            days = first + Int64(day)
        }
        return days * 86_400 + seconds
    }
}
