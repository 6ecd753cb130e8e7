/// Everything one client decides: its walks, their requests, limits, retries. No I/O, no clock, no randomness: those
/// come in as arguments, so a simulation drives exactly what production drives.
///
/// IO hands in events and then asks `next` until it says `.wait`.
public struct Client {
    public enum Action: Sendable {
        case send(transfer: UInt64, request: TransferRequest)
        case abort(transfer: UInt64)
        /// The body of `facts.transfer` goes with it.
        case page(walk: UInt64, facts: PageFacts)
        /// The body of that transfer is not needed.
        case discard(transfer: UInt64)
        case ended(walk: UInt64, failure: Failure?)
        /// Nothing to do before that instant, or (nil) before the next event.
        case wait(until: Instant?)
    }

    public struct Counts: Sendable {
        public var requests: Int64 = 0
        public var retries: Int64 = 0
        public var throttled: Int64 = 0

        public init() {}
    }

    public let source: Source
    private var limiter: Limiter
    private var walks: [UInt64: Walk] = [:]
    private var exchanges: [UInt64: Exchange] = [:]
    /// Exchanges that want a permit, in order of arrival.
    private var ready: [UInt64] = []
    private var transfers: [UInt64: UInt64] = [:]
    private var actions: [Action] = []
    private var actionsTaken = 0
    private var ticket: Limiter.Ticket?
    private var lastID: UInt64 = 0
    public private(set) var counts: [UInt64: Counts] = [:]

    public init(source: Source) {
        self.source = source
        limiter = Limiter(source.limits)
    }

    // MARK: the host

    public mutating func open(_ stream: Stream, isCall: Bool, walk id: UInt64) {
        do {
            walks[id] = try Walk(id: id, stream: stream, source: source, isCall: isCall)
            counts[id] = Counts()
            go(id)
        } catch {
            actions.append(.ended(walk: id, failure: error))
        }
    }

    /// The host took a page.
    public mutating func consumed(walk id: UInt64, bytes: Int64) {
        walks[id]?.consumed(bytes: bytes)
        go(id)
    }

    /// The host is done with the walk; a request under way is given up. No further action names it.
    public mutating func close(walk id: UInt64, now: Instant, shared: inout Limiter?) {
        forget(walk: id)
        guard let walk = walks.removeValue(forKey: id) else { return }
        counts[id] = nil
        guard let exchange = walk.exchange, let gone = exchanges.removeValue(forKey: exchange) else { return }
        ready.removeAll { $0 == exchange }
        if case .inFlight(let transfer) = gone.state {
            transfers[transfer] = nil
            actions.append(.abort(transfer: transfer))
            release(now: now, shared: &shared)
        }
        // The place in the line is the client's: others of its walks may wait there too.
        if ready.isEmpty { leaveLine(&shared) }
    }

    // MARK: the wire

    public mutating func failed(
        transfer: UInt64, failure: TransferFailure, now: Instant, shared: inout Limiter?,
        services: inout some Services
    ) {
        guard let id = transfers.removeValue(forKey: transfer), var exchange = exchanges[id] else { return }
        release(now: now, shared: &shared)
        charge(resends: failure.head?.hiddenResends ?? 0, to: &exchange, now: now, shared: &shared)
        var verdict = exchange.failed(failure, now: now, services: &services)
        if case .fail(let failure) = verdict { verdict = .fail(walks[exchange.walk]?.placed(failure) ?? failure) }
        settle(id, exchange, verdict)
    }

    public mutating func received(
        transfer: UInt64, head: ResponseHead, body: UnsafeRawBufferPointer, now: Instant, shared: inout Limiter?,
        services: inout some Services
    ) {
        guard let id = transfers.removeValue(forKey: transfer), var exchange = exchanges[id],
            var walk = walks[exchange.walk]
        else {
            actions.append(.discard(transfer: transfer))
            return
        }
        release(now: now, shared: &shared)
        charge(resends: head.hiddenResends, to: &exchange, now: now, shared: &shared)
        let feedback = RateLimitFeedback(head: head, body: body, services: services)
        if feedback.throttled { counts[exchange.walk]?.throttled += 1 }
        // A 503 that names a time means everybody, as a 429 does.
        if feedback.throttled || head.status == 503, let wait = feedback.wait {
            pause(until: now + wait, shared: &shared)
        }
        var verdict = exchange.received(
            head, feedback: feedback, body: body, source: source, now: now, services: &services)
        switch verdict {
        case .deliver:
            let reading = walk.received(
                transfer: transfer, head: head, feedback: feedback, body: body, exchange: exchange, services: services)
            switch reading {
            case .page(let facts):
                exchanges[id] = nil
                walk.exchange = nil
                walks[walk.id] = walk
                actions.append(.page(walk: walk.id, facts: facts))
                if walk.wantsRequest { go(walk.id) } else { actions.append(.ended(walk: walk.id, failure: nil)) }
                return
            case .unreadable(let failure): verdict = exchange.unreadable(failure, now: now, services: &services)
            case .fail(let failure): verdict = .fail(failure)
            }
        case .fail where walk.endsQuietly(on: head.status):
            actions.append(.discard(transfer: transfer))
            exchanges[id] = nil
            walk.exchange = nil
            walks[walk.id] = walk
            actions.append(.ended(walk: walk.id, failure: nil))
            return
        case .fail(let failure): verdict = .fail(walk.placed(failure))
        case .again: break
        }
        actions.append(.discard(transfer: transfer))
        settle(id, exchange, verdict)
    }

    /// What to do now. Ask until it says `.wait`.
    public mutating func next(now: Instant, shared: inout Limiter?) -> Action {
        // Requests leave before pages are handed over: the network works while the host does.
        wake(now: now)
        endParked(now: now, shared: &shared)
        var until = nextDelay()
        if let id = ready.first {
            switch permit(now: now, shared: &shared) {
            case .now: return send(id, now: now)
            case .at(let instant): until = min(until ?? instant, instant)
            case .afterRelease: break
            }
        }
        if actionsTaken < actions.count {
            defer {
                actionsTaken += 1
                if actionsTaken == actions.count {
                    actions.removeAll(keepingCapacity: true)
                    actionsTaken = 0
                }
            }
            return actions[actionsTaken]
        }
        return .wait(until: until)
    }

    /// A walk could go on, but for the host who has not taken its pages.
    public var isStarved: Bool { walks.values.contains { $0.wantsRequest && $0.exchange == nil } }

    // MARK: inside

    private mutating func send(_ id: UInt64, now: Instant) -> Action {
        ready.removeFirst()
        lastID &+= 1
        let transfer = lastID
        guard var exchange = exchanges[id] else { return .discard(transfer: transfer) }
        exchange.sent(transfer: transfer, now: now)
        counts[exchange.walk]?.requests += 1
        if exchange.attempts > 1 { counts[exchange.walk]?.retries += 1 }
        transfers[transfer] = id
        exchanges[id] = exchange
        return .send(transfer: transfer, request: exchange.request.signed(for: source))
    }

    /// Both budgets or none. The shared one is queued for only when the own one is ready, so that nobody holds a
    /// place there that it can't use.
    private mutating func permit(now: Instant, shared: inout Limiter?) -> Limiter.Earliest {
        let own = limiter.earliest(now: now)
        guard own == .now else {
            leaveLine(&shared)
            return own
        }
        if shared != nil {
            let place = ticket ?? shared?.join()
            ticket = place
            guard let place, shared?.isFirst(place) ?? true else { return .afterRelease }
            if let earliest = shared?.earliest(now: now), earliest != .now { return earliest }
            shared?.leave(place)
            ticket = nil
            shared?.take(now: now)
        }
        limiter.take(now: now)
        return .now
    }

    private mutating func leaveLine(_ shared: inout Limiter?) {
        guard let ticket else { return }
        shared?.leave(ticket)
        self.ticket = nil
    }

    private mutating func release(now: Instant, shared: inout Limiter?) {
        limiter.release(now: now)
        shared?.release(now: now)
    }

    /// libcurl sent a request again by itself: the server counted that one too.
    private mutating func charge(resends: Int, to exchange: inout Exchange, now: Instant, shared: inout Limiter?) {
        guard resends > 0 else { return }
        exchange.resent(resends)
        counts[exchange.walk]?.requests += Int64(resends)
        counts[exchange.walk]?.retries += Int64(resends)
        for _ in 0..<min(resends, 100) {
            limiter.take(now: now)
            shared?.take(now: now)
            release(now: now, shared: &shared)
        }
    }

    /// One request was told to come back later than anybody may be kept waiting: the others would be told the same.
    private mutating func endParked(now: Instant, shared: inout Limiter?) {
        guard !ready.isEmpty else { return }
        let pause = max(limiter.pause(now: now), shared?.pause(now: now) ?? .zero)
        guard pause > source.retry.maxRetryAfter else { return }
        let parked = ready
        ready.removeAll()
        leaveLine(&shared)
        for id in parked {
            guard let exchange = exchanges[id] else { continue }
            var failure = Failure(
                .rateLimited, "the server asked not to be called for \(pause.shown), longer than a request may wait")
            failure.retryAfter = pause
            failure = exchange.complete(failure)
            settle(id, exchange, .fail(walks[exchange.walk]?.placed(failure) ?? failure))
        }
    }

    private mutating func pause(until instant: Instant, shared: inout Limiter?) {
        limiter.pause(until: instant)
        shared?.pause(until: instant)
    }

    private mutating func settle(_ id: UInt64, _ exchange: Exchange, _ verdict: Exchange.Verdict) {
        switch verdict {
        case .deliver: break
        case .again:
            exchanges[id] = exchange
            if exchange.state == .ready { ready.append(id) }
        case .fail(let failure):
            exchanges[id] = nil
            walks[exchange.walk]?.exchange = nil
            actions.append(.ended(walk: exchange.walk, failure: failure))
        }
    }

    /// Starts the walk's next request when it has one and there is room for its page.
    private mutating func go(_ walkID: UInt64) {
        guard var walk = walks[walkID], walk.wantsRequest, walk.exchange == nil, walk.hasRoom else { return }
        do {
            let request = try walk.nextRequest()
            lastID &+= 1
            exchanges[lastID] = Exchange(walk: walkID, request: request, plan: source.retry)
            walk.exchange = lastID
            ready.append(lastID)
        } catch {
            actions.append(.ended(walk: walkID, failure: walk.placed(error)))
        }
        walks[walkID] = walk
    }

    private mutating func wake(now: Instant) {
        // A handful at most: one exchange a walk. In order, since a dictionary has none that two runs share.
        let due = exchanges.compactMap { id, exchange -> (at: Instant, id: UInt64)? in
            guard case .delayed(let instant) = exchange.state, instant <= now else { return nil }
            return (instant, id)
        }
        for (_, id) in due.sorted(by: <) {
            exchanges[id]?.state = .ready
            ready.append(id)
        }
    }

    /// Takes back what is still to be said of a walk.
    private mutating func forget(walk id: UInt64) {
        actions = actions[actionsTaken...].compactMap { action in
            switch action {
            case .page(walk: id, let facts): .discard(transfer: facts.transfer)
            case .ended(walk: id, _): nil
            default: action
            }
        }
        actionsTaken = 0
    }

    private func nextDelay() -> Instant? {
        var earliest: Instant?
        for exchange in exchanges.values {
            guard case .delayed(let instant) = exchange.state else { continue }
            earliest = min(earliest ?? instant, instant)
        }
        return earliest
    }
}
