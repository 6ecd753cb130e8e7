/// How a source's rate limit headers are read.
public enum RateLimitProfile: Hashable, Sendable {
    /// By the known forms; see `Quotas`.
    case auto
    /// By name, for servers that have their own.
    case mapping(RateLimitMapping)
}

/// Names of the headers that hold the counts. `Retry-After` and its relatives are read besides.
public struct RateLimitMapping: Hashable, Sendable {
    public var limit: String?
    public var remaining: String?
    public var reset: String?
    public var resetFormat: ResetFormat

    public init(
        limit: String? = nil, remaining: String? = nil, reset: String? = nil, resetFormat: ResetFormat = .auto
    ) {
        self.limit = limit
        self.remaining = remaining
        self.reset = reset
        self.resetFormat = resetFormat
    }
}

/// What a reset header's value is. The raw values are the words of the source document.
public enum ResetFormat: String, Hashable, Sendable, CaseIterable {
    case auto
    case deltaSeconds = "delta_s"
    case deltaMilliseconds = "delta_ms"
    case epochSeconds = "epoch_s"
    case epochMilliseconds = "epoch_ms"
    case httpDate = "http_date"
    case iso8601 = "iso8601"
    case duration
    /// A rate, in requests a second: the time between two of them.
    case perSecond = "per_second"
}
