/// A limiter whose budgets are kept elsewhere, for other processes to see.
extension Limiter {
    func shared(_ scope: Scope, _ points: Int64) -> BudgetDemand {
        guard scopes.indices.contains(scope.index) else { return BudgetDemand([]) }
        return points == 1 ? scopes[scope.index].demand : BudgetDemand(scopes[scope.index].slots, points: points)
    }

    /// Never now: what there is, only asking shows, and asking takes.
    func earliest(of store: any BudgetStore, _ demand: Demand) -> Earliest {
        if failure != nil { return .never }
        for charge in shared(demand.scope, demand.points).charges where charge.cost > plan.rules[charge.rule].most {
            return .never
        }
        return .afterRelease
    }

    /// Asks the store for a permit and keeps it for that ticket.
    mutating func admit(
        _ ticket: Ticket, _ demand: Demand, _ store: any BudgetStore, now: Instant
    ) -> Earliest {
        if admitted.contains(ticket) { return .now }
        do throws(Failure) {
            let answer = try store.ask(shared(demand.scope, demand.points), now: now)
            failure = nil
            switch answer {
            case .granted:
                admitted.append(ticket)
                return .now
            case .at(let instant): return .at(instant)
            case .later: return .afterRelease
            case .never: return .never
            }
        } catch {
            failure = error
            return .never
        }
    }

    mutating func leave(_ ticket: Ticket, _ demand: Demand, _ store: any BudgetStore) {
        let asked = shared(demand.scope, demand.points)
        if let place = admitted.firstIndex(of: ticket) {
            admitted.remove(at: place)
            // It was of no use.
            store.release(asked, actual: asked.charges.map { _ in 0 }, now: nil)
        } else if !waits(for: asked.mask) {
            store.leave(asked)
        }
    }

    func giveBack(_ permit: Permit, to store: any BudgetStore, actual: Int64?, now: Instant) {
        let asked = shared(permit.scope, permit.points)
        guard let actual, scopes.indices.contains(permit.scope.index) else {
            return store.release(asked, actual: nil, now: now)
        }
        store.release(asked, actual: scopes[permit.scope.index].slots.map { $0.cost(actual) }, now: now)
    }
}

extension BudgetDemand {
    init(_ slots: [Budgets.Slot], points: Int64) {
        self.init(slots.map { Charge(rule: $0.rule, cost: $0.cost(points)) })
    }
}

extension LimitPlan.Rule {
    /// A rule that is about the same requests and lets all of them go.
    var withoutBounds: LimitPlan.Rule {
        var rule = self
        rule.kind = .concurrent(.max)
        return rule
    }

    /// The most that it gives at once.
    var most: Int64 {
        switch kind {
        case .window(let most, _, _), .concurrent(let most): most
        case .bucket(_, _, let burst, _): burst
        case .spacing: 1
        }
    }
}
