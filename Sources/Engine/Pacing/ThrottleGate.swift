/// What is done about a limit of which only refusals tell.
///
/// After one everybody waits: as long as the server says, else 1 s, twice as long after each that follows, up to a minute.
/// Then a single request goes, and the others when it was not refused. When the server says no time, or lets hardly
/// anything through between its refusals, requests leave at a rate below what was too much from then on, a little
/// faster every second, until that rate is far behind.
struct ThrottleGate: Sendable {
    private(set) var pausedUntil: Instant?
    /// Requests a second.
    private(set) var rate: Double?
    /// The last thing heard was a refusal.
    private(set) var isDoubtful = false
    private var refusedRate: Double = 0
    private var rateSetAt = Instant(nanoseconds: 0)
    private var dueAt: Instant?
    /// In a row.
    private var refusals: Int64 = 0
    /// Requests that left before the last refusal was heard say nothing new.
    private var heardAt: Instant?
    private var answersSince: Int64 = 0
    /// Sent in this second and in the one before.
    private var second: Int64 = .min
    private var sentNow: Int64 = 0
    private var sentBefore: Int64 = 0

    static let factor = 0.7
    private static let slowest = 0.1
    /// Of the rate that was refused, in each second.
    private static let recovery = 0.05
    /// So few answers between two refusals are a trickle: the server gives them out one by one.
    private static let trickle: Int64 = 4

    /// Nobody waits and no rate holds.
    var isOpen: Bool { pausedUntil == nil && rate == nil && !isDoubtful }

    mutating func earliest(now: Instant) -> Instant {
        if let pausedUntil, pausedUntil <= now { self.pausedUntil = nil }
        recover(now: now)
        var at = max(now, pausedUntil ?? now)
        if let dueAt, rate != nil { at = max(at, dueAt) }
        return at
    }

    mutating func take(now: Instant) {
        let number = now.nanoseconds / 1_000_000_000
        if number != second {
            sentBefore = number == second &+ 1 ? sentNow : 0
            sentNow = 0
            second = number
        }
        sentNow &+= 1
        if let rate { dueAt = max(dueAt ?? now, now) + Timespan(nanoseconds: Int64(1_000_000_000 / max(rate, 0.01))) }
    }

    /// A request was not refused.
    mutating func answered(sentAt: Instant) {
        answersSince = answersSince.addingSaturating(1)
        if let heardAt, sentAt <= heardAt { return }
        isDoubtful = false
        refusals = 0
    }

    /// - Parameters:
    ///   - wait: what the server asks for.
    ///   - sentAt: when the refused request left.
    mutating func refused(wait: Timespan?, sentAt: Instant, now: Instant, services: inout some Services) {
        if let heardAt, sentAt <= heardAt { return }
        let span = now - (heardAt ?? now)
        let isTrickle = heardAt != nil && answersSince <= Self.trickle && span < .seconds(600)
        let trickled = Double(max(1, answersSince)) * 1_000_000_000 / Double(max(1, span.nanoseconds))
        heardAt = now
        answersSince = 0
        isDoubtful = true
        refusals = min(refusals + 1, 7)
        guard let wait else {
            let step = min(Timespan.seconds(60), .seconds(Int64(1) << (refusals - 1)))
            // At least half of it: several clients must not come back together.
            let half = step.nanoseconds / 2
            let until = now + Timespan(nanoseconds: half + services.random(upTo: half))
            pausedUntil = max(pausedUntil ?? until, until)
            slowDown(to: rate ?? Double(max(1, max(sentNow, sentBefore))), Self.factor, from: until)
            return
        }
        // The limiter keeps the pause, whose time is the server's.
        if isTrickle { slowDown(to: min(rate ?? trickled, trickled), 1, from: now + wait) }
    }

    private mutating func slowDown(to refused: Double, _ factor: Double, from instant: Instant) {
        refusedRate = refused
        rate = max(Self.slowest, refused * factor)
        rateSetAt = instant
        dueAt = instant
    }

    private mutating func recover(now: Instant) {
        guard let rate, now > rateSetAt else { return }
        let seconds = Double((now - rateSetAt).nanoseconds) / 1_000_000_000
        let next = rate + refusedRate * Self.recovery * seconds
        rateSetAt = now
        // Twice what was refused: the server no longer minds.
        if next > refusedRate * 2 {
            self.rate = nil
            dueAt = nil
        } else {
            self.rate = next
        }
    }
}
