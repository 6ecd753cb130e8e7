internal import Glibc
package import Engine

/// Permits for threads of the host, in one line with the clients.
extension SharedLimiter {
    package enum Acquired: Sendable {
        case permit(UInt64)
        /// Not in time.
        case pending
    }

    /// A permit for a request of no particular kind, if there is one and nobody waits; else nil, and `acquire` says more.
    package func acquireAtOnce(isKept: Bool) -> UInt64? {
        let now = Clock.now()
        return state.withLock { $0.goAtOnce(isKept: isKept, now: now) }
    }

    /// - Parameter isKept: False: the permit counts as given back at once, and its number is 0.
    package func acquire(
        _ options: AcquireOptions?, milliseconds: Int64, isKept: Bool
    ) throws(Failure) -> Acquired {
        let start = Clock.now()
        let entry = state.withLock { state in state.enter(options, isKept: isKept, now: start) }
        switch entry {
        case .went(let number): return .permit(number)
        case .refused(let failure): throw failure
        case .waits(let ticket, let seat):
            let deadline = milliseconds < 0 ? nil : start + .milliseconds(milliseconds)
            return try wait(ticket, seat, until: deadline, keepsPlace: options?.keepsPlace ?? false)
        }
    }

    private func wait(
        _ ticket: Limiter.Ticket, _ seat: Seat, until deadline: Instant?, keepsPlace: Bool
    ) throws(Failure) -> Acquired {
        var news = Seat.News.watch
        while true {
            switch news {
            case .permit(let number):
                settle(wakesClients: false) { $0.stand(ticket) }
                return .permit(number)
            case .failed(let failure):
                settle(wakesClients: false) { $0.stand(ticket) }
                throw failure
            case .none, .watch: break
            }
            let now = Clock.now()
            let isOver = deadline.map { $0 <= now } ?? false
            var until: Instant?
            var isSettled = false
            settle(wakesClients: false) { state in
                // Whoever wakes up here has the time in hand until it leaves.
                if state.watcher == nil || isOver { state.watcher = ticket }
                state.grant(now: now)
                isSettled = state.seats[ticket] == nil
                if !isSettled, isOver {
                    if keepsPlace { state.park(ticket) } else { state.leave(ticket) }
                }
                until = state.watcher == ticket ? state.next : nil
            }
            if isSettled {
                // It is being told.
                news = seat.wait(until: nil)
                continue
            }
            if isOver { return .pending }
            if let deadline { until = min(until ?? deadline, deadline) }
            news = seat.wait(until: until)
        }
    }

    /// - Returns: False: nobody holds such a permit.
    package func release(_ number: UInt64, actualCost: Int64?) -> Bool {
        let now = Clock.now()
        var isKnown = false
        settle { state in
            guard let permit = state.permits.remove(number) else { return }
            isKnown = true
            state.limiter.release(permit, now: now, actualCost: actualCost)
            state.grant(now: now)
        }
        return isKnown
    }

    /// Ends all waits of the host, also later ones. Clients go on.
    package func cancel() {
        settle { state in
            state.isCancelled = true
            for (ticket, place) in state.seats {
                let seat = place.seat
                state.limiter.leave(ticket)
                state.told.append { seat.tell(.failed(Self.cancelled)) }
            }
            state.seats.removeAll()
            state.parked.removeAll()
            state.watcher = nil
        }
    }

    package func stateText() -> String {
        let now = Clock.now()
        return state.withLock { $0.limiter.state(now: now) }
    }

    /// How many places there are in the line.
    package var waiting: Int { state.withLock { $0.limiter.waiting } }

    static let cancelled = Failure(.cancelled, "the limiter was cancelled")
}

extension SharedLimiter.State {
    enum Entry {
        case went(UInt64)
        case refused(Failure)
        case waits(Limiter.Ticket, Seat)
    }

    /// Nil: it takes the long way.
    mutating func goAtOnce(isKept: Bool, now: Instant) -> UInt64? {
        guard !isCancelled, parked.isEmpty, isKept || !limiter.holdsPermits,
            let permit = limiter.takeAtOnce(isKept: isKept, now: now)
        else { return nil }
        return isKept ? keep(permit, isKept: true, now: now) : 0
    }

    mutating func enter(_ options: AcquireOptions?, isKept: Bool, now: Instant) -> Entry {
        if isCancelled { return .refused(SharedLimiter.cancelled) }
        var demand = Limiter.Demand()
        if let options {
            demand = .init(scope: limiter.scope(of: options.request), points: options.cost, priority: options.priority)

        }
        if !parked.isEmpty, let entry = resume(demand, now: now) { return entry }
        if !isKept, limiter.holdsPermits {
            return .refused(
                Failure(
                    .invalidArgument,
                    "a limit counts what is under way, so permits have to be given back: permit is NULL"))
        }
        if !limiter.isKeptElsewhere, !limiter.isAwaited {
            switch limiter.earliest(for: demand, now: now) {
            case .now: return .went(keep(limiter.take(for: demand, now: now), isKept: isKept, now: now))
            case .never: return .refused(refusal(demand))
            case .at, .afterRelease: break
            }
        }
        let ticket = limiter.join(demand)
        let seat = Seat()
        seats[ticket] = (seat, isKept)
        return .waits(ticket, seat)
    }

    /// The place that this thread kept, if it asks for the same. Else it is given up.
    private mutating func resume(_ demand: Limiter.Demand, now: Instant) -> Entry? {
        guard let (ticket, wanted) = parked.removeValue(forKey: UInt(pthread_self())) else { return nil }
        let seat = seats[ticket]?.seat ?? granted.removeValue(forKey: ticket)
        if wanted == demand { return seat.map { .waits(ticket, $0) } }
        if seats[ticket] != nil {
            leave(ticket)
        } else if case .permit(let number)? = seat?.news, let permit = permits.remove(number) {
            limiter.release(permit, now: now, actualCost: 0)
        }
        return nil
    }

    func refusal(_ demand: Limiter.Demand) -> Failure {
        limiter.failure
            ?? Failure(.config, "a cost of \(demand.points) is more than the limits give at once, ever")
    }

    mutating func keep(_ permit: Limiter.Permit, isKept: Bool, now: Instant) -> UInt64 {
        if isKept, let number = permits.add(permit) { return number }
        limiter.release(permit, now: now)
        return 0
    }

    /// Everybody goes who may. Those of clients are told to come.
    mutating func grant(now: Instant) {
        if seats.isEmpty { return }
        var pass = Limiter.Pass()
        while let ticket = limiter.next(in: &pass, now: now) {
            guard let (seat, isKept) = seats[ticket] else {
                if let owner = owners[ticket], let wake = users[owner] { told.append(wake) }
                limiter.hold(ticket, in: &pass)
                continue
            }
            seats[ticket] = nil
            if parked.values.contains(where: { $0.ticket == ticket }) { granted[ticket] = seat }
            let demand = limiter.demand(of: ticket) ?? Limiter.Demand()
            if limiter.earliest(for: demand, now: now) != .never {
                let number = keep(limiter.take(ticket, now: now), isKept: isKept, now: now)
                told.append { seat.tell(.permit(number)) }
            } else {
                let failure = refusal(demand)
                limiter.leave(ticket)
                told.append { seat.tell(.failed(failure)) }
            }
            pass = Limiter.Pass()
        }
        let before = next
        next = pass.until
        // The one who watches the time sleeps too long now.
        if let next, before.map({ $0 > next }) ?? true, let watcher, let seat = seats[watcher]?.seat {
            told.append { seat.tell(.watch) }
        }
    }

    mutating func leave(_ ticket: Limiter.Ticket) {
        seats[ticket] = nil
        limiter.leave(ticket)
        stand(ticket)
    }

    mutating func park(_ ticket: Limiter.Ticket) {
        guard let demand = limiter.demand(of: ticket) else { return }
        parked[UInt(pthread_self())] = (ticket, demand)
        handOver(from: ticket)
    }

    /// Whoever leaves hands on the watch.
    mutating func stand(_ ticket: Limiter.Ticket) {
        granted[ticket] = nil
        handOver(from: ticket)
    }

    private mutating func handOver(from ticket: Limiter.Ticket) {
        guard watcher == ticket || watcher == nil else { return }
        let away = Set(parked.values.map(\.ticket))
        watcher = seats.keys.first { $0 != ticket && !away.contains($0) }
        if let watcher, let seat = seats[watcher]?.seat { told.append { seat.tell(.watch) } }
    }
}
