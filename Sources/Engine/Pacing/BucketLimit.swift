/// `requests` per `per` on average, up to `burst` at once: the generic cell rate algorithm in integer nanoseconds
/// (ITU-T I.371; what a token bucket does, without a refill that ticks).
///
/// The permit is charged at the response: the server charged it then or before, and a bucket that is charged later is
/// never fuller than the server's.
struct BucketLimit: Sendable {
    private let interval: Timespan
    private let tolerance: Timespan
    /// The theoretical arrival time: when the bucket would be full again, counted from the permits that came back.
    private var fullAt: Instant?
    private var inFlight: Int64 = 0
    private let burst: Int64

    init(requests: Int64, per: Timespan, burst: Int64) {
        let requests = max(1, requests)
        // Rounded up: a nanosecond too slow is never a violation.
        let quotient = per.nanoseconds / requests
        interval = Timespan(nanoseconds: max(1, quotient + (per.nanoseconds % requests == 0 ? 0 : 1)))
        self.burst = max(1, burst)
        tolerance = interval * (self.burst - 1)
    }

    func earliest(now: Instant) -> Instant? {
        guard inFlight < burst else { return nil }
        // Those in flight will be charged when they come back, now at the earliest.
        let base = max(fullAt ?? now, now)
        let at = base + interval * inFlight - tolerance
        return max(at, now)
    }

    mutating func take() { inFlight += 1 }

    mutating func release(now: Instant) {
        inFlight -= 1
        fullAt = max(fullAt ?? now, now) + interval
    }
}

extension Instant {
    static func - (a: Instant, b: Timespan) -> Instant {
        Instant(nanoseconds: a.nanoseconds.subtractingSaturating(b.nanoseconds))
    }
}
