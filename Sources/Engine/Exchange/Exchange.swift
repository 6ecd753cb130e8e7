/// One request until its answer is final: limits, attempts, backoff, redirects.
struct Exchange: Sendable {
    enum State: Equatable, Sendable {
        /// Waits for a permit.
        case ready
        case delayed(until: Instant)
        case inFlight(transfer: UInt64)
    }
    enum Verdict: Sendable {
        /// The answer, for the walk to read.
        case deliver
        case again
        case fail(Failure)
    }

    let walk: UInt64
    /// Whose turn comes first among those of one walk.
    let place: UInt64
    var request: PreparedRequest
    var state = State.ready
    private(set) var retry: Retry
    private(set) var redirects: Int64 = 0
    /// It was sent again with a token that was made after a 401.
    private(set) var hasNewToken = false
    /// The next send follows a redirect: part of the attempt that was redirected.
    private var isHop = false
    /// The circuit breaker keeps it since then.
    private var heldSince: Instant?
    /// Connections that broke after the request had gone out.
    private var broken = 0
    /// Answers of 200 that were not JSON.
    private var badBodies = 0
    /// What the last failure was that it goes out again for, and why it does.
    private(set) var told: FailureNote?
    var retryCause: RetryCause?
    /// The server said when to.
    var isToldWhen = false

    init(walk: UInt64, place: UInt64, request: PreparedRequest, plan: RetryPlan) {
        self.walk = walk
        self.place = place
        self.request = request
        retry = Retry(plan: plan, idempotent: request.idempotent)
    }

    var attempts: Int { Int(clamping: retry.attempts) }

    mutating func sent(transfer: UInt64, now: Instant) {
        state = .inFlight(transfer: transfer)
        if let heldSince { retry.waited(now - heldSince) }
        heldSince = nil
        retry.sent(now: now, isHop: isHop)
        isHop = false
    }

    /// The transport sent it again by itself.
    mutating func resent(_ times: Int) { retry.resent(times) }

    /// The transfer gave no whole response.
    mutating func failed(_ failure: TransferFailure, now: Instant, services: inout some Services) -> Verdict {
        let described = Failure(transport: failure)
        guard failure.kind.passes else { return .fail(complete(described)) }
        if failure.kind == .contentEncoding {
            // Once more without any encoding; a server that can't do that either never will.
            guard !request.has(header: "accept-encoding") else { return .fail(complete(described)) }
            request.headers.append((name: "Accept-Encoding", value: .plain("identity")))
        }
        if failure.mayHaveReachedServer, failure.kind.isBrokenConnection {
            broken += 1
            request.avoidsReuse = broken >= 2
        }
        let verdict = retry.failed(
            mayHaveRun: failure.mayHaveReachedServer, retryAfter: nil, throttled: false, now: now, services: &services)
        return settle(verdict, described)
    }

    /// Whether it may wait until then for a breaker to close: that is time of its own.
    mutating func hold(until instant: Instant, now: Instant) -> Bool {
        let since = heldSince ?? now
        heldSince = since
        return retry.allows(instant - since)
    }

    /// A repetition has to wait for others.
    mutating func putOff(until instant: Instant, by span: Timespan) {
        state = .delayed(until: instant)
        retry.waited(span)
    }

    /// Whether error rules are asked about this answer: not for one that the caller accepts, nor on the way elsewhere.
    func isRuled(_ head: ResponseHead) -> Bool {
        if request.acceptedStatuses.contains(head.status) { return false }
        return ![301, 302, 303, 307, 308].contains(head.status) || !head.headers.contains("location")
    }

    /// A whole response is in.
    ///
    /// - Parameter ruling: What the document says about such an answer.
    mutating func received(
        _ head: ResponseHead, feedback: RateLimitFeedback, ruling: ErrorRules.Ruling? = nil,
        body: UnsafeRawBufferPointer, source: Source, now: Instant, services: inout some Services
    ) -> Verdict {
        switch head.status {
        // Some say "too fast" with a 200, in the body.
        case 200..<300 where !feedback.throttled && ruling == nil: return .deliver
        case 301, 302, 303, 307, 308:
            if head.headers.contains("location") {
                retry.answered(now: now)
                return redirected(head, source: source)
            }
        default: break
        }
        if request.acceptedStatuses.contains(head.status) { return .deliver }
        if let action = ruling?.action, [.ignore, .end, .startOver].contains(action) { return .deliver }
        let secrets = source.secrets + request.secrets
        let described =
            ruling.map { Failure(ruling: $0, head: head, body: body, feedback: feedback, secrets: secrets) }
            ?? Failure(head: head, body: body, feedback: feedback, secrets: secrets)
        let isWorthRepeating =
            ruling.map { $0.action != .fail && $0.action != .renewAuth }
            ?? (retry.plan.statuses.contains(head.status) || feedback.throttled || isStillUnderWay(head))
        guard isWorthRepeating else { return .fail(complete(described)) }
        // A refusal because of a limit, or one that names the time to come back, was not carried out.
        let refused = feedback.throttled || (head.status == 503 && feedback.retryAfter != nil)
        let verdict = retry.failed(
            mayHaveRun: !refused, retryAfter: ruling?.wait ?? feedback.wait, throttled: feedback.throttled, now: now,
            services: &services)
        return settle(verdict, described)
    }

    /// The answer says that the token is no good: once more with another, which is no new attempt.
    mutating func renews(now: Instant) -> Bool {
        guard !hasNewToken, !request.tokens.isEmpty else { return false }
        hasNewToken = true
        retry.answered(now: now)
        isHop = true
        state = .ready
        return true
    }

    /// The server is still at work on an earlier attempt (draft-ietf-httpapi-idempotency-key-header, section 2.6).
    private func isStillUnderWay(_ head: ResponseHead) -> Bool {
        head.status == 409 && request.idempotencyKey != nil && attempts > 1
    }

    /// The answer of 2xx can't be read: cut off in a way that the transport could not see, or an HTML error page.
    mutating func unreadable(_ failure: Failure, now: Instant, services: inout some Services) -> Verdict {
        badBodies += 1
        guard badBodies <= 2 else { return .fail(complete(failure)) }
        let verdict = retry.failed(
            mayHaveRun: true, retryAfter: nil, throttled: false, now: now, services: &services)
        return settle(verdict, failure)
    }

    /// Adds what this request knows to a failure.
    func complete(_ failure: Failure) -> Failure {
        var failure = failure
        failure.attempts = attempts
        failure.idempotencyKey = request.idempotencyKey
        if failure.url == nil { failure.url = request.url.redacted() }
        return failure
    }

    private mutating func settle(_ verdict: Retry.Verdict, _ failure: Failure) -> Verdict {
        switch verdict {
        case .again(let instant):
            state = .delayed(until: instant)
            told = FailureNote(failure)
            return .again
        case .giveUp(let reason):
            var failure = failure
            switch reason {
            case .attemptsUsedUp, .tooLong:
                if attempts > 1 { failure.message += " (\(attempts) attempts)" }
            case .notIdempotent:
                failure.message += " (not repeated: \(request.method) is not idempotent and may have been carried out)"
            case .retryAfterTooLong(let wait):
                failure.code = .rateLimited
                failure.retryAfter = wait
                failure.message += " (the server asks to wait \(wait.shown), longer than allowed)"
            }
            return .fail(complete(failure))
        }
    }

    /// RFC 9110 section 15.4. Never by libcurl: it forwards custom headers to other hosts.
    private mutating func redirected(_ head: ResponseHead, source: Source) -> Verdict {
        func refuse(_ code: Failure.Code, _ reason: String) -> Verdict {
            var failure = Failure(code, "HTTP \(head.status) from \(request.url.redacted()): \(reason)")
            failure.httpStatus = head.status
            return .fail(complete(failure))
        }
        guard redirects < source.maxRedirects else {
            return refuse(.limit, "more than \(source.maxRedirects) redirects")
        }
        guard let location = head.headers.first("location") else { return refuse(.data, "no Location") }
        let target: WebURL
        do {
            target = try request.url.resolving(location)
        } catch {
            return refuse(.data, "the redirect can't be followed: \(error.reason)")
        }
        let becomesGET =
            head.status == 303 && request.method != "HEAD" || head.status <= 302 && request.method == "POST"
        let bodyOrigin = request.body != nil && !becomesGET ? request.url.origin : nil
        let refusal = OriginRule.refusal(of: target, from: request.url, bodyOrigin: bodyOrigin, source: source)
        if let reason = refusal { return refuse(.data, "the redirect is not followed: \(reason)") }
        redirects += 1
        if becomesGET {
            // What it asks for now is another resource, and asking for that again does no harm.
            request.method = "GET"
            request.idempotent = true
            retry.idempotent = true
            request.body = nil
            request.headers.removeAll { ASCII.lowercased($0.name).hasPrefix("content-") }
        }
        if target.origin != source.baseURL.origin { request.hasStrayed = true }
        request.url = target.without(request.secretQuery, of: source, request.tokens)
        isHop = true
        state = .ready
        return .again
    }
}

/// Where a walk may go: credentials are pinned to the base URL's origin, and strangers are not visited at all.
enum OriginRule {
    /// Nil when `target` may be followed.
    ///
    /// - Parameter bodyOrigin: whom the request's body was written for; nil when it has none.
    static func refusal(of target: WebURL, from url: WebURL, bodyOrigin: Origin?, source: Source) -> String? {
        if target.origin == source.baseURL.origin { return nil }
        if let bodyOrigin, target.origin != bodyOrigin { return "it would take the request body to another origin" }
        if url.origin.scheme == .https, target.origin.scheme == .http {
            return "it leads from https to http (\(target.origin))"
        }
        if source.otherOrigins.contains(target.origin) {
            // Parameters are taken off; what stands in the path, or in the midst of a value, can't be.
            let secrets = source.secrets.filter { $0.reveal().utf8.count >= 8 }
            let bare = target.without([], of: source).text
            return Redaction.text(bare, secrets) == bare ? nil : "it would take a credential to \(target.origin)"
        }
        return
            "it leads to another origin, \(target.origin); list it under other_origins to follow it without credentials"
    }
}
