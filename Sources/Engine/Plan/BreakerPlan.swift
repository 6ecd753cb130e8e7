/// When a server that fails is left alone, and for how long.
public struct BreakerPlan: Sendable, Equatable {
    public var isOn = true
    /// In a row. 0: not counted.
    public var failures: Int64 = 5
    /// Of the requests in the window. 0: not counted.
    public var failurePercent: Int64 = 0
    public var window: Timespan = .seconds(60)
    /// Of so many requests, instead of a time. 0: the time.
    public var windowCalls: Int64 = 0
    /// With fewer in the window no percentage says anything.
    public var leastCalls: Int64 = 10
    /// An answer that takes as long is slow.
    public var slowAfter: Timespan = .seconds(60)
    /// 0: not counted.
    public var slowPercent: Int64 = 0
    public var open: Timespan = .seconds(60)
    /// Every opening that follows a failed probe lasts so many times the one before.
    public var growth: Int64 = 2
    public var longestOpen: Timespan = .seconds(300)
    public var jitterPercent: Int64 = 10
    /// Successes in a row that close it again.
    public var probes: Int64 = 3
    /// A probe of which nothing is heard for so long has failed.
    public var longestProbe: Timespan = .seconds(60)

    public init() {}
}
