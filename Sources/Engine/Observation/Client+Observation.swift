/// Where the client writes down what happens.
extension Client {
    /// What has happened since it was asked last.
    public mutating func takeEvents() -> [Event] {
        if observation.outbox.isEmpty { return [] }
        defer { observation.outbox.removeAll(keepingCapacity: true) }
        return observation.outbox
    }

    /// Whether anything is written down at all.
    public var isObserved: Bool {
        get { observation.isOn }
        set { observation.isOn = newValue }
    }

    public var hasEvents: Bool { !observation.outbox.isEmpty }

    /// The names that events give by number.
    public var streamNames: [String] { observation.names }

    /// Another one: there are other secrets.
    public var secretsGeneration: UInt64 { tokens.reduce(0) { $0 &+ $1.generation &+ UInt64($1.past.count) } }

    public func eventWriter(wall: WallStart) -> EventWriter {
        EventWriter(source, secrets: tokens.flatMap(\.secrets), wall: wall)
    }

    /// IO has something to tell of a walk.
    public mutating func tell(_ kind: Event.Kind, of walk: UInt64, now: Instant) {
        observation.add(kind, stream: observation.watches[walk]?.stream, at: now)
    }

    func stream(of walk: UInt64) -> Int? {
        observation.streams[walk]
    }

    mutating func watch(_ id: UInt64, _ stream: Stream, isCall: Bool) {
        let name = isCall ? "" : stream.name
        observation.streams[id] = observation.number(of: name)
        if owners[id] == nil { observation.open(id, name) }
    }

    /// Where the runs before left an incremental stream: it lags behind even if nothing comes now.
    mutating func noteCursor(of id: UInt64) {
        guard let stream = observation.watches[id]?.stream, let highest = fanOuts[id]?.run?.highest else { return }
        observation.outbox.append(Event(at: Instant(nanoseconds: 0), stream: stream, .cursor(highest)))
    }

    /// The walk is closed: whatever it was at is over.
    mutating func unwatch(_ id: UInt64, now: Instant) {
        observation.streams[id] = nil
        guard let watch = observation.watches[id] else { return }
        if !watch.isOver {
            observation.end(id, now: now)
            let failure = Failure(.cancelled, "the walk was given up")
            observation.add(.failed(FailureNote(failure)), stream: watch.stream, at: now)
        }
        observation.forget(id)
    }

    /// What the host is going to hear.
    mutating func note(_ action: Action, now: Instant) {
        guard observation.isOn else { return }
        switch action {
        case .page(let walk, let facts):
            let stream = observation.watches[walk]?.stream
            observation.add(.page(PageNote(facts)), stream: stream, at: now)
        case .ended(let walk, let failure):
            observation.end(walk, now: now)
            let stream = observation.watches[walk]?.stream
            observation.add(failure.map { .failed(FailureNote($0)) } ?? .finished, stream: stream, at: now)
        case .wait: look(now: now)
        case .send, .abort, .discard: break
        }
    }

    mutating func note(
        _ head: ResponseHead?, _ failure: TransferFailure?, of flight: Flight, _ exchange: Exchange, now: Instant
    ) {
        guard observation.isOn else { return }
        let note = RequestNote(
            exchange.request, head ?? failure?.head, failure, attempt: exchange.attempts, now - flight.sentAt)
        observation.add(.answered(note), stream: flight.stream, at: now)
    }

    mutating func noteAbandoned(_ flight: Flight, now: Instant) {
        observation.add(.abandoned, stream: flight.stream, at: now)
    }

    /// Refused because of a limit, whatever becomes of the request.
    mutating func noteLimit(_ feedback: RateLimitFeedback, _ head: ResponseHead, _ exchange: Exchange, now: Instant) {
        guard feedback.throttled else { return }
        let stream = stream(of: exchange.walk)
        observation.add(.limited(status: head.status, wait: feedback.wait), stream: stream, at: now)
    }

    /// If it goes out again, why.
    mutating func noteRetry(
        _ exchange: inout Exchange, _ verdict: Exchange.Verdict, _ cause: RetryCause, isToldWhen: Bool = false,
        now: Instant
    ) {
        guard case .again = verdict, case .delayed(let instant) = exchange.state else { return }
        exchange.retryCause = cause
        exchange.isToldWhen = isToldWhen || cause == .throttled
        observation.add(
            .retry(cause, attempt: exchange.attempts, at: instant, exchange.told), stream: stream(of: exchange.walk),
            at: now)
    }

    mutating func noteToken(_ outcome: TokenLife.Outcome, now: Instant) {
        switch outcome {
        case .again: break
        case .renewed: observation.add(.token(nil), stream: nil, at: now)
        case .failed(let failure): observation.add(.token(FailureNote(failure)), stream: nil, at: now)
        }
    }

    mutating func noteBreakers(now: Instant) {
        guard !servers.turns.isEmpty else { return }
        for turn in servers.takeTurns() {
            let note = BreakerNote(
                origin: "\(turn.origin)", from: turn.from.name, to: turn.to.name, until: turn.to.openUntil)
            let stream = observation.names.firstIndex(of: turn.stream)
            observation.add(.breaker(note), stream: stream, at: now)
        }
    }

    // MARK: waiting

    /// What every walk of the host's is at, now that nothing is left to do.
    private mutating func look(now: Instant) {
        noteBreakers(now: now)
        guard !observation.watches.isEmpty else { return }
        var found: [UInt64: (cause: WaitCause, until: Instant?)] = [:]
        for (_, exchange) in exchanges {
            let walk = outermost(exchange.walk)
            switch exchange.state {
            case .inFlight: found[walk] = (.response, nil)
            case .delayed(let until):
                let cause: WaitCause = exchange.isToldWhen ? .pause : .retry
                Self.keep(&found[walk], cause, until)
            case .ready: break
            }
        }
        if !ready.isEmpty { lookAtLanes(&found, now: now) }
        for (walk, watch) in observation.watches where !watch.isOver {
            let (cause, until) = found[walk] ?? (.host, nil)
            if watch.cause == cause, watch.until == until, watch.since != nil { continue }
            observation.turn(walk, to: cause, until: until, now: now)
        }
    }

    /// The one that is over first keeps the walk.
    private static func keep(_ found: inout (cause: WaitCause, until: Instant?)?, _ cause: WaitCause, _ until: Instant?)
    {
        if let found, found.cause == .response || (found.until ?? .distantFuture) <= (until ?? .distantFuture) {
            return
        }
        found = (cause, until)
    }

    private func outermost(_ walk: UInt64) -> UInt64 {
        var walk = walk
        while let owner = owners[walk] { walk = owner }
        return walk
    }

    private func lookAtLanes(_ found: inout [UInt64: (cause: WaitCause, until: Instant?)], now: Instant) {
        let needsToken = !tokens.isEmpty && !hasTokens(now: now)
        for lane in ready.lanes where !lane.turns.isEmpty {
            let (cause, until) = needsToken ? (.token, tokens.compactMap(\.dueAt).min()) : reason(lane, now: now)
            for id in lane.turns.exchanges {
                guard let exchange = exchanges[id] else { continue }
                Self.keep(&found[outermost(exchange.walk)], cause, until)
            }
        }
    }

    private func reason(_ lane: Lanes.Lane, now: Instant) -> (WaitCause, Instant?) {
        switch lane.admission {
        case .now: break
        case .at(let instant): return (.quota, instant)
        case .afterAnswer: return (.concurrency, nil)
        case .open(let until): return (.breaker, until < .distantFuture ? until : nil)
        }
        if let until = limiter.pausedUntil(lane.key.own.scope, now: now) { return (.pause, until) }
        if let (rule, until) = limiter.binding(lane.key.own, now: now) { return (.limit(rule), until) }
        guard let budget, let demand = lane.key.shared else { return (.line, nil) }
        if let until = budget.pausedUntil(demand.scope, now: now) { return (.pause, until) }
        return (.shared, nil)
    }
}

extension Limiter {
    /// Which rule such a request waits for longest, and until when as far as time alone decides.
    func binding(_ demand: Demand, now: Instant) -> (rule: Int, until: Instant?)? {
        guard scopes.indices.contains(demand.scope.index) else { return nil }
        var found: (rule: Int, until: Instant?)?
        for slot in scopes[demand.scope.index].slots {
            switch budgets.earliest(slot, demand.points, now: now) {
            case .now, .never: break
            case .at(let instant):
                if let until = found?.until, until >= instant { continue }
                found = (slot.rule, instant)
            case .afterRelease: return (slot.rule, nil)
            }
        }
        return found
    }
}

extension CircuitBreaker.State {
    var openUntil: Instant? { if case .open(let until) = self { until } else { nil } }
}
