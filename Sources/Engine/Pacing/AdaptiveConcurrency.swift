/// How many requests may be under way where nobody says: as many as the server bears. One more with every round that
/// used what it had, less by three tenths when the server refuses, and less when answers come slower than they used to.
///
/// Failures are often fast, so they say nothing good: only answers that are answers raise it. Where it was refused last
/// it comes back to slowly: a server that bears four is asked for a fifth once in a while, not all the time.
struct AdaptiveConcurrency: Sendable {
    private let most: Double
    private(set) var level: Double
    /// Until the first sign of too much: twice as many each round.
    private var isStarting = true
    /// Requests that were sent before the last cut say what that one said.
    private var cutAt: Instant?
    /// So many at once were too many, the last time.
    private var ceiling = Double.infinity
    /// What answers use to take, in nanoseconds.
    private var usual: Double = 0
    private var samples = 0

    private static let first = 4.0
    private static let warmUp = 10
    private static let caution = 1.0 / 16

    init(most: Int64) {
        self.most = Double(min(max(1, most), 1_000_000))
        level = min(Self.first, self.most)
    }

    var limit: Int64 { Int64(max(1, min(level, most))) }

    /// - Parameter inFlight: with this one.
    mutating func answered(sentAt: Instant, inFlight: Int64, now: Instant) {
        let took = Double(max(1, (now - sentAt).nanoseconds))
        samples += 1
        if samples <= Self.warmUp {
            usual += (took - usual) / Double(samples)
        } else {
            usual += (took - usual) * 2 / 601
            // Slow days end: the memory of them is not what is usual.
            if usual > took * 2 { usual *= 0.95 }
        }
        let gradient = samples <= Self.warmUp ? 1 : min(1, max(0.5, 1.5 * usual / took))
        if gradient < 1 {
            isStarting = false
            level = max(1, level * (0.8 + 0.2 * gradient))
        } else if Double(inFlight) * 2 >= level {
            let isNear = level + 1 >= ceiling
            level = min(most, level + (isStarting ? 1 : (isNear ? Self.caution : 1) / level))
        }
        if Double(inFlight) >= ceiling { ceiling = .infinity }
    }

    /// The server refused: a 429, or a 503.
    mutating func refused(sentAt: Instant, now: Instant) {
        if let cutAt, sentAt <= cutAt { return }
        cutAt = now
        ceiling = Double(limit)
        // It has doubled since it was known to be borne.
        level = max(1, level * (isStarting ? 0.5 : 0.7))
        isStarting = false
    }
}
