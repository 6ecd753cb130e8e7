/// What one response says about the server's limits, whatever the vendor: counts, and waits relative to its receipt.
///
/// Waits are reported as they were said; capping them is the engine's business. Anything absurd or malformed is
/// unknown (nil), never a guess.
public struct RateLimitFeedback: Equatable, Sendable {
    /// Limit, remaining, window and reset of the policy that binds first.
    public var limit: Int64?
    public var remaining: Int64?
    /// The length of the window, not the time until it ends.
    public var window: Timespan?
    public var resetAfter: Timespan?
    /// The server's explicit wait. It beats `resetAfter` (IETF rate limit headers draft: Retry-After takes precedence).
    public var retryAfter: Timespan?
    /// The server refused because of a limit.
    public var throttled = false
    /// Every policy that was stated, the binding one first.
    public var policies: [QuotaPolicy] = []
    /// What the limit is called that the request fell under, by servers that have several (GitHub, Discord).
    public var resource: String?
    /// The least time between two requests, from servers that state a rate and not a count (Amazon SP-API).
    public var spacing: Timespan?

    public init() {}

    /// - Parameters:
    ///   - body: The decoded body of an error, or of any answer small enough to have been decoded.
    ///   - now: The wall clock at receipt; only used where the response has no valid Date of its own.
    public init(
        status: Int, headers: HeaderFields, body: JSONValue? = nil, now: WallTime, profile: RateLimitProfile = .auto
    ) {
        let fields = RateFields(headers, profile: profile)
        let said = body.map { ThrottleBody($0, status: status) } ?? ThrottleBody()
        if !fields.isEmpty || said.quota != nil {
            let reference = RateLimitFeedback.reference(headers, now: now)
            let wait = RetryAfter.wait(in: fields, now: reference)
            var quotas: Quotas
            switch profile {
            case .auto: quotas = Quotas(fields, headers: headers, now: reference)
            case .mapping(let mapping): quotas = Quotas(mapping: mapping, headers: headers, now: reference)
            }
            if quotas.policies.isEmpty, let quota = said.quota { quotas.policies = [quota] }
            adopt(quotas)
            resource = fields["x-ratelimit-resource"] ?? fields["x-ratelimit-bucket"]
            if let name = resource, name.isEmpty || name.utf8.count > 128 { resource = nil }
            retryAfter = wait ?? quotas.wait
        }
        throttled = said.isThrottled || isThrottled(status: status)
        if retryAfter == nil, throttled || status == 503 { retryAfter = said.wait }
    }

    /// Statuses that always mean a limit: 429 (RFC 6585), 420 (Twitter's old one), 509 (bandwidth). 418 is Binance's
    /// ban when it names a wait, and a joke otherwise; a 403 may be about rights.
    private func isThrottled(status: Int) -> Bool {
        switch status {
        case 429, 420, 509: return true
        case 418: return retryAfter != nil
        case 403: return retryAfter != nil || remaining == 0
        default: return false
        }
    }

    private mutating func adopt(_ quotas: Quotas) {
        policies = QuotaPolicy.bindingFirst(quotas.policies)
        spacing = quotas.spacing
        resetAfter = quotas.resetAlone
        guard let binding = policies.first else { return }
        limit = binding.limit
        remaining = binding.remaining
        window = binding.window
        resetAfter = binding.resetAfter ?? quotas.resetAlone
    }

    /// The clock that absolute times are taken relative to: the response's own Date, so that the difference of two of
    /// the server's times is right whatever the local clock says.
    static func reference(_ headers: HeaderFields, now: WallTime) -> WallTime {
        guard let date = headers.first("Date"), let seconds = HTTPDate.parse(date, now: now) else { return now }
        return WallTime(epochSeconds: seconds)
    }

    /// No server means to be asked again after more than a year; such numbers are something else, or an attack.
    static let longestWait = Timespan.seconds(366 * 86_400)
}
