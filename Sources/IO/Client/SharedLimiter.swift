package import Engine

/// A limiter that several clients' threads use. When one of them changes it in a way that lets another go, that one's
/// loop is woken.
package final class SharedLimiter: Sendable {
    struct State: Sendable {
        var limiter: Limiter
        var users: [UInt64: @Sendable () -> Void] = [:]
        /// Whose place in the line it is.
        var owners: [Limiter.Ticket: UInt64] = [:]
        var lastUser: UInt64 = 0

        // Threads of the host: see `acquire`.
        var permits = Permits()
        var seats: [Limiter.Ticket: (seat: Seat, isKept: Bool)] = [:]
        /// Places that wait for their thread to come back, by thread; and those of them that have got a permit.
        var parked: [UInt: (ticket: Limiter.Ticket, demand: Limiter.Demand)] = [:]
        var granted: [Limiter.Ticket: Seat] = [:]
        /// One of those who wait sleeps until `next` and then looks who may go.
        var watcher: Limiter.Ticket?
        var next: Instant?
        var isCancelled = false
        /// To be called when the lock is free again.
        var told: [@Sendable () -> Void] = []

        /// Everybody in the line but the one who is here anyway.
        func others(than user: UInt64?) -> [@Sendable () -> Void] {
            if owners.isEmpty { return [] }
            return Set(owners.values).filter { $0 != user }.compactMap { users[$0] }
        }
    }
    let state: Lock<State>
    private let isDivided: Bool

    package convenience init(_ plan: LimitPlan) { self.init(Limiter(plan), store: nil) }

    package convenience init(_ plan: LimiterPlan) throws(Failure) {
        let store: (any BudgetStore)? =
            switch plan.share {
            case .file(let path, let budget): try HostBudget(path: path, plan: budget)
            case .redis(let share, let budget): try RedisBudget(share, plan: budget)
            case nil: nil
            }
        self.init(Limiter(plan.limits, store: store), store: store)
    }

    private init(_ limiter: Limiter, store: (any BudgetStore)?) {
        isDivided = limiter.isDivided
        state = Lock(State(limiter: limiter))
        store?.onChange { [weak self] in self?.wakeAll() }
    }

    /// Something changed in another process.
    private func wakeAll() {
        settle { state in
            state.grant(now: Clock.now())
            state.told += Array(state.users.values)
        }
    }

    /// Something that may let others go: they are told, those of the clients but for the one who is here anyway.
    func settle(by user: UInt64? = nil, wakesClients: Bool = true, _ body: (inout State) -> Void) {
        let told = state.withLock { state -> [@Sendable () -> Void] in
            body(&state)
            if state.told.isEmpty, !wakesClients || state.owners.isEmpty { return [] }
            let told = wakesClients ? state.told + state.others(than: user) : state.told
            state.told.removeAll()
            return told
        }
        for tell in told { tell() }
    }

    /// One client's way to it.
    func share(wake: @escaping @Sendable () -> Void) -> Share {
        let user = state.withLock { state in
            state.lastUser &+= 1
            state.users[state.lastUser] = wake
            return state.lastUser
        }
        return Share(shared: self, user: user)
    }

    final class Share: SharedBudget {
        private let shared: SharedLimiter
        private let user: UInt64

        fileprivate init(shared: SharedLimiter, user: UInt64) {
            self.shared = shared
            self.user = user
        }

        deinit {
            change { state in
                state.users[user] = nil
                for (ticket, owner) in state.owners where owner == user {
                    state.owners[ticket] = nil
                    state.limiter.leave(ticket)
                }
            }
        }

        var isDivided: Bool { shared.isDivided }
        var failure: Failure? { shared.state.withLock { $0.limiter.failure } }

        func scope(of request: RequestKind) -> Limiter.Scope {
            shared.state.withLock { $0.limiter.scope(of: request) }
        }

        func join(_ demand: Limiter.Demand) -> Limiter.Ticket {
            shared.state.withLock { state in
                let ticket = state.limiter.join(demand)
                state.owners[ticket] = user
                return ticket
            }
        }

        func leave(_ ticket: Limiter.Ticket) {
            change { state in
                state.owners[ticket] = nil
                state.limiter.leave(ticket)
            }
        }

        func take(_ ticket: Limiter.Ticket, now: Instant) -> Limiter.Answer {
            var answer = Limiter.Answer.never
            shared.settle(by: user, wakesClients: false) { state in
                // Threads of the host in front of it go first; clients were told when that became so.
                state.grant(now: now)
                answer = state.limiter.answer(ticket, now: now)
                if case .wait = answer { return }
                state.owners[ticket] = nil
                state.grant(now: now)
                state.told += state.others(than: user)
            }
            return answer
        }

        func charge(_ demand: Limiter.Demand, now: Instant) -> Limiter.Permit {
            shared.state.withLock { $0.limiter.take(for: demand, now: now) }
        }

        func release(_ permit: Limiter.Permit, now: Instant, actualCost: Int64?) {
            change { $0.limiter.release(permit, now: now, actualCost: actualCost) }
        }

        func pause(_ scope: Limiter.Scope, until instant: Instant) {
            shared.settle(by: user, wakesClients: false) { state in
                state.limiter.pause(scope, until: instant)
                state.grant(now: Clock.now())
            }
        }

        func pausedUntil(_ scope: Limiter.Scope, now: Instant) -> Instant? {
            shared.state.withLock { $0.limiter.pausedUntil(scope, now: now) }
        }

        func align(_ scope: Limiter.Scope, resetAt instant: Instant, now: Instant) {
            change { $0.limiter.align(scope, resetAt: instant, now: now) }
        }

        /// Something that may let others go.
        private func change(_ body: (inout State) -> Void) {
            shared.settle(by: user) { state in
                body(&state)
                state.grant(now: Clock.now())
            }
        }
    }
}
