/// Whether and when a request goes out again. One value per request: nothing of it is shared, so nothing leaks from
/// one request into the next.
struct Retry: Sendable {
    enum Verdict: Equatable, Sendable {
        case again(at: Instant)
        case giveUp(GiveUp)
    }
    enum GiveUp: Equatable, Sendable {
        /// It may have been carried out, and is not safe to repeat.
        case notIdempotent
        case attemptsUsedUp
        case tooLong
        /// The server asks for a longer wait than allowed. The caller can come back then.
        case retryAfterTooLong(Timespan)
    }

    let plan: RetryPlan
    var idempotent: Bool
    private(set) var attempts: Int64 = 0
    private var sentAt: Instant?
    /// Of attempts and backoffs; neither what the server asked for nor the line for a permit.
    private var elapsed = Timespan.zero
    private var throttleWaited = Timespan.zero

    init(plan: RetryPlan, idempotent: Bool) {
        self.plan = plan
        self.idempotent = idempotent
    }

    /// - Parameter isHop: it follows a redirect, which is no new attempt.
    mutating func sent(now: Instant, isHop: Bool) {
        if !isHop { attempts += 1 }
        sentAt = now
    }

    mutating func resent(_ times: Int) { attempts = attempts.addingSaturating(Int64(times)) }

    /// Time that is the request's own, though nothing was under way.
    mutating func waited(_ span: Timespan) { elapsed = elapsed + max(span, .zero) }
    func allows(_ span: Timespan) -> Bool { elapsed + span <= plan.maxElapsed }

    /// The attempt under way is over, or goes on elsewhere.
    mutating func answered(now: Instant) {
        if let sentAt { elapsed = elapsed + (now - sentAt) }
        sentAt = nil
    }

    /// An attempt failed in a way that passes.
    ///
    /// - Parameters:
    ///   - mayHaveRun: the server may have carried the request out (RFC 9110 section 9.2.2).
    ///   - retryAfter: what the server asks for.
    ///   - throttled: the server refused because of a limit; without a hint the wait doubles up to a minute.
    mutating func failed(
        mayHaveRun: Bool, retryAfter: Timespan?, throttled: Bool, now: Instant, services: inout some Services
    ) -> Verdict {
        answered(now: now)
        if mayHaveRun && !idempotent { return .giveUp(.notIdempotent) }
        if let retryAfter, retryAfter > plan.maxRetryAfter { return .giveUp(.retryAfterTooLong(retryAfter)) }
        if attempts >= plan.maxAttempts { return .giveUp(.attemptsUsedUp) }

        // Full jitter: anything from nothing to the whole, so that those who failed together don't return together.
        let exponent = min(max(attempts - 1, 0), 32)
        let cap = throttled && retryAfter == nil ? max(plan.cap, .seconds(60)) : plan.cap
        let ceiling = min(cap, plan.base * (Int64(1) << exponent))
        var wait = Timespan(nanoseconds: services.random(upTo: ceiling.nanoseconds))
        if throttled, retryAfter == nil {
            // A limit was hit and nobody says for how long: at least half of the step.
            wait = max(wait, Timespan(nanoseconds: ceiling.nanoseconds / 2))
        }
        if let retryAfter {
            // Never earlier than asked; spread over a tenth of the wait, a second at most.
            let spread = min(Timespan.seconds(1).nanoseconds, retryAfter.nanoseconds / 10)
            wait = max(wait, retryAfter + Timespan(nanoseconds: services.random(upTo: spread)))
            throttleWaited = throttleWaited + retryAfter
            if throttleWaited > plan.maxThrottleWait { return .giveUp(.retryAfterTooLong(retryAfter)) }
        } else {
            elapsed = elapsed + wait
            if elapsed > plan.maxElapsed { return .giveUp(.tooLong) }
        }
        return .again(at: now + wait)
    }
}
