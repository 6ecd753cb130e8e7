/// What a client has learnt of the servers that it talks to, and what follows for its next requests: their own limits,
/// whether they are well, and how much they bear.
///
/// Kinds of requests are told apart by *scope*: origin and class. Streams are classes of their own, so that one that
/// never works keeps nobody else waiting. Which of the server's limits a scope falls under is learnt from the answers,
/// where the server has names for them; else all scopes of an origin are held to the same, but those that the document's
/// own limits tell apart.
struct Servers: Sendable {
    struct Scope: Hashable, Sendable {
        fileprivate let index: Int
    }
    enum Admission: Equatable, Sendable {
        case now
        case at(Instant)
        /// When a request under way is answered.
        case afterAnswer
        /// The circuit breaker is open until then.
        case open(until: Instant)
    }
    /// What became of a request, as far as the server's health goes.
    enum Health: Sendable {
        case well, ill, unknown
    }
    private struct Entry: Sendable {
        let host: Int
        let name: String
        let kind: Int
        var breaker: CircuitBreaker
        var bucket: Int
        /// Failures in a row that were attempts of the same request.
        var lastIll: UInt64 = 0
    }
    private struct Host: Sendable {
        let origin: Origin
        var budget: RetryBudget
        var concurrency: AdaptiveConcurrency?
        var inFlight: Int64 = 0
        var buckets: [Int] = []
    }
    private struct Flight: Sendable {
        let scope: Int
        let bucket: Int
        let sentAt: Instant
        let permit: CircuitBreaker.Permit
    }

    let limits: ServerLimitsPlan
    let breakerPlan: BreakerPlan
    private let retry: RetryPlan
    private let mostConcurrent: Int64?
    private var scopes: [Entry] = []
    private var hosts: [Host] = []
    private var buckets: [QuotaBucket] = []
    private var flights: [UInt64: Flight] = [:]
    /// Breakers that changed, until somebody takes that.
    private(set) var turns: [BreakerTurn] = []

    init(_ source: Source) {
        limits = source.serverLimits
        breakerPlan = source.breaker
        retry = source.retry
        mostConcurrent = source.limits.mostAdaptive
    }

    // MARK: scopes

    /// A handful, so they are looked for one by one.
    ///
    /// - Parameters:
    ///   - name: of the stream; empty for single calls.
    ///   - kind: of such requests, where the document's limits know several.
    mutating func scope(_ origin: Origin, _ name: String, kind: Int) -> Scope {
        let host = host(origin)
        if let index = scopes.firstIndex(where: { $0.host == host && $0.name == name && $0.kind == kind }) {
            return Scope(index: index)
        }
        let bucket =
            hosts[host].buckets.first { buckets[$0].resource == nil && buckets[$0].kind == kind }
            ?? addBucket(QuotaBucket(kind: kind), host: host)
        scopes.append(
            Entry(host: host, name: name, kind: kind, breaker: CircuitBreaker(breakerPlan), bucket: bucket))
        return Scope(index: scopes.count - 1)
    }

    /// Of a stream, not of single calls.
    func isStream(_ scope: Scope) -> Bool { scopes.indices.contains(scope.index) && !scopes[scope.index].name.isEmpty }

    private mutating func host(_ origin: Origin) -> Int {
        if let index = hosts.firstIndex(where: { $0.origin == origin }) { return index }
        hosts.append(
            Host(
                origin: origin, budget: RetryBudget(percent: retry.budgetPercent, least: retry.budgetLeast),
                concurrency: mostConcurrent.map { AdaptiveConcurrency(most: $0) }))
        return hosts.count - 1
    }

    private mutating func addBucket(_ bucket: QuotaBucket, host: Int) -> Int {
        buckets.append(bucket)
        hosts[host].buckets.append(buckets.count - 1)
        return buckets.count - 1
    }

    // MARK: before a request

    mutating func admission(_ scope: Scope, now: Instant) -> Admission {
        guard scopes.indices.contains(scope.index) else { return .now }
        let (host, bucket) = (scopes[scope.index].host, scopes[scope.index].bucket)
        if buckets[bucket].isQuiet, hosts[host].concurrency == nil, scopes[scope.index].breaker.state == .closed {
            return .now
        }
        if let concurrency = hosts[host].concurrency, hosts[host].inFlight >= concurrency.limit { return .afterAnswer }
        var at = now
        if limits.isOn, !buckets[bucket].isQuiet {
            guard let instant = buckets[bucket].earliest(now: now, plan: limits) else { return .afterAnswer }
            at = max(at, instant)
        }
        let before = scopes[scope.index].breaker.state
        let earliest = scopes[scope.index].breaker.earliest(now: now)
        noteTurn(scope.index, from: before)
        switch earliest {
        case .now: break
        case .at(let until): return .open(until: max(until, at))
        case .afterProbe(let end): return .at(max(end, at))
        case .never: return .open(until: .distantFuture)
        }
        return at > now ? .at(at) : .now
    }

    /// - Parameter transfer: numbers go up from request to request.
    mutating func sent(_ transfer: UInt64, scope: Scope, now: Instant) {
        guard scopes.indices.contains(scope.index) else { return }
        let (host, bucket) = (scopes[scope.index].host, scopes[scope.index].bucket)
        hosts[host].inFlight += 1
        hosts[host].budget.sent(now: now)
        buckets[bucket].take(now: now, plan: limits)
        flights[transfer] = Flight(
            scope: scope.index, bucket: bucket, sentAt: now, permit: scopes[scope.index].breaker.take(now: now))
    }

    // MARK: after it

    /// A response is in.
    mutating func answered(
        _ transfer: UInt64, _ feedback: RateLimitFeedback, status: Int, health: Health, request: UInt64, now: Instant,
        services: inout some Services
    ) {
        guard let flight = land(transfer) else { return }
        if limits.isOn { learn(feedback, of: flight, order: transfer, now: now, services: &services) }
        let host = scopes[flight.scope].host
        if feedback.throttled || status == 503 {
            hosts[host].concurrency?.refused(sentAt: flight.sentAt, now: now)
        } else if health == .well {
            let inFlight = hosts[host].inFlight + 1
            hosts[host].concurrency?.answered(sentAt: flight.sentAt, inFlight: inFlight, now: now)
        }
        settle(flight, health, retryAfter: status == 503 ? feedback.retryAfter : nil, request, now, &services)
    }

    /// None came.
    mutating func failed(
        _ transfer: UInt64, health: Health, request: UInt64, now: Instant, services: inout some Services
    ) {
        guard let flight = land(transfer) else { return }
        buckets[flight.bucket].spend()
        settle(flight, health, retryAfter: nil, request, now, &services)
    }

    /// It was given up: that says nothing.
    mutating func abandoned(_ transfer: UInt64, now: Instant) {
        guard let flight = land(transfer) else { return }
        buckets[flight.bucket].spend()
        scopes[flight.scope].breaker.abandoned(flight.permit)
    }

    /// When a repetition that is wanted at `instant` may leave.
    mutating func retry(_ scope: Scope, at instant: Instant, now: Instant) -> Instant {
        guard scopes.indices.contains(scope.index) else { return instant }
        return hosts[scopes[scope.index].host].budget.take(at: instant, now: now)
    }

    private mutating func land(_ transfer: UInt64) -> Flight? {
        guard let flight = flights.removeValue(forKey: transfer) else { return nil }
        let host = scopes[flight.scope].host
        hosts[host].inFlight = max(0, hosts[host].inFlight - 1)
        buckets[flight.bucket].release()
        return flight
    }

    private mutating func learn(
        _ feedback: RateLimitFeedback, of flight: Flight, order: UInt64, now: Instant, services: inout some Services
    ) {
        var bucket = flight.bucket
        let host = scopes[flight.scope].host
        if let resource = feedback.resource, buckets[bucket].resource != resource {
            bucket =
                hosts[host].buckets.first { buckets[$0].resource == resource }
                ?? addBucket(QuotaBucket(kind: 0, resource: resource), host: host)
            scopes[flight.scope].bucket = bucket
        }
        if feedback.throttled {
            buckets[bucket].gate.refused(wait: feedback.wait, sentAt: flight.sentAt, now: now, services: &services)
        } else {
            buckets[bucket].gate.answered(sentAt: flight.sentAt)
        }
        if feedback.policies.isEmpty, buckets[bucket].isUnknown { return }
        buckets[bucket].learn(feedback, order: order, now: now)
    }

    /// One page that never works is no server that is down: all the attempts of a stream's request together count as
    /// one fewer than open the breaker. (A single call's count in full.)
    private mutating func settle(
        _ flight: Flight, _ health: Health, retryAfter: Timespan?, _ request: UInt64, _ now: Instant,
        _ services: inout some Services
    ) {
        var outcome: CircuitBreaker.Outcome
        switch health {
        case .well: outcome = .success
        case .ill: outcome = .failure(retryAfter: retryAfter)
        case .unknown: outcome = .ignored
        }
        let entry = scopes[flight.scope]
        if health == .ill, !entry.name.isEmpty, entry.breaker.state == .closed, entry.lastIll == request,
            entry.breaker.inARow >= breakerPlan.failures - 1
        {
            outcome = .ignored
        }
        if health == .ill { scopes[flight.scope].lastIll = request }
        scopes[flight.scope].breaker.settled(
            flight.permit, outcome, took: now - flight.sentAt, now: now, services: &services)
        noteTurn(flight.scope, from: entry.breaker.state)
    }

    // MARK: what is told of breakers

    struct BreakerTurn: Sendable {
        let origin: Origin
        let stream: String
        let from: CircuitBreaker.State
        let to: CircuitBreaker.State
    }

    private mutating func noteTurn(_ scope: Int, from before: CircuitBreaker.State) {
        let entry = scopes[scope]
        guard entry.breaker.state != before, turns.count < 100 else { return }
        let origin = hosts[entry.host].origin
        turns.append(BreakerTurn(origin: origin, stream: entry.name, from: before, to: entry.breaker.state))
    }

    mutating func takeTurns() -> [BreakerTurn] {
        defer { turns.removeAll() }
        return turns
    }

    /// For metrics: of every breaker.
    var breakers: [(origin: Origin, stream: String, state: CircuitBreaker.State)] {
        scopes.map { (hosts[$0.host].origin, $0.name, $0.breaker.state) }
    }
}

extension Servers {
    /// For people and programs: `penstock_client_state()`.
    func state(_ writer: inout JSONWriter, now: Instant) {
        writer.name("hosts")
        writer.array { list in
            for (number, host) in hosts.enumerated() {
                list.object { one in
                    one.member("origin", "\(host.origin)")
                    one.member("in_flight", host.inFlight)
                    one.member("concurrency", host.concurrency?.limit)
                    one.name("limits")
                    one.array { list in
                        for index in host.buckets { buckets[index].state(&list, now: now) }
                    }
                    one.name("breakers")
                    one.array { list in
                        for scope in scopes where scope.host == number {
                            list.object { $0.breaker(scope.breaker, of: scope.name, now: now) }
                        }
                    }
                }
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func breaker(_ breaker: CircuitBreaker, of name: String, now: Instant) {
        member("stream", name.isEmpty ? nil : name)
        member("state", breaker.state.name)
        member("failures_in_a_row", breaker.inARow)
        if case .open(let until) = breaker.state { member("open_ms", max(Timespan.zero, until - now).milliseconds) }
        let tally = breaker.tally(now: now)
        if tally.calls > 0 {
            member("calls", tally.calls)
            member("failures", tally.failures)
            member("slow", tally.slow)
        }
    }
}
