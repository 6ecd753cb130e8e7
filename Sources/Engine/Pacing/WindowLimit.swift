/// Never more than `most` in any half-open window of length `per`: the exact log, not a counter that admits twice as
/// many around its boundary.
///
/// Above 4,096 the log is kept in slots of per/2048, rounded up: at most that much later than needed, never earlier.
struct WindowLimit: Sendable {
    private struct Slot: Sendable {
        /// From then on these no longer count.
        var expiry: Instant
        var count: Int64
    }

    let most: Int64
    private let per: Timespan
    private let granularity: Int64
    private let counts: LimitPlan.Guard
    private let isAligned: Bool
    /// In order of expiry. A ring would save the shift; with the head index it is amortised.
    private var slots: [Slot] = []
    private var head = 0
    private var logged: Int64 = 0
    private var inFlight: Int64 = 0
    /// When the server's count starts anew, as it said last.
    private var reset: Instant?

    init(most: Int64, per: Timespan, counts: LimitPlan.Guard = .response, isAligned: Bool = false) {
        self.most = max(1, most)
        self.per = per
        self.counts = counts
        self.isAligned = isAligned
        granularity = most > 4096 ? max(1, per.nanoseconds / 2048) : 1
    }

    func earliest(_ cost: Int64, now: Instant) -> Limiter.Earliest {
        if cost > most { return .never }
        let room = most - cost
        if logged.addingSaturating(inFlight) <= room { return .now }
        var counted = logged
        var index = head
        var at = now
        // More than allowed may be logged: what libcurl sent again by itself.
        while inFlight.addingSaturating(counted) > room {
            // What is in the way is in flight.
            guard index < slots.count else { return .afterRelease }
            at = max(at, slots[index].expiry)
            counted -= slots[index].count
            index += 1
        }
        return at > now ? .at(at) : .now
    }

    /// When so much could have been had, one after the other from now on.
    func gives(_ cost: Int64, now: Instant) -> Instant {
        switch earliest(cost, now: now) {
        case .now: now
        case .at(let at): at
        // What is under way, or the first of it, has to be forgotten first.
        case .afterRelease, .never: now + per
        }
    }

    mutating func take(_ cost: Int64, now: Instant) {
        forget(now: now)
        switch counts {
        case .response: inFlight = inFlight.addingSaturating(cost)
        case .send: log(cost, now: now)
        }
    }

    /// - Parameter actual: What it came to in the end.
    mutating func release(_ cost: Int64, actual: Int64, takenAt: Instant, now: Instant) {
        switch counts {
        case .response:
            inFlight -= cost
            if actual > 0 { log(actual, now: now) }
        case .send:
            if actual > cost { log(actual - cost, now: now) }
            if actual < cost { refund(cost - actual, from: expiry(of: takenAt)) }
        }
    }

    /// The server's count starts anew then. What it says is believed once a window: a server that says "now" with
    /// every response would lift the limit.
    mutating func align(resetAt instant: Instant, now: Instant) {
        guard isAligned, instant > now, instant <= now + per else { return }
        if let reset, instant < reset + per - .seconds(2) { return }
        reset = instant
        guard var last = slots.indices.last, last >= head, slots[last].expiry > instant else { return }
        slots[last].expiry = instant
        while last > head, slots[last - 1].expiry >= instant {
            slots[last - 1].count += slots[last].count
            slots[last - 1].expiry = instant
            slots.removeLast()
            last -= 1
        }
    }

    /// How much of it is taken.
    func used(now: Instant) -> Int64 {
        var counted = inFlight.addingSaturating(logged)
        for slot in slots[head...] where slot.expiry <= now { counted -= slot.count }
        return counted
    }

    private mutating func forget(now: Instant) {
        while head < slots.count, slots[head].expiry <= now {
            logged -= slots[head].count
            head += 1
        }
        if head > 64, head * 2 > slots.count {
            slots.removeFirst(head)
            head = 0
        }
    }

    private func expiry(of instant: Instant) -> Instant {
        var expiry = instant + per
        if granularity > 1 {
            let over = expiry.nanoseconds % granularity
            if over != 0 { expiry = expiry + Timespan(nanoseconds: granularity - over) }
        }
        if let reset, reset > instant { expiry = min(expiry, reset) }
        return expiry
    }

    private mutating func log(_ cost: Int64, now: Instant) {
        let expiry = expiry(of: now)
        logged = logged.addingSaturating(cost)
        if let last = slots.last, head < slots.count, last.expiry >= expiry {
            slots[slots.count - 1].count = last.count.addingSaturating(cost)
        } else {
            slots.append(Slot(expiry: expiry, count: cost))
        }
    }

    /// Only where it was charged: given back elsewhere, it would be missing there.
    private mutating func refund(_ cost: Int64, from expiry: Instant) {
        for index in slots[head...].indices.reversed() where slots[index].expiry <= expiry {
            guard slots[index].expiry == expiry else { return }
            let back = min(cost, slots[index].count)
            slots[index].count -= back
            logged -= back
            return
        }
    }
}
