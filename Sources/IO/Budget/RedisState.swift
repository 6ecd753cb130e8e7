internal import Engine

/// What a process knows of a budget in Redis, and what Redis is still to be told. Arithmetic; no connection.
struct RedisState: Sendable {
    /// Requests that want the same, and the permits that are there for them.
    struct Want: Sendable {
        let demand: BudgetDemand
        /// When each permit may be used, in order.
        var permits: [Instant] = []
        var isWanted = false
        /// Not to be asked for again before.
        var askAt = Instant(nanoseconds: 0)
        var taken: Int64 = 0
        var since: Instant
        var batch: Int64 = 1
    }

    /// While Redis does not answer.
    struct Absence: Sendable {
        let since: Instant
        let reason: String
    }

    let plan: BudgetPlan
    let share: RedisShare
    var wants: [Want] = []
    /// Under way, or kept for later use, by rule.
    var held: [Int64]
    /// To be counted.
    var spent: [Int64]
    var pausedUntil: [Instant]
    var pausesToTell: UInt32 = 0
    var leaves: [UInt32] = []
    /// As Redis said last.
    var used: [Int64]
    var epoch = ""
    var lastContact: Instant?
    /// When what was released is to be told.
    var tellAt: Instant?
    var absence: Absence?
    var failure: Failure?
    var isEnding = false
    /// For the thread: look again what is due.
    var hasChanged = false

    init(_ plan: BudgetPlan, _ share: RedisShare) {
        self.plan = plan
        self.share = share
        held = plan.rules.map { _ in 0 }
        spent = held
        used = held
        pausedUntil = plan.rules.map { _ in Instant(nanoseconds: 0) }
    }

    /// An unused permit goes back after that.
    static let keeping = Timespan.milliseconds(200)

    mutating func ask(_ demand: BudgetDemand, now: Instant) -> BudgetAnswer {
        for charge in demand.charges {
            guard plan.rules.indices.contains(charge.rule), charge.cost <= plan.rules[charge.rule].most else {
                return .never
            }
        }
        let index = index(of: demand, now: now)
        if let first = wants[index].permits.first {
            if wants[index].permits.count * 2 <= Int(wants[index].batch) { want(index) }
            guard first <= now else { return .at(first) }
            // One that was told of a pause meanwhile waits for its end.
            if let until = pause(demand.mask), until > now { return .at(until) }
            wants[index].permits.removeFirst()
            wants[index].taken += 1
            return .granted
        }
        want(index)
        return .later
    }

    private mutating func index(of demand: BudgetDemand, now: Instant) -> Int {
        if let index = wants.firstIndex(where: { $0.demand == demand }) { return index }
        if wants.count > 64 { wants.removeAll { $0.permits.isEmpty && !$0.isWanted } }
        wants.append(Want(demand: demand, since: now))
        return wants.count - 1
    }

    private mutating func want(_ index: Int) {
        guard !wants[index].isWanted else { return }
        wants[index].isWanted = true
        hasChanged = true
    }

    func pause(_ mask: UInt32) -> Instant? {
        var latest: Instant?
        for rule in plan.rules.indices where mask & (1 << UInt32(truncatingIfNeeded: rule)) != 0 {
            latest = max(latest ?? pausedUntil[rule], pausedUntil[rule])
        }
        return latest.flatMap { $0.nanoseconds == 0 ? nil : $0 }
    }

    mutating func pause(_ mask: UInt32, until: Instant) {
        for rule in plan.rules.indices {
            let bit: UInt32 = 1 << UInt32(truncatingIfNeeded: rule)
            guard mask & bit != 0, pausedUntil[rule] < until else { continue }
            pausedUntil[rule] = until
            pausesToTell |= bit
            hasChanged = true
        }
    }

    mutating func leave(_ demand: BudgetDemand) {
        guard let index = wants.firstIndex(where: { $0.demand == demand }), wants[index].isWanted else { return }
        wants[index].isWanted = false
        leaves.append(demand.mask)
        hasChanged = true
    }

    mutating func hold(_ demand: BudgetDemand, times: Int64 = 1) {
        for charge in demand.charges where plan.rules.indices.contains(charge.rule) && plan.rules[charge.rule].holds {
            held[charge.rule] = held[charge.rule] &+ charge.cost &* times
        }
    }

    /// - Parameter isCounted: What it came to is counted elsewhere meanwhile.
    mutating func release(_ demand: BudgetDemand, actual: [Int64]?, now: Instant, isCounted: Bool = false) {
        var delay = Timespan.milliseconds(100)
        for (index, charge) in demand.charges.enumerated() where plan.rules.indices.contains(charge.rule) {
            let rule = plan.rules[charge.rule]
            let came = actual.flatMap { $0.indices.contains(index) ? $0[index] : nil } ?? charge.cost
            if rule.holds { held[charge.rule] = max(0, held[charge.rule] &- charge.cost) }
            // Others may wait for just this place.
            if case .gate = rule.kind { delay = .milliseconds(5) }
            if isCounted { continue }
            if case .gate = rule.kind { continue }
            let more = rule.countsResponse ? came : came - charge.cost
            if case .window = rule.kind, more < 0 { continue }
            spent[charge.rule] = spent[charge.rule] &+ more
        }
        let at = now + min(delay, max(share.ahead, .milliseconds(5)))
        if tellAt.map({ $0 > at }) ?? true {
            tellAt = at
            hasChanged = true
        }
    }

    /// Permits that nobody came for go back.
    mutating func dropUnused(now: Instant) {
        for index in wants.indices {
            while let first = wants[index].permits.first, first + Self.keeping < now {
                wants[index].permits.removeFirst()
                let demand = wants[index].demand
                release(demand, actual: demand.charges.map { _ in 0 }, now: now)
            }
        }
    }

    // MARK: what is due

    /// Nil: when somebody asks.
    func due() -> Instant? {
        if failure != nil { return nil }
        var at: Instant?
        func consider(_ instant: Instant) { at = min(at ?? instant, instant) }
        if pausesToTell != 0 || !leaves.isEmpty { consider(Instant(nanoseconds: 0)) }
        for want in wants {
            if want.isWanted { consider(want.askAt) }
            if let first = want.permits.first { consider(first + Self.keeping) }
        }
        if let tellAt { consider(tellAt) }
        if let lastContact { consider(lastContact + Timespan(nanoseconds: plan.lease.nanoseconds / 4)) }
        return at
    }

    // MARK: the words

    /// What Redis is told and asked, as the script reads it.
    struct Step: Sendable {
        let sequence: Int64
        let numbers: String
        let epoch: String
        let asked: [BudgetDemand]
    }

    mutating func step(_ sequence: Int64, now: Instant) -> Step {
        dropUnused(now: now)
        if let lastContact, lastContact + plan.memory + plan.lease < now { epoch = "" }
        let micro = { (span: Timespan) in max(0, span.nanoseconds / 1000) }
        let ttl = plan.memory + plan.lease + .seconds(60)
        var text = "{\"seq\":\(sequence),\"lease\":\(micro(plan.lease)),\"ahead\":\(micro(share.ahead))"
        text += ",\"ttl\":\(ttl.milliseconds),\"rules\":[\(plan.rules.map(Self.words).joined(separator: ","))]"
        text += ",\"held\":[\(list(held))],\"log\":[\(list(spent))]"
        let pauses = plan.rules.indices.map { rule in
            pausesToTell & (1 << UInt32(truncatingIfNeeded: rule)) == 0
                ? 0 : micro(min(pausedUntil[rule] - now, .seconds(366 * 86_400)))
        }
        text += ",\"pause\":[\(list(pauses))],\"leave\":[\(leaves.map { "\($0)" }.joined(separator: ","))],\"want\":["
        var asked: [BudgetDemand] = []
        for index in wants.indices where wants[index].isWanted && wants[index].askAt <= now {
            let want = wants[index]
            let seconds = max(1_000_000, (now - want.since).nanoseconds)
            // As many as will be wanted in the time ahead, if it goes on like this.
            let wanted = want.taken.multipliedReportingOverflow(by: share.ahead.nanoseconds).partialValue / seconds
            wants[index].batch = min(64, max(1, wanted * 3 / 2))
            wants[index].taken = 0
            wants[index].since = now
            let charges = want.demand.charges.map { "[\($0.rule + 1),\($0.cost)]" }.joined(separator: ",")
            let more = max(1, wants[index].batch - Int64(want.permits.count))
            text += "\(asked.isEmpty ? "" : ","){\"m\":\(want.demand.mask),\"n\":\(more),\"c\":[\(charges)]}"
            asked.append(want.demand)
        }
        text += isEnding ? "],\"bye\":true}" : "]}"
        spent = spent.map { _ in 0 }
        pausesToTell = 0
        leaves = []
        tellAt = nil
        return Step(sequence: sequence, numbers: text, epoch: epoch, asked: asked)
    }

    private func list(_ numbers: [Int64]) -> String { numbers.map { "\($0)" }.joined(separator: ",") }

    private static func words(_ rule: BudgetPlan.Rule) -> String {
        // Rounded up to the microsecond: too slow is never a violation.
        func up(_ span: Timespan) -> Int64 { max(1, span.nanoseconds / 1000 + (span.nanoseconds % 1000 == 0 ? 0 : 1)) }
        let late = rule.countsResponse
        switch rule.kind {
        case .window(let most, let per):
            let slot = max(1, up(per) / 64)
            return "{\"k\":\"w\",\"most\":\(most),\"per\":\(up(per)),\"slot\":\(slot),\"late\":\(late)}"
        case .bucket(let interval, let burst):
            return "{\"k\":\"b\",\"most\":\(burst),\"per\":\(up(interval)),\"late\":\(late)}"
        case .gate(let most): return "{\"k\":\"c\",\"most\":\(most),\"per\":0,\"late\":false}"
        }
    }

    /// False: that is no answer of the script.
    mutating func received(_ reply: String, to step: Step, now: Instant) -> Bool {
        var words = reply.split(separator: " " as Character)[...]
        func nextNumber() -> Int64? { words.popFirst().flatMap { Int64($0) } }
        guard words.popFirst() == "OK", nextNumber() != nil, let epoch = words.popFirst() else { return false }
        for rule in plan.rules.indices {
            guard let used = nextNumber(), let pause = nextNumber() else { return false }
            self.used[rule] = used
            if pause > 0 {
                pausedUntil[rule] = max(pausedUntil[rule], now + pause.microseconds)
            }
        }
        for demand in step.asked {
            guard let hint = nextNumber(), let count = nextNumber(), (0...64).contains(count) else { return false }
            let index = index(of: demand, now: now)
            for _ in 0..<count {
                guard let after = nextNumber() else { return false }
                wants[index].permits.append(now + after.microseconds)
            }
            hold(demand, times: count)
            wants[index].askAt = now + hint.microseconds
            if count > 0 { wants[index].isWanted = false }
        }
        self.epoch = String(epoch)
        lastContact = now
        return true
    }
}

extension Int64 {
    /// Microseconds as a span.
    fileprivate var microseconds: Timespan { Timespan(nanoseconds: self) * 1000 }
}
