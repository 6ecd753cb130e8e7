/// How many of a host's requests may be repetitions: a share of all of the last ten seconds, and a few a second besides
/// (Finagle's). When many fail at once this is what keeps their repetitions from being a storm.
///
/// What it has no room for is put off, not given up: an ingestion would rather wait.
struct RetryBudget: Sendable {
    private let percent: Int64
    private let least: Int64
    private var slices: [(number: Int64, requests: Int64, retries: Int64)] = []

    private static let slice: Int64 = 1_000_000_000
    static let seconds: Int64 = 10

    /// - Parameter least: a second, whatever the share is.
    init(percent: Int64, least: Int64) {
        self.percent = min(max(percent, 0), 1000)
        self.least = max(0, least)
    }

    mutating func sent(now: Instant) {
        update(now) { $0.requests = $0.requests.addingSaturating(1) }
        if slices.count > 2 * Int(Self.seconds) { forget(before: now) }
    }

    /// When the repetition that is wanted at `instant` may leave; it is charged for then.
    mutating func take(at instant: Instant, now: Instant) -> Instant {
        var at = instant
        // Those that were put off stand in later slices; behind the last of them there is always room.
        var tries = 0
        while !hasRoom(at: at), tries < 10_000 {
            at = at + .seconds(1)
            tries += 1
        }
        update(at) { $0.retries = $0.retries.addingSaturating(1) }
        forget(before: now)
        return at
    }

    /// What no window of now or later sees.
    private mutating func forget(before now: Instant) {
        let oldest = now.nanoseconds / Self.slice &- Self.seconds
        slices.removeAll { $0.number <= oldest }
    }

    private func hasRoom(at instant: Instant) -> Bool {
        let number = instant.nanoseconds / Self.slice
        var (requests, retries): (Int64, Int64) = (0, 0)
        for slice in slices where slice.number > number &- Self.seconds && slice.number <= number {
            requests = requests.addingSaturating(slice.requests)
            retries = retries.addingSaturating(slice.retries)
        }
        let share = requests.multipliedSaturating(by: percent) / 100
        // A budget of nothing at all would be a wait without an end.
        return retries < max(1, share.addingSaturating(least.multipliedSaturating(by: Self.seconds)))
    }

    private mutating func update(
        _ at: Instant, _ change: (inout (number: Int64, requests: Int64, retries: Int64)) -> Void
    ) {
        let number = at.nanoseconds / Self.slice
        if let last = slices.last, last.number == number { return change(&slices[slices.count - 1]) }
        if let index = slices.firstIndex(where: { $0.number == number }) { return change(&slices[index]) }
        var fresh: (number: Int64, requests: Int64, retries: Int64) = (number, 0, 0)
        change(&fresh)
        let index = slices.firstIndex { $0.number > number } ?? slices.endIndex
        slices.insert(fresh, at: index)
    }
}
