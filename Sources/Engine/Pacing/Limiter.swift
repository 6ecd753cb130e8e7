/// Budgets of several limits, taken all or none, and the line of those who wait for them.
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
        /// It costs more than one of the limits gives at once, ever.
        case never
    }

    /// Requests that the same limits are about, on one host: they wait for each other, and others don't. It is what a
    /// pause, a server's quota and everything else that holds for "such requests" is kept by.
    public struct Scope: Hashable, Sendable {
        let index: Int
        /// What no rule with a condition is about.
        public static let plain = Scope(index: 0)
    }

    public struct Demand: Hashable, Sendable {
        public var scope: Scope
        /// What the request is expected to cost, for limits that count points.
        public var points: Int64
        public var priority: Priority

        public init(scope: Scope = .plain, points: Int64 = 1, priority: Priority = .normal) {
            self.scope = scope
            self.points = max(1, points)
            self.priority = priority
        }
    }

    /// What was taken, to be given back.
    public struct Permit: Sendable, Equatable {
        public let scope: Scope
        let points: Int64
        let takenAt: Instant
    }

    /// A place in the line. Whoever shares a limiter waits in it with at most a few tickets.
    public struct Ticket: Hashable, Sendable {
        let number: UInt64
    }

    struct ScopeState: Sendable {
        var slots: [Budgets.Slot]
        /// What one request takes of the store.
        var demand: BudgetDemand
        var host: String
        /// The server wants such requests to be left alone until then.
        var pausedUntil: Instant?
    }
    private struct ScopeKey: Hashable {
        var slots: [Budgets.Slot]
        var host: String
    }
    private struct EachKey: Hashable {
        var rule: Int
        var name: String
    }

    public let plan: LimitPlan
    /// Some rules are not about all requests alike.
    public let isDivided: Bool
    /// Some limit counts what is under way, and has to hear when it is over.
    public let holdsPermits: Bool
    private(set) var budgets = Budgets()
    /// By rule; nil for rules with a budget for each.
    private var common: [Budgets.Slot?] = []
    private var each: [EachKey: Budgets.Slot] = [:]
    private(set) var scopes: [ScopeState] = []
    /// Those of the first scope, which is what most requests are in.
    private var plain: [Budgets.Slot] = []
    /// The budgets are kept here and nowhere else.
    private let isOwn: Bool
    private var scopeNumbers: [ScopeKey: Int] = [:]
    /// Nobody sends before that.
    private var pausedUntil: Instant?
    private var line = Line()
    /// Where the budgets are kept when other processes share them: here is the line, there are the permits.
    let store: (any BudgetStore)?
    /// Tickets that the store gave a permit for, which was not taken yet.
    var admitted: [Ticket] = []
    /// Why the store has none for anybody.
    public internal(set) var failure: Failure?

    public init(_ plan: LimitPlan, store: (any BudgetStore)? = nil) {
        self.plan = plan
        self.store = store
        isDivided = plan.rules.contains { !$0.covers.isAll || $0.each != nil }
        holdsPermits = plan.rules.contains { if case .concurrent = $0.kind { true } else { false } }
        isOwn = store == nil
        for (number, rule) in plan.rules.enumerated() {
            let own = store == nil ? rule : rule.withoutBounds
            common.append(rule.each == nil ? budgets.add(own, number: number) : nil)
        }
        _ = scope(of: RequestKind())
        plain = scopes.first?.slots ?? []
    }

    // MARK: scopes

    /// Which requests this one waits with.
    public mutating func scope(of request: RequestKind) -> Scope {
        let slots = isDivided ? slots(of: request) : common.compactMap { $0 }
        let key = ScopeKey(slots: slots, host: request.host)
        if let number = scopeNumbers[key] { return Scope(index: number) }
        scopes.append(ScopeState(slots: slots, demand: BudgetDemand(slots, points: 1), host: request.host))
        scopeNumbers[key] = scopes.count - 1
        return Scope(index: scopes.count - 1)
    }

    private mutating func slots(of request: RequestKind) -> [Budgets.Slot] {
        var slots: [Budgets.Slot] = []
        for (number, rule) in plan.rules.enumerated() where rule.covers.contains(request) {
            if let slot = common[number] {
                slots.append(slot)
                continue
            }
            let key = EachKey(rule: number, name: rule.each == .host ? request.host : request.stream)
            let slot = each[key] ?? budgets.add(rule, number: number)
            each[key] = slot
            slots.append(slot)
        }
        return slots
    }

    // MARK: permits

    /// When such a permit can be had, if nobody else takes one before. Changes nothing.
    public func earliest(for demand: Demand, now: Instant) -> Earliest {
        guard scopes.indices.contains(demand.scope.index) else { return .never }
        if let store { return earliest(of: store, demand) }
        return look(demand, now: now).earliest
    }

    /// Take a permit. Only right after `earliest(for:now:)` said `.now`; the line is for the caller to respect.
    public mutating func take(for demand: Demand, now: Instant) -> Permit {
        if let store { store.charge(shared(demand.scope, demand.points), now: now) }
        return count(demand, now: now)
    }

    private mutating func count(_ demand: Demand, now: Instant) -> Permit {
        for slot in slots(in: demand.scope) { budgets.take(slot, demand.points, now: now) }
        return Permit(scope: demand.scope, points: demand.points, takenAt: now)
    }

    /// A permit for a request of no particular kind, if nobody waits and one can be had at once. Says less than the
    /// long way, and costs a fraction of it.
    ///
    /// - Parameter isKept: False: it comes back at once.
    public mutating func takeAtOnce(isKept: Bool, now: Instant) -> Permit? {
        guard line.entries.isEmpty else { return nil }
        let permit = Permit(scope: .plain, points: 1, takenAt: now)
        if !isOwn { return askAtOnce(isKept: isKept, now: now) ? permit : nil }
        if let pausedUntil, pausedUntil > now { return nil }
        if let until = scopes[0].pausedUntil, until > now { return nil }
        for slot in plain where budgets.earliest(slot, 1, now: now) != .now { return nil }
        for slot in plain { budgets.take(slot, 1, now: now) }
        if isKept { return permit }
        for slot in plain { budgets.release(slot, 1, actual: 1, takenAt: now, now: now) }
        return permit
    }

    private mutating func askAtOnce(isKept: Bool, now: Instant) -> Bool {
        guard let store else { return false }
        do throws(Failure) {
            guard isKept else { return try store.pass(scopes[0].demand, now: now) == .granted }
            guard try store.ask(scopes[0].demand, now: now) == .granted else { return false }
        } catch { return false }
        for slot in plain { budgets.take(slot, 1, now: now) }
        return true
    }

    /// The response is in, or will never come.
    ///
    /// - Parameter actualCost: What it cost in points. Nil: what was expected.
    public mutating func release(_ permit: Permit, now: Instant, actualCost: Int64? = nil) {
        let actual = max(0, actualCost ?? permit.points)
        if let store { giveBack(permit, to: store, actual: actualCost.map { _ in actual }, now: now) }
        for slot in slots(in: permit.scope) {
            budgets.release(slot, permit.points, actual: actual, takenAt: permit.takenAt, now: now)
        }
    }

    // MARK: what the server says

    /// Nobody in that scope sends before that: the server said so.
    public mutating func pause(_ scope: Scope, until instant: Instant) {
        guard scopes.indices.contains(scope.index) else { return }
        scopes[scope.index].pausedUntil = max(scopes[scope.index].pausedUntil ?? instant, instant)
        store?.pause(scopes[scope.index].demand.mask, until: instant)
    }

    /// Nobody at all does.
    public mutating func pause(until instant: Instant) {
        pausedUntil = max(pausedUntil ?? instant, instant)
        store?.pause(.max, until: instant)
    }

    /// Until when the server wants to be left alone. Nil: no longer.
    public func pausedUntil(_ scope: Scope = .plain, now: Instant) -> Instant? {
        guard scopes.indices.contains(scope.index) else { return nil }
        let shared = store?.pausedUntil(scopes[scope.index].demand.mask)
        let until = [scopes[scope.index].pausedUntil, pausedUntil, shared].compactMap { $0 }.max()
        return until.flatMap { $0 > now ? $0 : nil }
    }

    /// When the server starts counting anew, for limits that are aligned to that.
    public mutating func align(_ scope: Scope, resetAt instant: Instant, now: Instant) {
        for slot in slots(in: scope) { budgets.align(slot, resetAt: instant, now: now) }
    }

    // MARK: the line

    fileprivate struct Reservation: Sendable {
        let slot: Budgets.Slot
        let cost: Int64
        /// Not needed before.
        let due: Instant
    }

    /// One look along the line, at one instant.
    public struct Pass: Sendable {
        fileprivate var index = 0
        /// Set aside for those in front.
        fileprivate var reserved: [Reservation] = []
        /// When the next one could go, as far as time alone decides.
        public fileprivate(set) var until: Instant?

        /// Those behind it are not looked at.
        private let last: Ticket?
        /// They have their places, and could not go.
        private let absent: [Ticket]

        public init(upTo last: Ticket? = nil, without absent: [Ticket] = []) {
            self.last = last
            self.absent = absent
        }

        fileprivate mutating func step(_ line: Line) -> Int? {
            while index < line.entries.count {
                let (here, ticket) = (index, line.entries[index].ticket)
                index = ticket == last ? .max : here + 1
                if absent.isEmpty || !absent.contains(ticket) { return here }
            }
            return nil
        }

        public mutating func wait(until instant: Instant?) {
            if let instant { until = min(until ?? instant, instant) }
        }
    }

    public var isAwaited: Bool { !line.entries.isEmpty }
    public var waiting: Int { line.entries.count }

    public mutating func join(_ demand: Demand = Demand()) -> Ticket { line.join(demand) }

    public mutating func leave(_ ticket: Ticket) {
        guard let index = line.index(of: ticket) else { return }
        let demand = line.entries[index].demand
        line.remove(at: index, served: false)
        if let store { leave(ticket, demand, store) }
    }

    /// The next in the line that could go now. It goes (`take`), or the look goes on: past it if something else keeps
    /// it (`passOver`), or with what it needs kept for it (`hold`).
    ///
    /// Who waits for one budget keeps nobody from another. Of what those in front had to wait for, so much is set aside
    /// that they have it when all the rest is there; meanwhile others may have it.
    public mutating func next(in pass: inout Pass, now: Instant) -> Ticket? {
        while let index = pass.step(line) {
            let entry = line.entries[index]
            // What is kept elsewhere is asked for in the order of the line.
            if store != nil, isOutOfReach(entry.demand.scope, pass) { continue }
            let view = look(entry.demand, now: now)
            switch view.earliest {
            case .never: return entry.ticket
            case .now:
                guard let store else {
                    let missing = pass.reserved.isEmpty ? 0 : missing(entry.demand, pass, now: now)
                    if missing == 0 { return entry.ticket }
                    line.mark(index, missing)
                    break
                }
                switch admit(entry.ticket, entry.demand, store, now: now) {
                case .now, .never: return entry.ticket
                case .at(let instant): pass.wait(until: instant)
                case .afterRelease: break
                }
                // Those behind it that want some of the same wait, too.
                line.mark(index, .max)
            case .at(let instant): pass.wait(until: instant)
            case .afterRelease: break
            }
            if store == nil { line.mark(index, view.late) }
            reserve(entry.demand, line.entries[index].marks, due: view.due, &pass)
        }
        return nil
    }

    /// Takes a permit for one that `next` found, and takes it out of the line; a look along it begins anew then. Not for
    /// one that can never have one.
    public mutating func take(_ ticket: Ticket, now: Instant) -> Permit {
        guard let index = line.index(of: ticket) else { return take(for: Demand(), now: now) }
        let demand = line.entries[index].demand
        line.remove(at: index, served: true)
        if store != nil {
            guard let place = admitted.firstIndex(of: ticket) else { return take(for: demand, now: now) }
            admitted.remove(at: place)
        }
        return count(demand, now: now)
    }

    /// What a ticket in the line is for.
    public func demand(of ticket: Ticket) -> Demand? { line.index(of: ticket).map { line.entries[$0].demand } }

    /// It is for the one that `next` found to go: nobody else takes what it needs.
    public func hold(_ ticket: Ticket, in pass: inout Pass) {
        guard let index = line.index(of: ticket) else { return }
        // All there is: in the moment until it goes nobody overtakes it.
        for slot in slots(in: line.entries[index].demand.scope) {
            pass.reserved.append(Reservation(slot: slot, cost: .max, due: Instant(nanoseconds: .min)))
        }
    }

    /// Something else keeps the one that `next` found. Others may go meanwhile, but not for ever at its cost.
    public mutating func passOver(_ ticket: Ticket, in pass: inout Pass) {
        guard let index = line.index(of: ticket) else { return }
        line.passOver(index)
        if line.entries[index].returns > 8 {
            reserve(line.entries[index].demand, line.entries[index].marks, due: Instant(nanoseconds: .min), &pass)
        }
    }

    // MARK: inside

    /// What is taken of a rule's budget; of the fullest one where there is one for each.
    func used(_ rule: Int, now: Instant) -> Int64 {
        let slots =
            [common.indices.contains(rule) ? common[rule] : nil].compactMap { $0 }
            + each.filter { $0.key.rule == rule }.map(\.value)
        return slots.map { budgets.state($0, now: now).used }.max() ?? 0
    }

    /// Whether somebody in the line wants just these budgets.
    func waits(for mask: UInt32) -> Bool {
        line.entries.contains { scopes[$0.demand.scope.index].demand.mask == mask }
    }

    private func slots(in scope: Scope) -> [Budgets.Slot] {
        scopes.indices.contains(scope.index) ? scopes[scope.index].slots : []
    }

    /// - Returns: `late`: the budgets of the scope, by bit, that have to be waited for; `due`: when time is in the way of it
    ///   no longer.
    private func look(_ demand: Demand, now: Instant) -> (earliest: Earliest, late: UInt64, due: Instant) {
        var at = now
        var late: UInt64 = 0
        var needsRelease = false
        if let until = scopes[demand.scope.index].pausedUntil, until > at { at = until }
        if let until = pausedUntil, until > at { at = until }
        var bit: UInt64 = 1
        for slot in scopes[demand.scope.index].slots {
            switch budgets.earliest(slot, demand.points, now: now) {
            case .now: break
            case .at(let instant):
                late |= bit
                if instant > at { at = instant }
            case .afterRelease:
                late |= bit
                needsRelease = true
            case .never: return (.never, 0, now)
            }
            bit <<= 1
        }
        if needsRelease { return (.afterRelease, late, at) }
        return (at > now ? .at(at) : .now, late, at)
    }

    private func isOutOfReach(_ scope: Scope, _ pass: Pass) -> Bool {
        if pass.reserved.isEmpty { return false }
        return scopes[scope.index].slots.contains { slot in pass.reserved.contains { $0.slot == slot } }
    }

    private func reserve(_ demand: Demand, _ marks: UInt64, due: Instant, _ pass: inout Pass) {
        var bit: UInt64 = 1
        for slot in scopes[demand.scope.index].slots {
            if marks & bit != 0 {
                pass.reserved.append(Reservation(slot: slot, cost: slot.cost(demand.points), due: due))
            }
            bit <<= 1
        }
    }

    /// The budgets of the scope, by bit, of which those in front would have too little when they need it.
    private func missing(_ demand: Demand, _ pass: Pass, now: Instant) -> UInt64 {
        var missing: UInt64 = 0
        var bit: UInt64 = 1
        for slot in scopes[demand.scope.index].slots {
            for one in pass.reserved where one.slot == slot {
                var cost = slot.cost(demand.points)
                for other in pass.reserved where other.slot == slot && other.due <= one.due {
                    cost = cost.addingSaturating(other.cost)
                }
                if !budgets.gives(slot, cost, by: max(one.due, now), now: now) { missing |= bit }
            }
            bit <<= 1
        }
        return missing
    }
}
