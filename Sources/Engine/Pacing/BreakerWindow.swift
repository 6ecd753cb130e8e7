/// What came of the requests of late: of a span of time, in ten slices, or of so many.
struct BreakerWindow: Sendable {
    struct Tally: Sendable, Equatable {
        var calls: Int64 = 0
        var failures: Int64 = 0
        var slow: Int64 = 0

        static func + (a: Tally, b: Tally) -> Tally {
            Tally(calls: a.calls &+ b.calls, failures: a.failures &+ b.failures, slow: a.slow &+ b.slow)
        }
    }

    private let slice: Int64
    private let most: Int
    /// By time: of the slice with that number. By count: of one request, the oldest first.
    private var entries: [(number: Int64, tally: Tally)] = []

    static let slices: Int64 = 10

    init(_ plan: BreakerPlan) {
        slice = plan.windowCalls > 0 ? 0 : max(1, plan.window.nanoseconds / Self.slices)
        most = Int(clamping: plan.windowCalls)
    }

    mutating func add(failed: Bool, slow: Bool, now: Instant) {
        let one = Tally(calls: 1, failures: failed ? 1 : 0, slow: slow ? 1 : 0)
        guard slice > 0 else {
            if entries.count >= most { entries.removeFirst(entries.count - most + 1) }
            return entries.append((0, one))
        }
        let number = now.nanoseconds / slice
        entries.removeAll { $0.number <= number &- Self.slices }
        // A clock that stands still or goes back adds to the newest slice.
        if let last = entries.last, last.number >= number {
            entries[entries.count - 1].tally = last.tally + one
        } else {
            entries.append((number, one))
        }
    }

    func tally(now: Instant) -> Tally {
        let oldest = slice > 0 ? now.nanoseconds / slice &- Self.slices : -1
        return entries.reduce(Tally()) { $1.number > oldest ? $0 + $1.tally : $0 }
    }

    mutating func clear() { entries.removeAll(keepingCapacity: true) }
}
