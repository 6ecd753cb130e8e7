public import Engine

/// A limiter that the clients of one world share. All of them act again whenever one did something, so nobody is told.
public final class SimulatedBudget: SharedBudget {
    public var limiter: Limiter

    public init(_ limiter: Limiter) { self.limiter = limiter }

    public var isDivided: Bool { limiter.isDivided }
    public func scope(of request: RequestKind) -> Limiter.Scope { limiter.scope(of: request) }
    public func join(_ demand: Limiter.Demand) -> Limiter.Ticket { limiter.join(demand) }
    public func leave(_ ticket: Limiter.Ticket) { limiter.leave(ticket) }
    public func take(_ ticket: Limiter.Ticket, now: Instant) -> Limiter.Answer { limiter.answer(ticket, now: now) }
    public func charge(_ demand: Limiter.Demand, now: Instant) -> Limiter.Permit {
        limiter.take(for: demand, now: now)
    }
    public func release(_ permit: Limiter.Permit, now: Instant, actualCost: Int64?) {
        limiter.release(permit, now: now, actualCost: actualCost)
    }
    public func pause(_ scope: Limiter.Scope, until instant: Instant) { limiter.pause(scope, until: instant) }
    public func pausedUntil(_ scope: Limiter.Scope, now: Instant) -> Instant? {
        limiter.pausedUntil(scope, now: now)
    }
    public func align(_ scope: Limiter.Scope, resetAt instant: Instant, now: Instant) {
        limiter.align(scope, resetAt: instant, now: now)
    }
}
