/// The budgets of a limiter, side by side: a list for each kind, so that a log is changed where it stands.
struct Budgets: Sendable {
    enum Kind: UInt8, Sendable {
        case window, bucket, gate
    }

    /// Where a budget stands, and what it counts.
    struct Slot: Hashable, Sendable {
        let kind: Kind
        let countsPoints: Bool
        let index: Int
        /// Which rule made it.
        let rule: Int

        func cost(_ points: Int64) -> Int64 { countsPoints ? points : 1 }
    }

    private var windows: [WindowLimit] = []
    private var buckets: [BucketLimit] = []
    private var gates: [Gate] = []

    mutating func add(_ rule: LimitPlan.Rule, number: Int) -> Slot {
        let kind: Kind
        let index: Int
        switch rule.kind {
        case .window(let most, let per, let isAligned):
            windows.append(WindowLimit(most: most, per: per, counts: rule.counts, isAligned: isAligned))
            (kind, index) = (.window, windows.count - 1)
        case .bucket(let most, let per, let burst, let isStrict):
            // Strict: with `burst` at once, the others need so long that no window sees more than `most`.
            let spread = isStrict ? max(1, most.subtractingSaturating(burst).addingSaturating(1)) : most
            let interval = BucketLimit.interval(spread, per: per)
            buckets.append(BucketLimit(interval: interval, burst: burst, counts: rule.counts))
            (kind, index) = (.bucket, buckets.count - 1)
        case .spacing(let gap):
            // What was late is not made up for: the next one counts from when this one left.
            buckets.append(BucketLimit(interval: gap, burst: 1, counts: rule.counts))
            (kind, index) = (.bucket, buckets.count - 1)
        case .concurrent(let most):
            gates.append(Gate(most: most))
            (kind, index) = (.gate, gates.count - 1)
        }
        return Slot(kind: kind, countsPoints: rule.unit == .points, index: index, rule: number)
    }

    func earliest(_ slot: Slot, _ points: Int64, now: Instant) -> Limiter.Earliest {
        switch slot.kind {
        case .window: windows[slot.index].earliest(slot.cost(points), now: now)
        case .bucket: buckets[slot.index].earliest(slot.cost(points), now: now)
        case .gate: gates[slot.index].earliest(slot.cost(points))
        }
    }

    /// Whether so much could be had by then, one after the other from now on.
    func gives(_ slot: Slot, _ cost: Int64, by due: Instant, now: Instant) -> Bool {
        switch slot.kind {
        case .window: windows[slot.index].gives(cost, now: now) <= due
        case .bucket: buckets[slot.index].gives(cost, now: now) <= due
        // What is taken meanwhile comes back.
        case .gate: due > now || gates[slot.index].earliest(cost) == .now
        }
    }

    mutating func take(_ slot: Slot, _ points: Int64, now: Instant) {
        switch slot.kind {
        case .window: windows[slot.index].take(slot.cost(points), now: now)
        case .bucket: buckets[slot.index].take(slot.cost(points), now: now)
        case .gate: gates[slot.index].take(slot.cost(points))
        }
    }

    mutating func release(_ slot: Slot, _ points: Int64, actual: Int64, takenAt: Instant, now: Instant) {
        let (cost, actual) = (slot.cost(points), slot.cost(actual))
        switch slot.kind {
        case .window: windows[slot.index].release(cost, actual: actual, takenAt: takenAt, now: now)
        case .bucket: buckets[slot.index].release(cost, actual: actual, now: now)
        case .gate: gates[slot.index].release(cost)
        }
    }

    mutating func align(_ slot: Slot, resetAt instant: Instant, now: Instant) {
        if slot.kind == .window { windows[slot.index].align(resetAt: instant, now: now) }
    }

    /// What it can give at once at most, and how much of that is taken.
    func state(_ slot: Slot, now: Instant) -> (most: Int64, used: Int64) {
        switch slot.kind {
        case .window: (windows[slot.index].most, windows[slot.index].used(now: now))
        case .bucket: (buckets[slot.index].burst, buckets[slot.index].used(now: now))
        case .gate: (gates[slot.index].most, gates[slot.index].inFlight)
        }
    }
}
