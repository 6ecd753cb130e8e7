/// Never more than `requests` in any half-open window of length `per`: the exact log, not a counter that admits
/// twice as many around its boundary.
///
/// Above 4,096 permits the log is kept in slots of per/128, rounded up: at most that much later than needed, never
/// earlier.
struct WindowLimit: Sendable {
    private struct Slot: Sendable {
        /// From then on these permits no longer count.
        var expiry: Instant
        var count: Int64
    }

    private let requests: Int64
    private let per: Timespan
    private let granularity: Int64
    /// In order of expiry. A ring would save the shift; with the head index it is amortised.
    private var slots: [Slot] = []
    private var head = 0
    private var logged: Int64 = 0
    private var inFlight: Int64 = 0

    init(requests: Int64, per: Timespan) {
        self.requests = max(1, requests)
        self.per = per
        granularity = requests > 4096 ? max(1, per.nanoseconds / 128) : 1
    }

    /// Nil: only after a permit in flight comes back.
    func earliest(now: Instant) -> Instant? {
        var counted = logged
        var index = head
        var at = now
        // More than allowed may be logged: what libcurl sent again by itself.
        while inFlight + counted >= requests {
            // All places are in flight.
            guard index < slots.count else { return nil }
            at = max(at, slots[index].expiry)
            counted -= slots[index].count
            index += 1
        }
        return at
    }

    mutating func take(now: Instant) {
        while head < slots.count, slots[head].expiry <= now {
            logged -= slots[head].count
            head += 1
        }
        if head > 64, head * 2 > slots.count {
            slots.removeFirst(head)
            head = 0
        }
        inFlight += 1
    }

    mutating func release(now: Instant) {
        inFlight -= 1
        var expiry = now + per
        if granularity > 1 {
            let over = expiry.nanoseconds % granularity
            if over != 0 { expiry = expiry + Timespan(nanoseconds: granularity - over) }
        }
        logged += 1
        if let last = slots.last, head < slots.count, last.expiry >= expiry {
            slots[slots.count - 1].count += 1
        } else {
            slots.append(Slot(expiry: expiry, count: 1))
        }
    }
}
