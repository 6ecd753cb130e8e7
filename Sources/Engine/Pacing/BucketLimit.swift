/// So many per `per` on average, up to `burst` at once: the generic cell rate algorithm in integer nanoseconds (ITU-T
/// I.371; what a token bucket does, without a refill that ticks).
///
/// With `counts: .response` the permit is charged at the response: the server charged it then or before, and a bucket
/// that is charged later is never fuller than the server's.
struct BucketLimit: Sendable {
    let burst: Int64
    private let interval: Timespan
    private let tolerance: Timespan
    private let counts: LimitPlan.Guard
    /// The theoretical arrival time: when the bucket would be full again, counted from the permits that were charged.
    private var fullAt: Instant?
    private var inFlight: Int64 = 0
    /// `fullAt`, had every permit been charged what it came to, when it came back.
    private var settledAt: Instant?
    private var uncharged: Int64 { counts == .response ? inFlight : 0 }

    init(interval: Timespan, burst: Int64, counts: LimitPlan.Guard = .response) {
        self.interval = max(interval, Timespan(nanoseconds: 1))
        self.burst = max(1, burst)
        self.counts = counts
        tolerance = self.interval * (self.burst - 1)
    }

    /// Rounded up: a nanosecond too slow is never a violation.
    static func interval(_ most: Int64, per: Timespan) -> Timespan {
        let most = max(1, most)
        return Timespan(nanoseconds: max(1, per.nanoseconds / most + (per.nanoseconds % most == 0 ? 0 : 1)))
    }

    func earliest(_ cost: Int64, now: Instant) -> Limiter.Earliest {
        if cost > burst { return .never }
        // Those in flight will be charged when they come back, now at the earliest.
        let taken = uncharged.addingSaturating(cost)
        guard taken <= burst else { return .afterRelease }
        let at = max(fullAt ?? now, now) + interval * (taken - 1) - tolerance
        return at > now ? .at(at) : .now
    }

    /// When so much could have been had, one after the other from now on.
    func gives(_ cost: Int64, now: Instant) -> Instant {
        max(now, max(fullAt ?? now, now) + interval * (uncharged.addingSaturating(cost) - 1) - tolerance)
    }

    mutating func take(_ cost: Int64, now: Instant) {
        switch counts {
        case .response: break
        case .send: charge(cost, now: now)
        }
        inFlight = inFlight.addingSaturating(cost)
    }

    mutating func release(_ cost: Int64, actual: Int64, now: Instant) {
        // A server that lets one request cost more than all doesn't mean that all of it is to be waited for.
        let actual = min(actual, burst)
        switch counts {
        case .response:
            inFlight -= cost
            charge(actual, now: now)
        case .send:
            inFlight -= cost
            let settled = max(settledAt ?? now, now) + interval * actual
            settledAt = settled
            if actual > cost { charge(actual - cost, now: now) }
            // Taking the difference off would be too much: had less been charged, the bucket might have been full in
            // between, and what it can't hold is lost. Both are never too early.
            if actual < cost, let full = fullAt { fullAt = min(full, settled + interval * inFlight) }
        }
    }

    private mutating func charge(_ cost: Int64, now: Instant) {
        fullAt = max(fullAt ?? now, now) + interval * cost
    }

    func used(now: Instant) -> Int64 {
        guard let fullAt, fullAt > now else { return uncharged }
        let missing = (fullAt - now).nanoseconds
        return uncharged.addingSaturating(
            missing / interval.nanoseconds + (missing % interval.nanoseconds == 0 ? 0 : 1))
    }
}

extension Instant {
    static func - (a: Instant, b: Timespan) -> Instant {
        Instant(nanoseconds: a.nanoseconds.subtractingSaturating(b.nanoseconds))
    }
}
