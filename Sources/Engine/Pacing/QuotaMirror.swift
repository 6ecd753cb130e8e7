/// One limit of the server as its responses show it: what remains and when it starts anew; and the pace that follows.
///
/// Within a window what remains only goes down: answers overtake each other, and an old one must not refill anything.
/// It goes up when the window ends, when the server moves the reset on, or when two newer answers in a row say so
/// (sliding windows and token buckets refill all the time).
struct QuotaMirror: Sendable {
    private(set) var limit: Int64?
    private(set) var window: Timespan?
    /// Of the last answer that counted; what left since and is not answered is not in it.
    private(set) var remaining: Int64
    private(set) var resetAt: Instant?
    /// The most that remained since the mirror was made: stands for a limit that is not told.
    private var highest: Int64
    /// Of the newest request whose answer counted.
    private var order: UInt64
    /// Answers in a row that said more remains.
    private var rises = 0
    /// When the next request is due at an even pace (the theoretical arrival time of GCRA).
    private var dueAt: Instant?
    /// Nothing remains and nobody says until when: one request is let through then, to see.
    private var blindUntil: Instant?
    /// Added to the time of a reset: whole seconds are often rounded down.
    private var margin: Timespan = .zero
    private var roundsDown = false
    private var startedAnewAt: Instant?
    /// What remains is a guess, until an answer comes.
    private var isProbing = false
    /// What is left to others.
    private var reserved: Int64 = 0
    private var takenAt: Instant?

    /// - Parameter order: of the request that was answered, by time of sending.
    init?(_ policy: QuotaPolicy, order: UInt64, now: Instant) {
        guard let remaining = policy.remaining else { return nil }
        self.remaining = max(0, remaining)
        highest = max(0, remaining)
        self.order = order
        adopt(policy, now: now)
    }

    mutating func update(_ policy: QuotaPolicy, order: UInt64, now: Instant) {
        guard let told = policy.remaining.map({ max(0, $0) }) else { return }
        let isNewer = order > self.order
        startAnew(now: now)
        let reset = policy.resetAfter.map { now + $0 }
        let isNewWindow =
            if let reset, let resetAt { reset > resetAt + .seconds(1) } else { resetAt == nil }
        if told <= remaining {
            rises = 0
            if isNewer || !isNewWindow { remaining = told }
            if isNewer { adopt(policy, now: now) }
        } else if isNewer {
            rises += 1
            if isNewWindow || rises >= 2 {
                remaining = told
                adopt(policy, now: now)
                rises = 0
            }
        }
        if isNewer { self.order = order }
        highest = max(highest, told)
    }

    /// A request was answered, and the answer said nothing of this limit.
    mutating func spend() {
        // Not a word any more: it is as if it had never spoken.
        if isProbing { remaining = whole } else { remaining = max(0, remaining - 1) }
        isProbing = false
    }

    /// The server refused. Soon after the time that it had named: then that was a little early.
    mutating func refused(now: Instant) {
        if let startedAnewAt, now - startedAnewAt < .seconds(2) { roundsDown = true }
    }

    private mutating func adopt(_ policy: QuotaPolicy, now: Instant) {
        // A limit of nothing or less is no limit that anybody has.
        if let told = policy.limit, told > 0 { limit = told }
        window = policy.window ?? window
        resetAt = nil
        blindUntil = nil
        isProbing = false
        if let span = policy.resetAfter, span > .zero {
            // A tenth covers what clocks and rounding do; a whole second where the server has shown that it rounds down.
            let slack = min(Timespan.seconds(1), Timespan(nanoseconds: span.nanoseconds / 10))
            margin = roundsDown ? .seconds(1) : slack
            resetAt = now + span
        } else if remaining <= 0 {
            // "0 s" is less than one; no word at all is no better.
            blindUntil = now + .seconds(1)
        }
    }

    /// The time of the reset is past. Some servers mean by it that all is there again, others that one request is: what
    /// remained still does, or one goes first, and its answer tells.
    private mutating func startAnew(now: Instant) {
        if let resetAt, now >= resetAt + margin {
            if remaining <= reserved {
                remaining = reserved + 1
                isProbing = true
            }
            self.resetAt = nil
            startedAnewAt = now
            dueAt = nil
            rises = 0
        }
        if let blindUntil, now >= blindUntil {
            remaining = max(remaining, 1)
            self.blindUntil = nil
        }
    }

    private var whole: Int64 { max(1, limit ?? highest) }

    private func reserve(_ plan: ServerLimitsPlan) -> Int64 {
        let share = whole.multipliedSaturating(by: max(0, plan.reservePercent)) / 100
        // Nobody can be left more than all but one.
        return min(max(share, plan.reserve, 0), whole - 1)
    }

    // MARK: pace

    /// When the next request may leave. Nil: when one of those under way is answered.
    ///
    /// - Parameter inFlight: requests that may still be counted by the server.
    mutating func earliest(now: Instant, inFlight: Int64, plan: ServerLimitsPlan) -> Instant? {
        reserved = reserve(plan)
        startAnew(now: now)
        let mine = remaining - reserved
        guard mine > 0 else {
            if let resetAt { return resetAt + margin }
            if inFlight > 0 { return nil }
            // All that is left is for others, and nobody says until when: look again in a while.
            return blindUntil ?? max(now, (takenAt ?? now) + .seconds(1))
        }
        guard mine > inFlight else { return nil }
        guard let interval = interval(now: now, mine: mine, plan: plan), let dueAt else { return now }
        let burst = max(1, mine / 10)
        return max(now, dueAt - interval * (burst - 1))
    }

    mutating func take(now: Instant, plan: ServerLimitsPlan) {
        takenAt = now
        guard let interval = interval(now: now, mine: remaining - reserved, plan: plan) else {
            dueAt = nil
            return
        }
        dueAt = max(dueAt ?? now, now) + interval
    }

    /// The time between two requests; nil: no need to hold back.
    ///
    /// Nine tenths of what remains over the time left, but never slower than one in ten seconds while anything remains
    /// (`mine > inFlight` holds it to that), and not faster than the limit's own rate. A second more each when fewer
    /// than five are left, or a tenth of the time left where that is less.
    private func interval(now: Instant, mine: Int64, plan: ServerLimitsPlan) -> Timespan? {
        guard plan.pace != .burst, mine > 0 else { return nil }
        let isScarce = mine.multipliedSaturating(by: 10) <= whole
        guard isScarce || plan.pace == .spread else { return nil }
        guard let resetAt, resetAt > now else {
            // Nobody says how fast it fills: feel the way when it is nearly empty.
            return isScarce && mine < 5 ? .seconds(1) : nil
        }
        let left = resetAt - now
        var interval = left.nanoseconds / mine
        interval = interval.addingSaturating(interval / 9)
        if let window, window > .zero { interval = max(interval, window.nanoseconds / whole) }
        if isScarce, mine < 5 { interval = interval.addingSaturating(min(1_000_000_000, left.nanoseconds / 10)) }
        return Timespan(nanoseconds: min(interval, 10_000_000_000))
    }
}
