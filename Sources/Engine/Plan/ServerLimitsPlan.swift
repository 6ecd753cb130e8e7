/// What is made of the limits that a server tells of in its responses.
public struct ServerLimitsPlan: Sendable, Equatable {
    public enum Pace: String, Sendable, CaseIterable {
        /// At full speed while there is plenty, evenly over the time left when there is little.
        case auto
        /// Evenly from the start.
        case spread
        /// At full speed to the last request.
        case burst
    }
    public var isOn = true
    public var pace = Pace.auto
    /// Requests of every window that are left to others; the more of the two counts.
    public var reserve: Int64 = 0
    public var reservePercent: Int64 = 0
    /// How the headers are read.
    public var profile = RateLimitProfile.auto

    public init() {}
}
