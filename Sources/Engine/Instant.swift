/// A point on a monotonic clock, in nanoseconds since a start that nobody needs to know.
///
/// Integer nanoseconds, saturating: no server-given wait can overflow it, no wall-clock step can move it.
public struct Instant: Comparable, Hashable, Sendable {
    public var nanoseconds: Int64
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    public static let distantFuture = Instant(nanoseconds: .max)

    public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }
    public static func + (a: Instant, b: Timespan) -> Instant {
        Instant(nanoseconds: a.nanoseconds.addingSaturating(b.nanoseconds))
    }
    public static func - (a: Instant, b: Instant) -> Timespan {
        Timespan(nanoseconds: a.nanoseconds.subtractingSaturating(b.nanoseconds))
    }
}

/// A length of time in nanoseconds, saturating. (Not `Swift.Duration`: that is 128 bits wide and traps.)
public struct Timespan: Comparable, Hashable, Sendable {
    public var nanoseconds: Int64
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    public static let zero = Timespan(nanoseconds: 0)
    public static func milliseconds(_ n: Int64) -> Timespan {
        Timespan(nanoseconds: n.multipliedSaturating(by: 1_000_000))
    }
    public static func seconds(_ n: Int64) -> Timespan {
        Timespan(nanoseconds: n.multipliedSaturating(by: 1_000_000_000))
    }
    public var milliseconds: Int64 { nanoseconds / 1_000_000 }

    public static func < (a: Timespan, b: Timespan) -> Bool { a.nanoseconds < b.nanoseconds }
    public static func + (a: Timespan, b: Timespan) -> Timespan {
        Timespan(nanoseconds: a.nanoseconds.addingSaturating(b.nanoseconds))
    }
    public static func - (a: Timespan, b: Timespan) -> Timespan {
        Timespan(nanoseconds: a.nanoseconds.subtractingSaturating(b.nanoseconds))
    }
    public static func * (a: Timespan, n: Int64) -> Timespan {
        Timespan(nanoseconds: a.nanoseconds.multipliedSaturating(by: n))
    }
}

extension Int64 {
    package func addingSaturating(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
    func subtractingSaturating(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }
    func multipliedSaturating(by other: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? ((self < 0) == (other < 0) ? .max : .min) : product
    }
}
