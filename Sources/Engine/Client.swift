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
        /// Parents that a walk over a stream went on without, and why, of the first few.
        public var skipped: Int64 = 0
        public var firstSkipped: [String] = []

        public init() {}
    }

    @Boxed public private(set) var source: Source
    var limiter: Limiter
    var servers: Servers
    /// What it shares with others, besides its own limits.
    let budget: (any SharedBudget)?
    let notary: any Notary
    var tokens: [TokenLife] = []
    var tokenFlights: [UInt64: Int] = [:]
    var walks: [UInt64: Walk] = [:]
    /// Walks that are made of others, the walks that they are made of, and whose those are.
    var fanOuts: [UInt64: FanOut] = [:]
    var owners: [UInt64: UInt64] = [:]
    var unwantedWalks: [UInt64] = []
    /// Far from the host's.
    var lastInner: UInt64 = 1 << 63
    var exchanges: [UInt64: Exchange] = [:]
    /// Exchanges that want a permit.
    var ready = Lanes()
    var lastScopes: LastScopes?
    /// Transfers whose exchange is gone: to be ended.
    private var unwanted: [UInt64] = []
    private var transfers: [UInt64: Flight] = [:]
    var actions: [Action] = []
    private var actionsTaken = 0
    private var lastID: UInt64 = 0
    /// Of the keys that it makes for requests.
    public var keys = RequestKeys(seed: (0, 0))
    public internal(set) var counts: [UInt64: Counts] = [:]
    var observation = Observation()

    public init(
        source: Source, budget: (any SharedBudget)? = nil, notary: any Notary = NoNotary()
    ) {
        self.source = source
        self.budget = budget
        self.notary = notary
        tokens = source.tokens.map { TokenLife($0) }
        limiter = Limiter(source.limits)
        servers = Servers(source)
    }

    // MARK: the host

    public mutating func open(_ stream: Stream, isCall: Bool, walk id: UInt64) {
        watch(id, stream, isCall: isCall)
        if let over = stream.over { return openFanOut(stream, over, walk: id) }
        do {
            walks[id] = try Walk(id: id, stream: stream, source: source, isCall: isCall)
            counts[id] = Counts()
            // An earlier run came to the end.
            if walks[id]?.isOver == true { actions.append(.ended(walk: id, failure: nil)) }
            go(id)
        } catch {
            actions.append(.ended(walk: id, failure: error))
        }
    }

    /// The host took a page.
    public mutating func consumed(walk id: UInt64, bytes: Int64) {
        if fanOuts[id] != nil { return consumedFanOut(walk: id) }
        walks[id]?.consumed(bytes: bytes)
        go(id)
    }

    /// The host wants a page behind the `taken` that it has had. Only walks that don't look ahead wait for that.
    public mutating func asked(walk id: UInt64, taken: UInt64) {
        if fanOuts[id] != nil { return askedFanOut(walk: id, taken: taken) }
        walks[id]?.ask(taken: taken)
        go(id)
    }

    /// The host is done with the walk; a request under way is given up. No further action names it.
    public mutating func close(walk id: UInt64, now: Instant) {
        unwatch(id, now: now)
        closeFanOut(walk: id, now: now)
        forget(walk: id)
        guard var walk = walks.removeValue(forKey: id) else { return }
        counts[id] = nil
        drop(walk.takeDropped(all: true))
        abortUnwanted(now: now)
    }

    // MARK: the wire

    public mutating func failed(
        transfer: UInt64, failure: TransferFailure, now: Instant,
        services: inout some Services
    ) {
        guard let flight = transfers.removeValue(forKey: transfer) else {
            _ = failedForToken(transfer, failure, now: now, services: &services)
            return
        }
        release(flight, now: now)
        let id = flight.exchange
        servers.failed(transfer, health: .init(failure.kind), request: id, now: now, services: &services)
        guard var exchange = exchanges[id] else { return }
        charge(resends: failure.head?.hiddenResends ?? 0, to: &exchange, flight, now: now)
        note(nil, failure, of: flight, exchange, now: now)
        let verdict = exchange.failed(failure, now: now, services: &services)
        putOff(&exchange, flight.demand.server, verdict, now: now)
        noteRetry(&exchange, verdict, RetryCause(failure.kind), now: now)
        settle(id, exchange, verdict, status: nil)
    }

    /// The head of a response of 2xx is in, its body on the way; for requests that say `reportsHead`.
    public mutating func headReceived(transfer: UInt64, head: ResponseHead, services: some Services) {
        guard let id = transfers[transfer]?.exchange, let exchange = exchanges[id] else { return }
        walks[exchange.walk]?.heard(head, of: id, url: exchange.request.url, services: services)
        go(exchange.walk)
    }

    public mutating func received(
        transfer: UInt64, head: ResponseHead, body: UnsafeRawBufferPointer, now: Instant,
        services: inout some Services
    ) {
        guard let flight = transfers.removeValue(forKey: transfer) else {
            if receivedForToken(transfer, head, body, now: now, services: &services) { return }
            actions.append(.discard(transfer: transfer))
            return
        }
        let id = flight.exchange
        let cost = exchanges[id].flatMap { walks[$0.walk]?.actualCost(head, body: body, services: services) }
        release(flight, actualCost: cost, now: now)
        guard var exchange = exchanges[id], var walk = walks[exchange.walk] else {
            servers.abandoned(transfer, now: now)
            actions.append(.discard(transfer: transfer))
            return
        }
        charge(resends: head.hiddenResends, to: &exchange, flight, now: now)
        note(head, nil, of: flight, exchange, now: now)
        var feedback = RateLimitFeedback(
            head: head, body: body, profile: source.serverLimits.profile, services: services)
        let ruling = exchange.isRuled(head) ? walk.ruling(on: head, body: body, services: services) : nil
        if let ruling { feedback.obey(ruling) }
        if feedback.throttled { counts[exchange.walk]?.throttled += 1 }
        noteLimit(feedback, head, exchange, now: now)
        // A 503 that names a time means everybody, as a 429 does.
        if feedback.throttled || head.status == 503, let wait = feedback.wait {
            // Not all at once: other clients were told the same.
            let spread = services.random(upTo: min(1_000_000_000, wait.nanoseconds / 10))
            pause(flight, until: now + wait + Timespan(nanoseconds: wait > source.retry.maxRetryAfter ? 0 : spread))
        }
        if let reset = feedback.resetAfter { align(flight, resetAt: now + reset, now: now) }
        var health = Servers.Health(
            status: head.status, isThrottled: feedback.throttled, ruling: ruling?.action,
            isAccepted: exchange.request.acceptedStatuses.contains(head.status))
        if !tokens.isEmpty, head.status == 401 || ruling?.action == .renewAuth {
            refuseTokens(of: exchange.request)
            if ruling == nil || ruling?.action == .renewAuth, exchange.renews(now: now) {
                heard(transfer, id, feedback, status: head.status, health: health, now: now, services: &services)
                actions.append(.discard(transfer: transfer))
                return settle(id, exchange, .again, status: nil)
            }
        }
        var cause: RetryCause = feedback.throttled ? .throttled : ruling == nil ? .status : .rule
        var verdict = exchange.received(
            head, feedback: feedback, ruling: ruling, body: body, source: source, now: now, services: &services)
        if case .deliver = verdict {
            if id != walk.exchange, exchange.request.reportsHead {
                walk.heard(head, of: id, url: exchange.request.url, services: services)
            }
            let reading = walk.received(
                exchange: id, transfer: transfer, head: head, feedback: feedback, ruling: ruling, body: body,
                exchange: exchange, services: services)
            switch reading {
            case .page(let facts):
                exchanges[id] = nil
                heard(transfer, id, feedback, status: head.status, health: health, now: now, services: &services)
                actions.append(.page(walk: walk.id, facts: facts))
                return goOn(&walk, services: services)
            case .kept:
                exchanges[id] = nil
                heard(transfer, id, feedback, status: head.status, health: health, now: now, services: &services)
                return goOn(&walk, services: services)
            case .passed:
                exchanges[id] = nil
                heard(transfer, id, feedback, status: head.status, health: health, now: now, services: &services)
                actions.append(.discard(transfer: transfer))
                return goOn(&walk, services: services)
            case .unreadable(let failure):
                (health, cause) = (.ill, .body)
                verdict = exchange.unreadable(failure, now: now, services: &services)
            case .fail(let failure): verdict = .fail(failure)
            }
        }
        heard(transfer, id, feedback, status: head.status, health: health, now: now, services: &services)
        if !feedback.throttled || feedback.wait == nil { putOff(&exchange, flight.demand.server, verdict, now: now) }
        noteRetry(&exchange, verdict, cause, isToldWhen: feedback.wait != nil, now: now)
        actions.append(.discard(transfer: transfer))
        // What a rule calls an error is no quiet end.
        settle(id, exchange, verdict, status: ruling == nil ? head.status : nil)
    }

    /// What to do now. Ask until it says `.wait`.
    public mutating func next(now: Instant) -> Action {
        while true {
            if !unwantedWalks.isEmpty { closeUnwanted(now: now) }
            let action = nextOfWalks(now: now)
            guard let heard = owners.isEmpty ? action : route(action, now: now) else { continue }
            note(heard, now: now)
            return heard
        }
    }

    private mutating func nextOfWalks(now: Instant) -> Action {
        // Requests leave before pages are handed over: the network works while the host does.
        wake(now: now)
        if !unwanted.isEmpty { abortUnwanted(now: now) }
        endParked(now: now)
        var until = nextDelay()
        if !tokens.isEmpty, let action = sendForToken(now: now, until: &until) { return action }
        if !ready.isEmpty {
            if !tokens.isEmpty, !hasTokens(now: now) {
                leaveSharedLines()
            } else if let action = sendNext(now: now, until: &until) {
                return action
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
    public var isStarved: Bool {
        walks.values.contains { $0.isStarved } || fanOuts.values.contains { $0.isStarved }
    }

    var transferCount: Int { transfers.count }

    // MARK: inside

    mutating func newID() -> UInt64 {
        lastID &+= 1
        return lastID
    }

    /// Nil: it could not be signed, and its walk knows.
    mutating func send(_ flight: Flight, now: Instant) -> Action? {
        let transfer = newID()
        guard var exchange = exchanges[flight.exchange] else {
            release(flight, now: now)
            return .discard(transfer: transfer)
        }
        if !tokens.isEmpty { sign(&exchange.request) }
        var request = exchange.request.signed(for: source)
        if source.signature != nil || source.hostSignature != nil, let failure = sign(&request, exchange.request) {
            release(flight, now: now)
            settle(flight.exchange, exchange, .fail(exchange.complete(failure)), status: nil)
            return nil
        }
        exchange.sent(transfer: transfer, now: now)
        var flight = flight
        flight.sentAt = now
        flight.stream = stream(of: exchange.walk)
        counts[exchange.walk]?.requests += 1
        if exchange.attempts > 1 { counts[exchange.walk]?.retries += 1 }
        transfers[transfer] = flight
        servers.sent(transfer, scope: flight.demand.server, now: now)
        exchanges[flight.exchange] = exchange
        return .send(transfer: transfer, request: request)
    }

    mutating func settle(_ id: UInt64, _ exchange: Exchange, _ verdict: Exchange.Verdict, status: Int?) {
        switch verdict {
        case .deliver: break
        case .again:
            exchanges[id] = exchange
            guard exchange.state == .ready else { return }
            if let failure = lineUp(id, exchange) {
                settle(id, exchange, .fail(exchange.complete(failure)), status: nil)
            }
        case .fail(let failure):
            exchanges[id] = nil
            guard var walk = walks[exchange.walk] else { return }
            if walk.refuse(exchange: id, failure, status: status) {
                walks[walk.id] = walk
                go(walk.id)
            } else if let status, walk.endsQuietly(on: status) {
                end(&walk, nil)
            } else {
                end(&walk, walk.placed(failure))
            }
        }
    }

    mutating func hold(_ id: UInt64, _ isHeld: Bool) {
        walks[id]?.isHeld = isHeld
        if !isHeld { go(id) }
    }

    /// A page is in: those that waited for it follow, then the next requests.
    private mutating func goOn(_ walk: inout Walk, services: some Services) {
        while let due = walk.takeDue(services: services) {
            switch due {
            case .page(let facts): actions.append(.page(walk: walk.id, facts: facts))
            case .nothing: break
            case .failed(let failure, let transfer):
                if let transfer { actions.append(.discard(transfer: transfer)) }
                return end(&walk, failure)
            }
        }
        if walk.isOver { return end(&walk, nil) }
        drop(walk.takeDropped(all: false))
        walks[walk.id] = walk
        go(walk.id)
    }

    private mutating func end(_ walk: inout Walk, _ failure: Failure?) {
        walk.isOver = true
        walk.wantsRequest = false
        drop(walk.takeDropped(all: true))
        walks[walk.id] = walk
        actions.append(.ended(walk: walk.id, failure: failure.map(withoutSecrets)))
    }

    private mutating func drop(_ gone: [Ahead.State]) {
        for state in gone {
            switch state {
            case .asked(let id):
                leaveLanes(id)
                if case .inFlight(let transfer)? = exchanges.removeValue(forKey: id)?.state {
                    unwanted.append(transfer)
                }
            case .waiting(let arrival): actions.append(.discard(transfer: arrival.facts.transfer))
            case .handed, .refused: break
            }
        }
    }

    private mutating func abortUnwanted(now: Instant) {
        for transfer in unwanted {
            guard let flight = transfers.removeValue(forKey: transfer) else { continue }
            actions.append(.abort(transfer: transfer))
            noteAbandoned(flight, now: now)
            servers.abandoned(transfer, now: now)
            release(flight, now: now)
        }
        unwanted.removeAll()
    }

    /// Starts the walk's next requests when it has some and there is room for their pages.
    private mutating func go(_ walkID: UInt64) {
        guard var walk = walks[walkID], !walk.isOver else { return }
        do {
            if walk.wantsRequest, walk.hasRoom {
                walk.exchange = try begin(try walk.nextRequest(), walk: walkID, place: walk.place(of: walk.token))
            }
            while let token = walk.nextAhead() {
                walk.ask(
                    token,
                    by: try begin(try walk.request(token, isAhead: true), walk: walkID, place: walk.place(of: token))
                )
            }
            walks[walkID] = walk
        } catch {
            end(&walk, walk.placed(error))
        }
    }

    private mutating func begin(
        _ request: PreparedRequest, walk: UInt64, place: UInt64
    ) throws(Failure) -> UInt64 {
        lastID &+= 1
        var request = request
        if let header = request.keyHeader { request.add(key: keys.next(), header: header) }
        let exchange = Exchange(walk: walk, place: place, request: request, plan: source.retry)
        exchanges[lastID] = exchange
        if let failure = lineUp(lastID, exchange) {
            exchanges[lastID] = nil
            throw failure
        }
        return lastID
    }

    private mutating func wake(now: Instant) {
        // A handful, as a rule: one exchange a walk. In order, since a dictionary has none that two runs share.
        let due = exchanges.compactMap { id, exchange -> (at: Instant, id: UInt64)? in
            guard case .delayed(let instant) = exchange.state, instant <= now else { return nil }
            return (instant, id)
        }
        for (_, id) in due.sorted(by: <) {
            exchanges[id]?.state = .ready
            guard let exchange = exchanges[id], let failure = lineUp(id, exchange) else { continue }
            settle(id, exchange, .fail(exchange.complete(failure)), status: nil)
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
