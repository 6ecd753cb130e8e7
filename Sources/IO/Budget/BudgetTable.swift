package import Engine
internal import Synchronization

/// The arithmetic of a budget in memory that many processes see. Words of 64 bits, changed by one process at a time; who
/// that is, and what time it is, its owner says.
///
/// A change is first written down as a list of words and then made, so that whoever comes after a process that was killed
/// in the middle finds it either made as a whole, or makes it, or finds nothing of it.
package struct BudgetTable: @unchecked Sendable {
    /// What stands in the memory makes no sense.
    package struct Damage: Error {}

    let words: UnsafeMutablePointer<Int64>
    let layout: BudgetLayout
    let plan: BudgetPlan
    /// Whom to wake after a change.
    private(set) var woken: [Int] = []
    private var staged = 0
    /// Of how many words the last change was.
    package private(set) var changed = 0

    /// The memory outlives this.
    package init(_ words: UnsafeMutablePointer<Int64>, plan: BudgetPlan) {
        self.words = words
        self.plan = plan
        layout = BudgetLayout(plan)
        woken.reserveCapacity(BudgetPlan.mostRules)
    }

    package static func words(for plan: BudgetPlan) -> Int { BudgetLayout(plan).count }

    /// One that could go and doesn't come is passed by after that.
    static let patience = Timespan.milliseconds(50)

    // MARK: from outside

    /// Take a permit, or a place in the line of those who want one.
    ///
    /// - Parameter keeps: False: it comes back at once, which is one change and not two.
    package mutating func ask(
        _ demand: BudgetDemand, slot: Int, keeps: Bool = true, now: Instant
    ) throws(Damage) -> BudgetAnswer {
        staged = 0
        let line = self[layout.tickets] == 0 ? nil : try standing(demand, slot: slot, now: now)
        if let line, line.blocked {
            if line.own == nil { try join(demand, slot: slot, due: .max) }
            return line.until == .max ? .later : .at(Instant(nanoseconds: line.until))
        }
        var at = now.nanoseconds
        for charge in demand.charges {
            guard plan.rules.indices.contains(charge.rule) else { throw Damage() }
            if charge.cost > plan.rules[charge.rule].most { return .never }
            at = max(at, try earliest(charge, now: now.nanoseconds))
        }
        guard at <= now.nanoseconds else {
            if let own = line?.own {
                if self[own + 3] != at {
                    stage(own + 3, at)
                    commit()
                }
            } else {
                try join(demand, slot: slot, due: at)
            }
            return at == .max ? .later : .at(Instant(nanoseconds: at))
        }
        for charge in demand.charges {
            if keeps {
                try take(charge, slot: slot, now: now.nanoseconds)
            } else {
                try log(charge.rule, held: 0, charge.cost, slot: nil, now: now.nanoseconds)
            }
        }
        if let own = line?.own { leave(own, at: now.nanoseconds) }
        commit()
        return .granted
    }

    /// A permit comes back; `actual` is what it came to in the end.
    package mutating func release(_ demand: BudgetDemand, actual: [Int64]? = nil, slot: Int, now: Instant)
        throws(Damage)
    {
        staged = 0
        for index in demand.charges.indices {
            let charge = demand.charges[index]
            guard plan.rules.indices.contains(charge.rule) else { throw Damage() }
            let came = actual.flatMap { $0.indices.contains(index) ? $0[index] : nil } ?? charge.cost
            try giveBack(charge.rule, charge.cost, actual: max(0, came), slot: slot, now: now.nanoseconds)
        }
        callNext(demand.mask, now: now.nanoseconds)
        commit()
    }

    /// What was sent without having been asked for.
    package mutating func charge(_ demand: BudgetDemand, slot: Int, now: Instant) throws(Damage) {
        staged = 0
        for charge in demand.charges {
            guard plan.rules.indices.contains(charge.rule) else { throw Damage() }
            try take(charge, slot: slot, now: now.nanoseconds)
        }
        commit()
    }

    /// Gives up the place in the line.
    package mutating func leave(_ mask: UInt32, slot: Int, now: Instant) {
        staged = 0
        guard self[layout.tickets] != 0, let own = ticket(mask, slot: slot) else { return }
        leave(own, at: now.nanoseconds)
        commit()
    }

    /// Nobody takes of these rules before.
    package mutating func pause(_ mask: UInt32, until: Instant) {
        staged = 0
        for rule in plan.rules.indices where mask & (1 << UInt32(truncatingIfNeeded: rule)) != 0 {
            let word = layout.rule(rule) + BudgetLayout.pausedUntil
            if self[word] < until.nanoseconds { stage(word, until.nanoseconds) }
        }
        commit()
    }

    package func pausedUntil(_ mask: UInt32) -> Instant? {
        var latest: Int64 = 0
        for rule in plan.rules.indices where mask & (1 << UInt32(truncatingIfNeeded: rule)) != 0 {
            latest = max(latest, self[layout.rule(rule) + BudgetLayout.pausedUntil])
        }
        return latest == 0 ? nil : Instant(nanoseconds: latest)
    }

    /// The process of that slot is gone: what it had under way counts as coming back when its lease ends.
    package mutating func bury(slot: Int, now: Instant) throws(Damage) {
        staged = 0
        var mask: UInt32 = 0
        for rule in plan.rules.indices {
            let held = self[layout.held(slot: slot, rule: rule)]
            guard held != 0 else { continue }
            guard held > 0 else { throw Damage() }
            mask |= 1 << UInt32(truncatingIfNeeded: rule)
            try giveBack(
                rule, held, actual: held, slot: slot, now: now.nanoseconds, ahead: plan.lease)
        }
        var place = layout.firstTicket
        for _ in 0..<BudgetLayout.ticketCount {
            if self[place] != 0, self[place + 1] == Int64(slot) {
                mask |= UInt32(truncatingIfNeeded: self[place + 2])
                stage(place, 0)
                stagedTickets -= 1
            }
            place += BudgetLayout.ticketWords
        }
        stageTickets()
        callNext(mask, besides: slot, now: now.nanoseconds)
        stage(layout.slot(slot), 0)
        commit()
    }

    /// Whether that process has a place in the line.
    func isWaiting(slot: Int) -> Bool {
        guard self[layout.tickets] != 0 else { return false }
        for index in 0..<BudgetLayout.ticketCount {
            let place = layout.firstTicket + index * BudgetLayout.ticketWords
            if self[place] != 0, self[place + 1] == Int64(slot) { return true }
        }
        return false
    }

    mutating func forgetWoken() { woken.removeAll(keepingCapacity: true) }

    package mutating func occupy(slot: Int) {
        staged = 0
        stage(layout.slot(slot), 1)
        commit()
    }

    package func isOccupied(slot: Int) -> Bool { self[layout.slot(slot)] != 0 }

    // MARK: the change, written down and made

    /// How many tickets come and go with this change.
    private var stagedTickets: Int64 = 0

    subscript(_ word: Int) -> Int64 { words[word] }

    mutating func stage(_ word: Int, _ value: Int64) {
        // Far more than the largest change is made of; what does not fit would be half a change.
        guard staged < BudgetLayout.changeCount else { return }
        let entry = layout.changes + 2 * staged
        words[entry] = Int64(word)
        words[entry + 1] = value
        staged += 1
    }

    mutating func commit() {
        guard staged > 0 else { return }
        // A full barrier: no word of the change before it is written down as a whole.
        _ = committed.pointee.exchange(Int64(staged), ordering: .sequentiallyConsistent)
        make(staged)
        changed = staged
        staged = 0
    }

    /// After a process died in the middle of something.
    package mutating func recover() throws(Damage) {
        let count = committed.pointee.load(ordering: .acquiring)
        guard count > 0 else { return }
        guard count <= BudgetLayout.changeCount else { throw Damage() }
        for entry in 0..<Int(count) {
            let word = words[layout.changes + 2 * entry]
            guard word >= BudgetLayout.firstChangeable, word < layout.changes else { throw Damage() }
        }
        make(Int(count))
    }

    private func make(_ count: Int) {
        for entry in 0..<count {
            let word = Int(truncatingIfNeeded: words[layout.changes + 2 * entry])
            guard word >= BudgetLayout.firstChangeable, word < layout.changes else { continue }
            words[word] = words[layout.changes + 2 * entry + 1]
        }
        committed.pointee.store(0, ordering: .releasing)
    }

    private var committed: UnsafeMutablePointer<Atomic<Int64>> {
        UnsafeMutableRawPointer(words + layout.committed).assumingMemoryBound(to: Atomic<Int64>.self)
    }

    // MARK: the line

    private struct Standing {
        var own: Int?
        var blocked: Bool
        /// When who stands in the way is passed by at the latest.
        var until: Int64
    }

    private func ticket(_ mask: UInt32, slot: Int) -> Int? {
        var place = layout.firstTicket
        var left = self[layout.tickets]
        for _ in 0..<BudgetLayout.ticketCount where left > 0 {
            if self[place] != 0 {
                if self[place + 1] == Int64(slot), self[place + 2] == Int64(mask) { return place }
                left -= 1
            }
            place += BudgetLayout.ticketWords
        }
        return nil
    }

    private func standing(_ demand: BudgetDemand, slot: Int, now: Instant) throws(Damage) -> Standing {
        let own = ticket(demand.mask, slot: slot)
        let number = own.map { self[$0] } ?? .max
        var result = Standing(own: own, blocked: false, until: 0)
        var place = layout.firstTicket
        var left = self[layout.tickets]
        guard left > 0, left <= BudgetLayout.ticketCount else { throw Damage() }
        for _ in 0..<BudgetLayout.ticketCount where left > 0 {
            defer { place += BudgetLayout.ticketWords }
            let other = self[place]
            guard other != 0 else { continue }
            left -= 1
            guard other < number, place != own, self[place + 2] & Int64(demand.mask) != 0 else { continue }
            let late = patience(place)
            if late > now.nanoseconds {
                result.blocked = true
                result.until = max(result.until, late)
            }
        }
        return result
    }

    private mutating func join(_ demand: BudgetDemand, slot: Int, due: Int64) throws(Damage) {
        var place = layout.firstTicket
        for _ in 0..<BudgetLayout.ticketCount {
            if self[place] == 0 {
                let number = self[layout.ticketNumber] &+ 1
                stage(layout.ticketNumber, number)
                stage(place + 1, Int64(slot))
                stage(place + 2, Int64(demand.mask))
                stage(place + 3, due)
                stage(place, number)
                stagedTickets += 1
                stageTickets()
                commit()
                return
            }
            place += BudgetLayout.ticketWords
        }
        // No room in the line: asked again like the others, without a place in it.
    }

    private mutating func leave(_ place: Int, at now: Int64) {
        let mask = UInt32(truncatingIfNeeded: self[place + 2])
        stage(place, 0)
        stagedTickets -= 1
        stageTickets()
        callNext(mask, besides: nil, leaving: place, now: now)
    }

    private mutating func stageTickets() {
        guard stagedTickets != 0 else { return }
        stage(layout.tickets, self[layout.tickets] &+ stagedTickets)
        stagedTickets = 0
    }

    /// Until when one in the line is waited for.
    private func patience(_ place: Int) -> Int64 {
        let due = self[place + 3]
        return due == .max ? .max : due.addingReportingOverflow(Self.patience.nanoseconds).partialValue
    }

    /// Wakes the first in the line for each of these rules; not one that was called and did not come.
    private mutating func callNext(_ mask: UInt32, besides slot: Int? = nil, leaving: Int = -1, now: Int64) {
        guard self[layout.tickets] != 0 else { return }
        for rule in plan.rules.indices {
            let bit = Int64(1) << Int64(rule)
            guard Int64(mask) & bit != 0 else { continue }
            var first = -1
            var place = layout.firstTicket
            var left = self[layout.tickets]
            for _ in 0..<BudgetLayout.ticketCount where left > 0 {
                defer { place += BudgetLayout.ticketWords }
                guard self[place] != 0 else { continue }
                left -= 1
                if place != leaving, self[place + 2] & bit != 0, slot.map({ self[place + 1] != Int64($0) }) ?? true,
                    first < 0 || self[place] < self[first], patience(place) > now
                {
                    first = place
                }
            }
            guard first >= 0 else { continue }
            // From now on it is expected.
            if self[first + 3] > now { stage(first + 3, now) }
            let slot = Int(truncatingIfNeeded: self[first + 1])
            if slot >= 0, slot < BudgetLayout.slotCount, !woken.contains(slot) { woken.append(slot) }
        }
    }

    /// Whether somebody did not come when called, since a little while: nobody else was called instead.
    func wasLetDown(now: Instant) -> Bool {
        guard self[layout.tickets] != 0 else { return false }
        for index in 0..<BudgetLayout.ticketCount {
            let place = layout.firstTicket + index * BudgetLayout.ticketWords
            guard self[place] != 0 else { continue }
            let late = patience(place)
            if late <= now.nanoseconds, late > now.nanoseconds - 400_000_000 { return true }
        }
        return false
    }
}
