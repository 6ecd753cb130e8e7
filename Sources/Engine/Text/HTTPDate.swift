/// The three date forms of RFC 9110, 5.6.7, strictly: IMF-fixdate, RFC 850 and asctime. The day's name must be one,
/// but is not held against the date: a server that errs there still means the date.
public enum HTTPDate {
    /// Epoch seconds. `now` decides the century of RFC 850's two-digit years. With `acceptingUTC` the zone may be
    /// written `UTC` instead of `GMT`, as some servers do in Retry-After.
    public static func parse(_ text: String, now: WallTime, acceptingUTC: Bool = false) -> Int64? {
        let length = text.utf8.count
        guard length >= 24, length <= 34 else { return nil }
        var cursor = ByteCursor(text)
        let dayName = cursor.takeWhile(ASCII.isAlpha)
        let seconds: Int64?
        if cursor.take(", ") {
            if days.contains(where: { matches($0, dayName) }) {
                seconds = fixdate(&cursor)
            } else if longDays.contains(where: { matches($0, dayName) }) {
                seconds = rfc850(&cursor, now: now)
            } else {
                return nil
            }
            guard cursor.take(" GMT") || (acceptingUTC && cursor.take(" UTC")) else { return nil }
        } else if cursor.take(" "), days.contains(where: { matches($0, dayName) }) {
            seconds = asctime(&cursor)
        } else {
            return nil
        }
        return cursor.isAtEnd ? seconds : nil
    }

    /// `06 Nov 1994 08:49:37`
    private static func fixdate(_ cursor: inout ByteCursor) -> Int64? {
        guard let day = cursor.digits(2), cursor.take(" "), let month = month(&cursor), cursor.take(" "),
            let year = cursor.digits(4), cursor.take(" ")
        else { return nil }
        return CivilDate(year: year, month: month, day: day).flatMap { time(&cursor, of: $0) }
    }

    /// `06-Nov-94 08:49:37`. A year that seems more than 50 years ahead is of the century before (RFC 9110, 5.6.7).
    private static func rfc850(_ cursor: inout ByteCursor, now: WallTime) -> Int64? {
        guard let day = cursor.digits(2), cursor.take("-"), let month = month(&cursor), cursor.take("-"),
            let shortYear = cursor.digits(2), cursor.take(" ")
        else { return nil }
        let thisYear = CivilDate(daysSinceEpoch: now.seconds / 86_400).year
        var year = thisYear - thisYear % 100 + shortYear
        if year > thisYear + 50 { year -= 100 }
        return CivilDate(year: year, month: month, day: day).flatMap { time(&cursor, of: $0) }
    }

    /// `Nov  6 08:49:37 1994`
    private static func asctime(_ cursor: inout ByteCursor) -> Int64? {
        guard let month = month(&cursor), cursor.take(" "),
            let day = cursor.take(" ") ? cursor.digits(1) : cursor.digits(2), cursor.take(" "),
            let hour = cursor.digits(2), cursor.take(":"), let minute = cursor.digits(2), cursor.take(":"),
            let second = cursor.digits(2), cursor.take(" "), let year = cursor.digits(4)
        else { return nil }
        return CivilDate(year: year, month: month, day: day)?.epochSeconds(hour: hour, minute: minute, second: second)
    }

    private static func time(_ cursor: inout ByteCursor, of date: CivilDate) -> Int64? {
        guard let hour = cursor.digits(2), cursor.take(":"), let minute = cursor.digits(2), cursor.take(":"),
            let second = cursor.digits(2)
        else { return nil }
        return date.epochSeconds(hour: hour, minute: minute, second: second)
    }

    private static func month(_ cursor: inout ByteCursor) -> Int? {
        let name = cursor.takeWhile(ASCII.isAlpha)
        return months.firstIndex { matches($0, name) }.map { $0 + 1 }
    }

    private static func matches(_ name: String, _ bytes: ArraySlice<UInt8>) -> Bool { name.utf8.elementsEqual(bytes) }

    private static let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    private static let longDays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
