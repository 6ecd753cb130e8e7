/// How a client heeds what it has learnt of its servers.
extension Client {
    /// Those whose server is not to get a request now. They keep their place in the limiter's line, so that everybody
    /// has a turn at what the server gives; but in it they are passed by, and keep nobody waiting.
    mutating func notAdmitted(now: Instant, until: inout Instant?) -> [Limiter.Ticket] {
        var out: [Limiter.Ticket] = []
        for index in ready.lanes.indices where !ready.lanes[index].turns.isEmpty {
            let admission = servers.admission(ready.lanes[index].key.server, now: now)
            ready.lanes[index].admission = admission
            if admission == .now { continue }
            leaveShared(index)
            switch admission {
            case .now, .afterAnswer: break
            case .at(let instant):
                if instant - now > source.retry.maxRetryAfter {
                    failLane(index, Failure(usedUpFor: instant - now))
                } else {
                    until = min(until ?? instant, instant)
                }
            case .open(let instant):
                hold(index, until: instant, now: now)
                if ready.lanes[index].turns.isEmpty {
                    leaveLines(index)
                } else {
                    until = min(until ?? instant, instant)
                }
            }
            if let ticket = ready.lanes[index].ticket { out.append(ticket) }
        }
        return out
    }

    /// The breaker is open: a walk waits, as long as its time lasts; a single call is told at once.
    private mutating func hold(_ index: Int, until instant: Instant, now: Instant) {
        let scope = ready.lanes[index].key.server
        for id in ready.lanes[index].turns.exchanges {
            guard var exchange = exchanges[id] else { continue }
            let mayWait = servers.isStream(scope) && exchange.hold(until: instant, now: now)
            exchanges[id] = exchange
            if mayWait { continue }
            ready.lanes[index].turns.remove(id)
            let failure = Failure(openUntil: instant, now: now, origin: exchange.request.url.origin)
            settle(id, exchange, .fail(exchange.complete(failure)), status: nil)
        }
    }

    /// What a response tells of its server.
    mutating func heard(
        _ transfer: UInt64, _ exchange: UInt64, _ feedback: RateLimitFeedback, status: Int, health: Servers.Health,
        now: Instant, services: inout some Services
    ) {
        servers.answered(
            transfer, feedback, status: status, health: health, request: exchange, now: now, services: &services)
    }

    /// A repetition has to fit into the host's budget for those, unless the server itself said when.
    mutating func putOff(_ exchange: inout Exchange, _ scope: Servers.Scope, _ verdict: Exchange.Verdict, now: Instant)
    {
        guard case .again = verdict, case .delayed(let instant) = exchange.state else { return }
        let later = servers.retry(scope, at: instant, now: now)
        if later > instant { exchange.putOff(until: later, by: later - instant) }
    }
}

extension Client {
    /// Where limits, breakers and requests stand, as JSON text.
    public func state(now: Instant) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("in_flight", transferCount)
            writer.member("waiting", waitingCount)
            servers.state(&writer, now: now)
        }
        return writer.text
    }

    private var waitingCount: Int { exchanges.count - transferCount }
}

extension Servers.Health {
    /// Of a whole response. Refusals by a limit and errors of the caller say nothing.
    init(status: Int, isThrottled: Bool, ruling: ErrorRule.Action?, isAccepted: Bool) {
        if isThrottled {
            self = .unknown
        } else if isAccepted || ruling == .ignore || ruling == .end {
            self = .well
        } else if ruling == .retry || status >= 500 {
            self = .ill
        } else {
            self = status < 400 && ruling == nil ? .well : .unknown
        }
    }

    init(_ kind: TransferFailure.Kind) {
        switch kind {
        case .certificate, .bodyTooLarge, .wireTooLarge, .ratioTooHigh, .headersTooLarge, .tooManyHeaders, .badURL,
            .outOfMemory, .cancelled, .other:
            self = .unknown
        default: self = .ill
        }
    }
}

extension Failure {
    init(usedUpFor span: Timespan) {
        self.init(
            .rateLimited, "the server's limit is used up for \(span.shown), longer than a request may wait")
        retryAfter = span
    }

    init(openUntil instant: Instant, now: Instant, origin: Origin) {
        self.init(.circuitOpen, "the circuit breaker of \(origin) is open")
        if instant < .distantFuture {
            let span = instant - now
            message += " for another \(span.shown), since requests failed in a row or too often"
            retryAfter = span
        }
    }
}
