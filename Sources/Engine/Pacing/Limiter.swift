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
    private(set) var budgets = Budgets()
    /// By rule; nil for rules with a budget for each.
    private var common: [Budgets.Slot?] = []
    private var each: [EachKey: Budgets.Slot] = [:]
    private(set) var scopes: [ScopeState] = []
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
        for (number, rule) in plan.rules.enumerated() {
            let own = store == nil ? rule : rule.withoutBounds
            common.append(rule.each == nil ? budgets.add(own, number: number) : nil)
        }
        _ = scope(of: RequestKind())
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

    /// One look along the line, at one instant.
    public struct Pass: Sendable {
        fileprivate var index = 0
        /// Not to be had by those behind.
        fileprivate var reserved: [Budgets.Slot] = []
        /// When the next one could go, as far as time alone decides.
        public fileprivate(set) var until: Instant?

        /// Those behind it are not looked at.
        private let last: Ticket?

        public init(upTo last: Ticket? = nil) { self.last = last }

        fileprivate mutating func step(_ line: Line) -> Int? {
            guard index < line.entries.count else { return nil }
            defer { index = line.entries[index].ticket == last ? .max : index + 1 }
            return index
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
    /// Who waits for one budget keeps nobody from another: only what those in front had to wait for is out of reach.
    public mutating func next(in pass: inout Pass, now: Instant) -> Ticket? {
        while let index = pass.step(line) {
            let entry = line.entries[index]
            if isOutOfReach(entry.demand.scope, pass) { continue }
            let view = look(entry.demand, now: now)
            switch view.earliest {
            case .now, .never:
                guard let store else { return entry.ticket }
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
            reserve(entry.demand.scope, line.entries[index].marks, &pass)
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
        reserve(line.entries[index].demand.scope, .max, &pass)
    }

    /// Something else keeps the one that `next` found. Others may go meanwhile, but not for ever at its cost.
    public mutating func passOver(_ ticket: Ticket, in pass: inout Pass) {
        guard let index = line.index(of: ticket) else { return }
        line.passOver(index)
        if line.entries[index].returns > 8 {
            reserve(line.entries[index].demand.scope, line.entries[index].marks, &pass)
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

    /// - Returns: `late`: the budgets of the scope, by bit, that have to be waited for.
    private func look(_ demand: Demand, now: Instant) -> (earliest: Earliest, late: UInt64) {
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
            case .never: return (.never, 0)
            }
            bit <<= 1
        }
        if needsRelease { return (.afterRelease, late) }
        return (at > now ? .at(at) : .now, late)
    }

    private func isOutOfReach(_ scope: Scope, _ pass: Pass) -> Bool {
        if pass.reserved.isEmpty { return false }
        return scopes[scope.index].slots.contains { pass.reserved.contains($0) }
    }

    private func reserve(_ scope: Scope, _ marks: UInt64, _ pass: inout Pass) {
        var bit: UInt64 = 1
        for slot in scopes[scope.index].slots {
            if marks & bit != 0, !pass.reserved.contains(slot) { pass.reserved.append(slot) }
            bit <<= 1
        }
    }
}
