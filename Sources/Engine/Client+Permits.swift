/// How requests come to their permits: the client's own budget and, where there is one, the shared one.
extension Client {
    /// A request under way and what it holds.
    struct Flight: Sendable {
        let exchange: UInt64
        let demand: Lanes.Key
        let own: Limiter.Permit
        let shared: Limiter.Permit?
        var sentAt = Instant(nanoseconds: 0)
        /// By the number of its name.
        var stream: Int?
    }

    // MARK: lining up

    /// Nil, or why it can never go.
    mutating func lineUp(_ id: UInt64, _ exchange: Exchange) -> Failure? {
        let key = demand(of: exchange)
        if key.own.points > 1, limiter.earliest(for: key.own, now: Instant(nanoseconds: 0)) == .never {
            return Failure(
                .config, "a request that costs \(key.own.points) points is more than the limits give at once, ever")
        }
        let index = ready.index(of: key)
        // Walks inside one take their turns as that one, so that a stream with many parents keeps nobody waiting.
        if var outer = owners[exchange.walk] {
            while let next = owners[outer] { outer = next }
            ready.lanes[index].turns.append(id, walk: outer, place: 0)
        } else {
            ready.lanes[index].turns.append(id, walk: exchange.walk, place: exchange.place)
        }
        if ready.lanes[index].ticket == nil { ready.lanes[index].ticket = limiter.join(key.own) }
        return nil
    }

    private mutating func demand(of exchange: Exchange) -> Lanes.Key {
        let stream = walks[exchange.walk]?.stream
        let points = stream?.request.cost.estimate ?? 1
        let priority = stream?.request.priority ?? .normal
        let scopes = scopes(of: exchange.request, stream: stream?.name ?? "")
        return Lanes.Key(
            own: .init(scope: scopes.own, points: points, priority: priority),
            shared: scopes.shared.map { .init(scope: $0, points: points, priority: priority) },
            server: servers.scope(
                exchange.request.url.origin, walks[exchange.walk]?.isCall == false ? stream?.name ?? "" : "",
                kind: limiter.isDivided ? scopes.own.index : 0))
    }

    private mutating func scopes(of request: PreparedRequest, stream: String) -> LastScopes {
        let origin = request.url.origin
        if let lastScopes, lastScopes.origin == origin, !limiter.isDivided, budget?.isDivided != true {
            return lastScopes
        }
        let kind = RequestKind(
            method: request.method, path: source.ownPath(request.url), host: origin.authority, stream: stream)
        let scopes = LastScopes(origin: origin, own: limiter.scope(of: kind), shared: budget?.scope(of: kind))
        lastScopes = scopes
        return scopes
    }

    /// Where the last request went. Limits that don't tell requests apart put the next one to that origin there, too.
    struct LastScopes: Sendable {
        let origin: Origin
        let own: Limiter.Scope
        let shared: Limiter.Scope?
    }

    /// The walk is gone, or done with it.
    mutating func leaveLanes(_ id: UInt64) {
        for index in ready.lanes.indices where !ready.lanes[index].turns.isEmpty {
            ready.lanes[index].turns.remove(id)
            // The place in the line is the lane's: others may wait there too.
            if ready.lanes[index].turns.isEmpty { leaveLines(index) }
        }
    }

    mutating func leaveLines(_ index: Int) {
        if let ticket = ready.lanes[index].ticket { limiter.leave(ticket) }
        ready.lanes[index].ticket = nil
        leaveShared(index)
    }

    /// None of them can go now, so none keeps others waiting.
    mutating func leaveSharedLines() {
        for index in ready.lanes.indices { leaveShared(index) }
    }

    mutating func leaveShared(_ index: Int) {
        if let ticket = ready.lanes[index].sharedTicket { budget?.leave(ticket) }
        ready.lanes[index].sharedTicket = nil
    }

    // MARK: going

    /// Both budgets or none. The shared one is queued for only when the own one is ready, so that nobody holds a
    /// place there that it can't use.
    mutating func sendNext(now: Instant, until: inout Instant?) -> Action? {
        ready.forgetOld()
        let out = notAdmitted(now: now, until: &until)
        var pass = Limiter.Pass(without: out)
        for index in ready.lanes.indices { ready.lanes[index].isReady = false }
        while let ticket = limiter.next(in: &pass, now: now) {
            guard let index = ready.index(of: ticket), let id = ready.lanes[index].turns.first else {
                limiter.leave(ticket)
                pass = Limiter.Pass(without: out)
                continue
            }
            let key = ready.lanes[index].key
            ready.lanes[index].isReady = true
            var shared: Limiter.Permit?
            switch askShared(index, now: now) {
            case .permit(let permit): shared = permit
            case .wait(let instant):
                pass.wait(until: instant)
                limiter.passOver(ticket, in: &pass)
                continue
            case .never:
                let reason =
                    "a request that costs \(key.own.points) points is more than the shared limiter gives at once, ever"
                failLane(index, budget?.failure ?? Failure(.config, reason))
                pass = Limiter.Pass(without: out)
                continue
            case nil: break
            }
            _ = ready.lanes[index].turns.removeFirst()
            ready.lanes[index].ticket = nil
            let own = limiter.take(ticket, now: now)
            if !ready.lanes[index].turns.isEmpty { ready.lanes[index].ticket = limiter.join(key.own) }
            let flight = Flight(exchange: id, demand: key, own: own, shared: shared)
            if let action = send(flight, now: now) { return action }
            pass = Limiter.Pass(without: out)
        }
        for index in ready.lanes.indices where !ready.lanes[index].isReady { leaveShared(index) }
        if let instant = pass.until { until = min(until ?? instant, instant) }
        return nil
    }

    /// Nil: there is no shared budget.
    private mutating func askShared(_ index: Int, now: Instant) -> Limiter.Answer? {
        guard let budget, let demand = ready.lanes[index].key.shared else { return nil }
        let place = ready.lanes[index].sharedTicket ?? budget.join(demand)
        let answer = budget.take(place, now: now)
        if case .wait = answer {
            ready.lanes[index].sharedTicket = place
        } else {
            ready.lanes[index].sharedTicket = nil
        }
        return answer
    }

    mutating func failLane(_ index: Int, _ failure: Failure) {
        let parked = ready.lanes[index].turns.removeAll()
        leaveLines(index)
        for id in parked {
            guard let exchange = exchanges[id] else { continue }
            settle(id, exchange, .fail(exchange.complete(failure)), status: nil)
        }
    }

    /// One request was told to come back later than anybody may be kept waiting: others like it would be told the same.
    mutating func endParked(now: Instant) {
        for index in ready.lanes.indices where !ready.lanes[index].turns.isEmpty {
            let key = ready.lanes[index].key
            var until = limiter.pausedUntil(key.own.scope, now: now)
            if let scope = key.shared?.scope, let shared = budget?.pausedUntil(scope, now: now) {
                until = max(until ?? shared, shared)
            }
            guard let until, until - now > source.retry.maxRetryAfter else { continue }
            let pause = until - now
            var failure = Failure(
                .rateLimited, "the server asked not to be called for \(pause.shown), longer than a request may wait")
            failure.retryAfter = pause
            failLane(index, failure)
        }
    }

    // MARK: coming back

    mutating func release(_ flight: Flight, actualCost: Int64? = nil, now: Instant) {
        limiter.release(flight.own, now: now, actualCost: actualCost)
        if let shared = flight.shared { budget?.release(shared, now: now, actualCost: actualCost) }
    }

    /// libcurl sent a request again by itself: the server counted that one too.
    mutating func charge(resends: Int, to exchange: inout Exchange, _ flight: Flight, now: Instant) {
        guard resends > 0 else { return }
        exchange.resent(resends)
        counts[exchange.walk]?.requests += Int64(resends)
        counts[exchange.walk]?.retries += Int64(resends)
        for _ in 0..<min(resends, 100) {
            limiter.release(limiter.take(for: flight.demand.own, now: now), now: now)
            if let budget, let demand = flight.demand.shared {
                budget.release(budget.charge(demand, now: now), now: now, actualCost: nil)
            }
        }
    }

    /// The server counts anew then. It says so in whole seconds as a rule: a second later is no earlier than it means.
    mutating func align(_ flight: Flight, resetAt instant: Instant, now: Instant) {
        limiter.align(flight.own.scope, resetAt: instant + .seconds(1), now: now)
        if let shared = flight.shared { budget?.align(shared.scope, resetAt: instant + .seconds(1), now: now) }
    }

    /// Requests like this one are to be left.
    mutating func pause(_ flight: Flight, until instant: Instant) {
        limiter.pause(flight.own.scope, until: instant)
        if let shared = flight.shared { budget?.pause(shared.scope, until: instant) }
    }
}

extension Source {
    /// A path as streams write it: below the base URL's, where it is there.
    func ownPath(_ url: WebURL) -> String {
        guard url.origin == baseURL.origin else { return url.path }
        let base = baseURL.path.utf8.last == UInt8(ascii: "/") ? baseURL.path.utf8.dropLast() : baseURL.path.utf8[...]
        guard !base.isEmpty, url.path.utf8.starts(with: base) else { return url.path }
        let rest = url.path.utf8.dropFirst(base.count)
        guard rest.isEmpty || rest.first == UInt8(ascii: "/") else { return url.path }
        return String(decoding: rest, as: UTF8.self)
    }
}
