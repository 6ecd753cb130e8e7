/// A budget: several limits at once, all or nothing, and the line of those who share it.
///
/// Arithmetic on (state, now); nothing waits here. A permit counts from the moment it is taken until the response is
/// in, and from then on as if the server had counted it at that very moment. The server counted it earlier or then,
/// so no window of *its* clock sees more than allowed, whatever the latency does.
public struct Limiter: Sendable {
    /// When a permit can be had.
    public enum Earliest: Equatable, Sendable {
        case now
        case at(Instant)
        /// Only once a permit in flight comes back.
        case afterRelease
    }

    /// A place in the line. Whoever shares a limiter waits in it with at most a few tickets.
    public struct Ticket: Hashable, Sendable {
        let number: UInt64
    }

    private var windows: [WindowLimit] = []
    private var buckets: [BucketLimit] = []
    private var concurrency: Int64 = .max
    private var inFlight: Int64 = 0
    /// The server wants to be left alone until then.
    public private(set) var pausedUntil: Instant?
    private var line: [Ticket] = []
    private var lastTicket: UInt64 = 0
    /// Goes up with every change that may let somebody else in the line go.
    public private(set) var changes: UInt64 = 0

    public init(_ plan: LimitPlan) {
        for rule in plan.rules {
            switch rule {
            case .window(let requests, let per): windows.append(WindowLimit(requests: requests, per: per))
            case .bucket(let requests, let per, let burst):
                buckets.append(BucketLimit(requests: requests, per: per, burst: burst))
            case .concurrent(let most): concurrency = min(concurrency, max(1, most))
            }
        }
    }

    /// When the next permit can be had, if nobody else takes one before. Changes nothing.
    public func earliest(now: Instant) -> Earliest {
        if inFlight >= concurrency { return .afterRelease }
        var at = now
        if let pausedUntil, pausedUntil > at { at = pausedUntil }
        for window in windows {
            guard let instant = window.earliest(now: now) else { return .afterRelease }
            if instant > at { at = instant }
        }
        for bucket in buckets {
            guard let instant = bucket.earliest(now: now) else { return .afterRelease }
            if instant > at { at = instant }
        }
        return at > now ? .at(at) : .now
    }

    /// Take a permit. Only right after `earliest(now:)` said `.now`.
    public mutating func take(now: Instant) {
        inFlight += 1
        for i in windows.indices { windows[i].take(now: now) }
        for i in buckets.indices { buckets[i].take() }
    }

    /// The response is in, or will never come.
    public mutating func release(now: Instant) {
        guard inFlight > 0 else { return }
        inFlight -= 1
        changes &+= 1
        for i in windows.indices { windows[i].release(now: now) }
        for i in buckets.indices { buckets[i].release(now: now) }
    }

    /// Nobody sends before that: the server said so.
    public mutating func pause(until instant: Instant) {
        if let pausedUntil, pausedUntil >= instant { return }
        pausedUntil = instant
    }

    /// How much longer the server wants to be left alone.
    public func pause(now: Instant) -> Timespan {
        guard let pausedUntil, pausedUntil > now else { return .zero }
        return pausedUntil - now
    }

    // MARK: the line

    public mutating func join() -> Ticket {
        lastTicket &+= 1
        let ticket = Ticket(number: lastTicket)
        line.append(ticket)
        return ticket
    }

    public mutating func leave(_ ticket: Ticket) {
        line.removeAll { $0 == ticket }
        changes &+= 1
    }

    public func isFirst(_ ticket: Ticket) -> Bool { line.first == ticket }
    public var isAwaited: Bool { !line.isEmpty }
}
