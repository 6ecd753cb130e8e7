/// When a window resets, in whatever form a server writes it, as the time until then.
enum ResetText {
    /// From here up a number is a point in time (2001) and no delta; between 366 days and here it is neither.
    static let firstEpoch: Int64 = 1_000_000_000

    static func parse(_ value: String, _ format: ResetFormat = .auto, now: WallTime) -> Timespan? {
        switch format {
        case .auto:
            if let number = DecimalText(value) { return guess(number, now: now) }
            return date(value, now: now) ?? instant(value, now: now) ?? DurationText.parse(value).flatMap(bounded)
        case .deltaSeconds: return delta(value, unit: 1_000_000_000)
        case .deltaMilliseconds: return delta(value, unit: 1_000_000)
        case .epochSeconds: return DecimalText(value).flatMap { epoch($0, perSecond: 1, now: now) }
        case .epochMilliseconds: return DecimalText(value).flatMap { epoch($0, perSecond: 1000, now: now) }
        case .httpDate: return date(value, now: now)
        case .iso8601: return instant(value, now: now)
        case .duration: return DurationText.parse(value).flatMap(bounded)
        case .perSecond: return DecimalText(value).flatMap(between)
        }
    }

    /// Nil for a rate of nothing at all.
    private static func between(_ rate: DecimalText) -> Timespan? {
        let billionths = rate.whole.multipliedSaturating(by: 1_000_000_000).addingSaturating(rate.billionths)
        guard billionths > 0 else { return nil }
        let wait = 1_000_000_000_000_000_000 / billionths
        return bounded(Timespan(nanoseconds: wait.addingSaturating(1)))
    }

    static func bounded(_ wait: Timespan) -> Timespan? { wait <= RateLimitFeedback.longestWait ? wait : nil }

    /// Zero when the time is past.
    static func wait(until time: WallTime, now: WallTime) -> Timespan? { bounded(max(time - now, .zero)) }

    /// Seconds, or an epoch in seconds, milliseconds (Linear), microseconds or nanoseconds, told apart by size.
    private static func guess(_ number: DecimalText, now: WallTime) -> Timespan? {
        switch number.whole {
        case ..<firstEpoch: return bounded(number.timespan(unit: 1_000_000_000))
        case ..<100_000_000_000: return epoch(number, perSecond: 1, now: now)
        case ..<100_000_000_000_000: return epoch(number, perSecond: 1000, now: now)
        case ..<100_000_000_000_000_000: return epoch(number, perSecond: 1_000_000, now: now)
        default: return epoch(number, perSecond: 1_000_000_000, now: now)
        }
    }

    private static func epoch(_ number: DecimalText, perSecond: Int64, now: WallTime) -> Timespan? {
        let unit = 1_000_000_000 / perSecond
        // Below 1e9 in all: less than a whole second, in nanoseconds.
        let rest = number.whole % perSecond * unit + number.fraction(of: unit)
        return wait(
            until: WallTime(epochSeconds: number.whole / perSecond, nanoseconds: Int32(rest)), now: now)
    }

    private static func delta(_ value: String, unit: Int64) -> Timespan? {
        DecimalText(value).flatMap { bounded($0.timespan(unit: unit)) }
    }

    private static func date(_ value: String, now: WallTime) -> Timespan? {
        HTTPDate.parse(value, now: now, acceptingUTC: true).flatMap {
            wait(until: WallTime(epochSeconds: $0), now: now)
        }
    }

    private static func instant(_ value: String, now: WallTime) -> Timespan? {
        ISO8601.parse(value).flatMap { wait(until: $0, now: now) }
    }
}
