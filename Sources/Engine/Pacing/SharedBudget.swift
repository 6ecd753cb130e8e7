/// A limiter that others use, too: other clients, other threads, other processes. The only door of a client to it.
///
/// Calls are short and answer at once. Whoever was told to wait is asked again by the one who keeps the budget, when
/// something changed that may concern it; a client then asks again.
public protocol SharedBudget: AnyObject {
    /// Some of its limits are not about all requests alike.
    var isDivided: Bool { get }
    /// Why `.never` was said, where it is not that a request costs too much.
    var failure: Failure? { get }
    /// Which requests such a request waits with. A number of this budget's own.
    func scope(of request: RequestKind) -> Limiter.Scope
    /// A place in the line.
    func join(_ demand: Limiter.Demand) -> Limiter.Ticket
    /// Gives the place up.
    func leave(_ ticket: Limiter.Ticket)
    /// A permit, if it is this one's turn and one can be had; the place is used up then.
    func take(_ ticket: Limiter.Ticket, now: Instant) -> Limiter.Answer
    /// A permit besides the line, to be paid for later: for what was sent already.
    func charge(_ demand: Limiter.Demand, now: Instant) -> Limiter.Permit
    func release(_ permit: Limiter.Permit, now: Instant, actualCost: Int64?)
    func pause(_ scope: Limiter.Scope, until instant: Instant)
    func pausedUntil(_ scope: Limiter.Scope, now: Instant) -> Instant?
    func align(_ scope: Limiter.Scope, resetAt instant: Instant, now: Instant)
}

extension SharedBudget {
    public var failure: Failure? { nil }
}

extension Limiter {
    /// One who waits in the line of a limiter in hand, and nobody else to be told: what a keeper of one builds upon.
    ///
    /// - Parameter ready: Called with every ticket in front that could go now. True: it did, or is gone. False: it is
    ///   being told, and what it needs is kept for it.
    public mutating func answer(
        _ ticket: Ticket, now: Instant, ready: (Ticket, inout Limiter) -> Bool = { _, _ in false }
    ) -> Answer {
        var pass = Pass(upTo: ticket)
        while let next = next(in: &pass, now: now) {
            if next != ticket {
                if ready(next, &self) { pass = Pass(upTo: ticket) } else { hold(next, in: &pass) }
                continue
            }
            guard let demand = demand(of: ticket), earliest(for: demand, now: now) != .never else {
                leave(ticket)
                return .never
            }
            return .permit(take(ticket, now: now))
        }
        return .wait(until: pass.until)
    }

    public enum Answer: Sendable, Equatable {
        case permit(Permit)
        /// Nil: until told.
        case wait(until: Instant?)
        case never
    }
}
