/// A point on the calendar: seconds since 1970-01-01T00:00:00Z and nanoseconds within the second. Waits are never
/// measured with it (that is `Instant`); it says what a server's dates mean.
public struct WallTime: Comparable, Hashable, Sendable {
    public var seconds: Int64
    /// Always 0 ..< 1,000,000,000, also before 1970.
    public private(set) var nanoseconds: Int32

    public init(epochSeconds: Int64, nanoseconds: Int32 = 0) {
        self.seconds = epochSeconds
        self.nanoseconds = min(max(nanoseconds, 0), 999_999_999)
    }

    public static func < (a: WallTime, b: WallTime) -> Bool {
        (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds)
    }

    /// Saturating: about 292 years either way.
    public static func - (a: WallTime, b: WallTime) -> Timespan {
        let seconds = a.seconds.subtractingSaturating(b.seconds)
        return .seconds(seconds) + Timespan(nanoseconds: Int64(a.nanoseconds) - Int64(b.nanoseconds))
    }

    public static func + (a: WallTime, b: Timespan) -> WallTime {
        var seconds = a.seconds.addingSaturating(b.nanoseconds / 1_000_000_000)
        var nanoseconds = Int64(a.nanoseconds) + b.nanoseconds % 1_000_000_000
        if nanoseconds < 0 {
            seconds = seconds.subtractingSaturating(1)
            nanoseconds += 1_000_000_000
        } else if nanoseconds >= 1_000_000_000 {
            seconds = seconds.addingSaturating(1)
            nanoseconds -= 1_000_000_000
        }
        return WallTime(epochSeconds: seconds, nanoseconds: Int32(nanoseconds))
    }

    public static func - (a: WallTime, b: Timespan) -> WallTime { a + b * -1 }

    /// RFC 3339 in UTC, whole seconds.
    public var text: String {
        let day = CivilDate(daysSinceEpoch: self.day)
        func two(_ number: some BinaryInteger) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let year = String(day.year)
        return String(repeating: "0", count: max(0, 4 - year.utf8.count)) + year + "-\(two(day.month))-\(two(day.day))T"
            + "\(two(secondOfDay / 3600)):\(two(secondOfDay / 60 % 60)):\(two(secondOfDay % 60))Z"
    }

    /// Days since 1970-01-01, whole ones; below 0 before it.
    var day: Int64 { seconds / 86_400 - (seconds % 86_400 < 0 ? 1 : 0) }
    /// 0 ..< 86,400, also before 1970.
    var secondOfDay: Int64 { (seconds % 86_400 + 86_400) % 86_400 }
}
