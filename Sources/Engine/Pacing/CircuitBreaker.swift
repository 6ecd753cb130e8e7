/// Leaves a server alone that fails: closed, open for a while, then half-open for a few probes.
///
/// Every permit carries the generation it was given in. What comes back from an older one is late news and changes
/// nothing: a request that left before the breaker opened can't open it a second time.
struct CircuitBreaker: Sendable {
    enum State: Equatable, Sendable {
        case closed
        case open(until: Instant)
        case halfOpen
        /// By the host, until it is reset.
        case forcedOpen
        /// Lets everything through and counts nothing.
        case disabled

        var name: String {
            switch self {
            case .closed: "closed"
            case .open: "open"
            case .halfOpen: "half_open"
            case .forcedOpen: "forced_open"
            case .disabled: "disabled"
            }
        }
    }
    enum Outcome: Equatable, Sendable {
        case success
        /// - Parameter retryAfter: it does not close before that.
        case failure(retryAfter: Timespan? = nil)
        /// Says nothing of the server's health: refusals by a limit, errors of the caller, requests given up.
        case ignored
    }
    enum Earliest: Equatable, Sendable {
        case now
        case at(Instant)
        /// When a probe comes back; at the latest then.
        case afterProbe(Instant)
        case never
    }
    struct Permit: Equatable, Sendable {
        let generation: UInt64
    }

    let plan: BreakerPlan
    private(set) var state: State
    private(set) var inARow: Int64 = 0
    private var window: BreakerWindow
    private var generation: UInt64 = 0
    /// Openings since it was closed.
    private(set) var openings: Int64 = 0
    private var probing: Int64 = 0
    private var probed: Int64 = 0
    private var probesEnd = Instant.distantFuture
    /// Spreads the next opening's end.
    private var luck: UInt64 = 0

    init(_ plan: BreakerPlan) {
        self.plan = plan
        state = plan.isOn ? .closed : .disabled
        window = BreakerWindow(plan)
    }

    func tally(now: Instant) -> BreakerWindow.Tally { window.tally(now: now) }

    /// When a request may leave. A time that has come changes the state.
    mutating func earliest(now: Instant) -> Earliest {
        switch state {
        case .closed, .disabled: return .now
        case .forcedOpen: return .never
        case .open(let until):
            guard now >= until else { return .at(until) }
            turn(.halfOpen)
            probesEnd = now + plan.longestProbe
            return .now
        case .halfOpen:
            if probing &+ probed < max(1, plan.probes) { return .now }
            guard now >= probesEnd else { return .afterProbe(probesEnd) }
            open(retryAfter: nil, now: now)
            return earliest(now: now)
        }
    }

    /// Only right after `earliest` said `.now`.
    mutating func take(now: Instant) -> Permit {
        if state == .halfOpen {
            probing &+= 1
            probesEnd = now + plan.longestProbe
        }
        return Permit(generation: generation)
    }

    /// True: it has just opened or closed.
    @discardableResult mutating func settled(
        _ permit: Permit, _ outcome: Outcome, took: Timespan, now: Instant, services: inout some Services
    ) -> Bool {
        guard permit.generation == generation else { return false }
        let before = state
        if case .failure = outcome { luck = services.random() }
        switch state {
        case .closed: settledClosed(outcome, took: took, now: now)
        case .halfOpen:
            probing &-= 1
            switch outcome {
            case .ignored: break
            case .failure(let retryAfter): open(retryAfter: retryAfter, now: now)
            case .success:
                probed &+= 1
                if probed >= max(1, plan.probes) { reset() }
            }
        case .open, .forcedOpen, .disabled: break
        }
        return state != before
    }

    /// The request was given up by us.
    mutating func abandoned(_ permit: Permit) {
        if permit.generation == generation, state == .halfOpen { probing &-= 1 }
    }

    private mutating func settledClosed(_ outcome: Outcome, took: Timespan, now: Instant) {
        var wait: Timespan?
        let failed: Bool
        switch outcome {
        case .ignored: return
        case .success: failed = false
        case .failure(let retryAfter): (failed, wait) = (true, retryAfter)
        }
        inARow = failed ? inARow.addingSaturating(1) : 0
        if plan.failurePercent > 0 || plan.slowPercent > 0 {
            window.add(failed: failed, slow: took >= plan.slowAfter, now: now)
        }
        if mustOpen(now: now) { open(retryAfter: wait, now: now) }
    }

    private func mustOpen(now: Instant) -> Bool {
        if plan.failures > 0, inARow >= plan.failures { return true }
        guard plan.failurePercent > 0 || plan.slowPercent > 0 else { return false }
        let tally = window.tally(now: now)
        guard tally.calls >= max(1, plan.leastCalls) else { return false }
        func reaches(_ count: Int64, _ percent: Int64) -> Bool {
            percent > 0 && count.multipliedSaturating(by: 100) >= tally.calls.multipliedSaturating(by: percent)
        }
        return reaches(tally.failures, plan.failurePercent) || reaches(tally.slow, plan.slowPercent)
    }

    private mutating func open(retryAfter: Timespan?, now: Instant) {
        var span = plan.open
        // More would only overflow: the longest is reached long before.
        for _ in 0..<min(openings, 64) where span < plan.longestOpen { span = span * max(1, plan.growth) }
        span = min(span, max(plan.open, plan.longestOpen))
        let jitter = span.nanoseconds / 100 * min(max(plan.jitterPercent, 0), 100)
        if jitter > 0 {
            let width = UInt64(jitter.multipliedSaturating(by: 2)) &+ 1
            span = span + Timespan(nanoseconds: Int64(luck % width).subtractingSaturating(jitter))
        }
        if let retryAfter, retryAfter > span { span = retryAfter }
        openings = openings.addingSaturating(1)
        turn(.open(until: now + span))
    }

    private mutating func turn(_ next: State) {
        state = next
        generation &+= 1
        (probing, probed, inARow) = (0, 0, 0)
        window.clear()
    }

    // MARK: by the host

    mutating func reset() {
        openings = 0
        turn(plan.isOn ? .closed : .disabled)
    }
    mutating func forceOpen() { turn(.forcedOpen) }
    mutating func disable() { turn(.disabled) }
}
