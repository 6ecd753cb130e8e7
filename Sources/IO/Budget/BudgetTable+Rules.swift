internal import Engine

extension BudgetTable {
    /// When a rule would allow it; `.max` when only a permit that comes back makes room.
    func earliest(_ charge: BudgetDemand.Charge, now: Int64) throws(Damage) -> Int64 {
        let rule = layout.rule(charge.rule)
        let inFlight = self[rule + BudgetLayout.inFlight]
        guard inFlight >= 0, inFlight < 1 << 40 else { throw Damage() }
        let paused = max(now, self[rule + BudgetLayout.pausedUntil])
        let taken = inFlight &+ charge.cost
        switch plan.rules[charge.rule].kind {
        case .gate(let most): return taken <= most ? paused : .max
        case .bucket(let interval, let burst):
            guard taken <= burst else { return .max }
            let fullAt = self[rule + BudgetLayout.fullAt]
            let at = Instant(nanoseconds: max(fullAt, now)) + interval * (taken - burst)
            return max(paused, at.nanoseconds)
        case .window(let most, let per):
            let log = try openLog(charge.rule, now: now)
            guard taken <= most else { return .max }
            var counted = log.logged
            var index = 0
            var at = now
            // More than allowed may be logged: what libcurl sent again by itself.
            while taken &+ counted > most {
                guard index < log.entries else { throw Damage() }
                let entry = log.place(index)
                at = max(at, self[entry])
                counted &-= self[entry + 1]
                index += 1
            }
            // No entry can last longer than the window, the lease of a dead one apart.
            guard at <= (Instant(nanoseconds: now) + per + per + plan.lease).nanoseconds else { throw Damage() }
            return max(paused, at)
        }
    }

    mutating func take(_ charge: BudgetDemand.Charge, slot: Int, now: Int64) throws(Damage) {
        guard plan.rules[charge.rule].holds else {
            return try log(charge.rule, held: 0, charge.cost, slot: nil, now: now)
        }
        let inFlight = layout.rule(charge.rule) + BudgetLayout.inFlight
        let held = layout.held(slot: slot, rule: charge.rule)
        stage(inFlight, self[inFlight] &+ charge.cost)
        stage(held, self[held] &+ charge.cost)
    }

    /// - Parameter ahead: So much later it may still have reached the server: of a process that has died.
    mutating func giveBack(
        _ rule: Int, _ cost: Int64, actual: Int64, slot: Int, now: Int64, ahead: Timespan = .zero
    ) throws(Damage) {
        if case .gate = plan.rules[rule].kind { return unhold(rule, cost, slot: slot) }
        if plan.rules[rule].countsResponse {
            try log(rule, held: cost, actual, slot: slot, now: now, ahead: ahead)
        } else if actual > cost {
            try log(rule, held: 0, actual - cost, slot: nil, now: now)
        } else if actual < cost, case .bucket(let interval, _) = plan.rules[rule].kind {
            let fullAt = layout.rule(rule) + BudgetLayout.fullAt
            stage(fullAt, (Instant(nanoseconds: self[fullAt]) + interval * (actual - cost)).nanoseconds)
        }
    }

    private mutating func unhold(_ rule: Int, _ cost: Int64, slot: Int) {
        let inFlight = layout.rule(rule) + BudgetLayout.inFlight
        let held = layout.held(slot: slot, rule: rule)
        // Who was taken for dead and comes back has nothing to give back.
        let cost = min(cost, max(0, self[held]))
        stage(inFlight, max(0, self[inFlight] &- cost))
        stage(held, self[held] &- cost)
    }

    /// Counts `cost` as of `now` (and as if it came `ahead` of it), of which `held` was under way. What others sent
    /// counts until its own time is up.
    mutating func log(
        _ number: Int, held: Int64, _ cost: Int64, slot: Int?, now: Int64, ahead: Timespan = .zero
    ) throws(Damage) {
        if let slot, held > 0 { unhold(number, held, slot: slot) }
        let rule = layout.rule(number)
        switch plan.rules[number].kind {
        case .gate: return
        case .bucket(let interval, _):
            let from = (Instant(nanoseconds: now) + ahead).nanoseconds
            let fullAt = Instant(nanoseconds: max(self[rule + BudgetLayout.fullAt], from)) + interval * cost
            stage(rule + BudgetLayout.fullAt, fullAt.nanoseconds)
        case .window(let most, let per):
            guard cost > 0 else { return }
            var log = try openLog(number, now: now)
            var expiry = (Instant(nanoseconds: now) + ahead + per).nanoseconds
            if most > BudgetLayout.exact {
                let step = max(1, per.nanoseconds / 128)
                let over = expiry % step
                if over != 0 { expiry = expiry &+ (step - over) }
            }
            let last = log.entries > 0 ? log.place(log.entries - 1) : -1
            if last >= 0, self[last] >= expiry || log.entries == log.capacity {
                // In order: behind one that lasts longer it lasts as long. And where there is no room, the last one
                // lasts longer than it had to.
                if self[last] < expiry { stage(last, expiry) }
                stage(last + 1, self[last + 1] &+ cost)
            } else {
                let place = log.place(log.entries)
                stage(place, expiry)
                stage(place + 1, cost)
                log.entries += 1
            }
            stage(rule + BudgetLayout.head, Int64(log.head))
            stage(rule + BudgetLayout.entries, Int64(log.entries))
            stage(rule + BudgetLayout.logged, log.logged &+ cost)
        }
    }

    /// A window's log without what no longer counts.
    private struct Log {
        let first: Int
        let capacity: Int
        var head: Int
        var entries: Int
        var logged: Int64

        func place(_ index: Int) -> Int {
            let entry = head + index
            return first + 2 * (entry >= capacity ? entry - capacity : entry)
        }
    }

    private func openLog(_ number: Int, now: Int64) throws(Damage) -> Log {
        let rule = layout.rule(number)
        let (first, capacity) = layout.log(number)
        var log = Log(
            first: first, capacity: capacity, head: Int(truncatingIfNeeded: self[rule + BudgetLayout.head]),
            entries: Int(truncatingIfNeeded: self[rule + BudgetLayout.entries]),
            logged: self[rule + BudgetLayout.logged])
        guard log.head >= 0, log.head < capacity, log.entries >= 0, log.entries <= capacity, log.logged >= 0 else {
            throw Damage()
        }
        while log.entries > 0, self[log.place(0)] <= now {
            log.logged &-= self[log.place(0) + 1]
            log.head = log.head + 1 == capacity ? 0 : log.head + 1
            log.entries -= 1
        }
        // What is logged is the sum of the entries; at the end of them nothing is left.
        guard log.logged >= 0, log.entries > 0 || log.logged == 0 else { throw Damage() }
        return log
    }

    // MARK: as a whole

    /// Whether all that stands there can be.
    package func check() -> Bool {
        for number in plan.rules.indices {
            let rule = layout.rule(number)
            var held: Int64 = 0
            for slot in 0..<BudgetLayout.slotCount {
                let one = self[layout.held(slot: slot, rule: number)]
                guard one >= 0, one < 1 << 40 else { return false }
                held += one
            }
            guard held == self[rule + BudgetLayout.inFlight], self[rule + BudgetLayout.fullAt] >= 0,
                self[rule + BudgetLayout.pausedUntil] >= 0
            else { return false }
            guard case .window = plan.rules[number].kind else { continue }
            // Before anything expires.
            guard let log = try? openLog(number, now: 0) else { return false }
            var sum: Int64 = 0
            var before = Int64.min
            for index in 0..<log.entries {
                let place = log.place(index)
                guard self[place] >= before, self[place + 1] > 0, self[place + 1] < 1 << 40 else { return false }
                before = self[place]
                sum += self[place + 1]
            }
            guard sum == log.logged else { return false }
        }
        var tickets: Int64 = 0
        for index in 0..<BudgetLayout.ticketCount {
            let place = layout.firstTicket + index * BudgetLayout.ticketWords
            guard self[place] != 0 else { continue }
            tickets += 1
            guard self[place] > 0, (0..<Int64(BudgetLayout.slotCount)).contains(self[place + 1]) else { return false }
        }
        return tickets == self[layout.tickets]
    }

    /// The clock started anew: every instant moves by as much, and none lies further ahead than it could.
    mutating func move(by shift: Timespan, now: Instant) {
        for number in plan.rules.indices {
            let rule = layout.rule(number)
            let latest = now + plan.rules[number].memory + plan.lease
            for word in [BudgetLayout.fullAt, BudgetLayout.pausedUntil] {
                let instant = Instant(nanoseconds: self[rule + word]) + shift
                // A pause has no bound but what a server may ask for.
                let most = word == BudgetLayout.fullAt ? latest : .distantFuture
                words[rule + word] = max(0, min(instant, most).nanoseconds)
            }
            let (first, capacity) = layout.log(number)
            for entry in 0..<capacity {
                let place = first + 2 * entry
                words[place] = min(Instant(nanoseconds: self[place]) + shift, latest).nanoseconds
            }
        }
    }
}

extension BudgetTable {
    /// What a rule still counts besides what is under way.
    func counted(_ number: Int, now: Instant) -> Int64 {
        switch plan.rules[number].kind {
        case .gate: return 0
        case .bucket(let interval, _):
            let missing = self[layout.rule(number) + BudgetLayout.fullAt].subtractingReportingOverflow(now.nanoseconds)
            return missing.overflow ? 0 : max(0, missing.partialValue / max(1, interval.nanoseconds))
        case .window: return self[layout.rule(number) + BudgetLayout.logged]
        }
    }
}
