/// One token from the first request for it to the last renewal. However many requests wait, there is one request for a
/// token at a time; and as long as the old one serves, nobody waits for the new.
struct TokenLife: Sendable {
    struct Held: Sendable {
        var secret: Secret
        var prefix: String
        var renewAt: Instant
        var endsAt: Instant
    }
    enum Work: Equatable, Sendable {
        case none
        case due(at: Instant)
        case inFlight(transfer: UInt64)
    }
    enum Outcome: Sendable {
        case again
        case renewed
        /// The old one may still serve.
        case failed(Failure)
    }

    @Boxed private(set) var plan: TokenPlan
    private(set) var held: Held?
    var work = Work.none
    /// Counts tokens, so that a refusal of an old one does not end a new one.
    private(set) var generation: UInt64 = 0
    /// The document's, and later the last one that came.
    var refreshToken: Secret?
    /// Tokens that were sent and that servers may repeat.
    private(set) var past: [Secret] = []
    private var retry: Retry
    private(set) var sentAt = Instant(nanoseconds: 0)
    private var usesRefresh = false
    /// No renewal in advance before that: the last one failed, or another process is at it.
    var quietUntil = Instant(nanoseconds: .min)
    /// The one that a server refused last, which may still stand in the store.
    private(set) var refusedAccess: Secret?
    /// No other process asks for it meanwhile.
    var isReserved = false
    /// What there was did not do, and the reservation is under way.
    var isReserving = false
    /// Came, and could not be kept.
    var unkept: KeptToken?
    /// Another process asks for it since then.
    var waitsSince: Instant?
    /// What the token endpoint allows.
    private var limiter: Limiter?
    private var permit: Limiter.Permit?
    /// Sent with the last request, besides what the plan has.
    private var assertions: [Secret] = []

    init(_ plan: TokenPlan) {
        self.plan = plan
        refreshToken = plan.refreshToken
        retry = Retry(plan: plan.retry, idempotent: true)
        limiter = plan.pace.map { Limiter($0) }
    }

    func isUsable(now: Instant) -> Bool { held.map { now < $0.endsAt } ?? false }

    /// All that may not be shown.
    var secrets: [Secret] {
        plan.secrets + past + assertions
            + [held?.secret, refreshToken, unkept?.access, unkept?.refresh].compactMap(\.self)
    }

    /// A request wants to go out with it.
    mutating func want(now: Instant) {
        guard work == .none else { return }
        if let held, now < held.endsAt, now < max(held.renewAt, quietUntil) { return }
        retry = Retry(plan: plan.retry, idempotent: true)
        work = .due(at: now)
    }

    /// The server refused a request that went out with the token of that generation (401).
    mutating func refused(generation: UInt64) {
        guard generation == self.generation, let held else { return }
        remember(held.secret)
        refusedAccess = held.secret
        self.held = nil
    }

    /// The host is asked, here and now.
    mutating func ask(host name: String, now: Instant, notary: some Notary) -> Outcome {
        sentAt = now
        do throws(Failure) {
            let given = try notary.token(ofHost: name)
            let text = given.text.reveal()
            guard !text.isEmpty, !text.utf8.contains(where: ASCII.isControl) else {
                throw Failure(.auth, "the token is empty or has a line break or other control character")
            }
            accept(TokenAnswer(token: given.text, life: given.life), now: now)
            return .renewed
        } catch {
            var told = Failure(
                error.code,
                "credentials at \(plan.pointer): the host's callback \(MessageText.quoted(name)): "
                    + Sanitized.text(Redaction.text(error.message, secrets), most: 300))
            told.pointer = plan.pointer
            return giveUp(told, now: now)
        }
    }

    // MARK: the request

    var dueAt: Instant? { if case .due(let instant) = work { instant } else { nil } }

    /// When the token endpoint's own limits let it be asked; nil for now.
    mutating func paced(now: Instant) -> Instant? {
        guard let limiter, case .at(let instant) = limiter.earliest(for: .init(), now: now) else { return nil }
        work = .due(at: instant)
        return instant
    }

    mutating func send(transfer: UInt64, now: Instant, notary: some Notary) throws(Failure) -> TransferRequest {
        usesRefresh = plan.renewal != nil && refreshToken != nil || plan.first == nil
        guard let call = usesRefresh ? plan.renewal : plan.first else {
            work = .none
            throw failure(.auth, "there is no way to get a token")
        }
        var extra: [(name: String, secret: Secret)] = []
        if usesRefresh {
            guard let refreshToken else {
                work = .none
                throw failure(.auth, "there is no refresh token any more")
            }
            extra.append(("refresh_token", refreshToken))
        }
        do throws(Failure) {
            if let assertion = call.assertion { extra.append((assertion.field, try assertion.text(notary))) }
        } catch {
            work = .none
            throw failure(.auth, error.message)
        }
        assertions = extra.map(\.secret)
        work = .inFlight(transfer: transfer)
        retry.sent(now: now, isHop: false)
        permit = limiter?.take(for: .init(), now: now)
        sentAt = now
        return call.request(adding: extra, limits: plan.limits)
    }

    // MARK: the answer

    mutating func failed(_ failure: TransferFailure, now: Instant, services: inout some Services) -> Outcome {
        answered(now: now)
        let described = Failure(transport: failure)
        let told = self.failure(described.code, described.message)
        guard failure.kind.passes else { return giveUp(told, now: now) }
        return again(told, retryAfter: nil, throttled: false, now: now, services: &services)
    }

    mutating func received(
        _ head: ResponseHead, _ body: UnsafeRawBufferPointer, now: Instant, notary: some Notary,
        services: inout some Services
    ) -> Outcome {
        answered(now: now)
        do throws(TokenAnswer.Refusal) {
            let answer = try TokenAnswer.read(head, body, plan.places, services: services)
            switch keep(answer, now: now, notary: notary) {
            case .kept:
                accept(answer, now: now)
                return .renewed
            case .underWay:
                retry.answered(now: now)
                return .again
            case .failed(let failure): return .failed(failure)
            }
        } catch {
            if error.needsPerson, usesRefresh, plan.first != nil {
                // The refresh token is spent; what the document has may still do.
                refreshToken = nil
                retry.answered(now: now)
                work = .due(at: now)
                return .again
            }
            let feedback = RateLimitFeedback(head: head, body: body, services: services)
            let code: Failure.Code = head.status == 429 ? .rateLimited : head.status >= 500 ? .http : .auth
            var told = failure(code, said(error, head, body))
            told.httpStatus = head.status
            told.requestID = head.requestID(without: secrets)
            guard error.passes else { return giveUp(told, now: now) }
            return again(told, retryAfter: feedback.wait, throttled: head.status == 429, now: now, services: &services)
        }
    }

    private mutating func answered(now: Instant) {
        if let permit { limiter?.release(permit, now: now) }
        permit = nil
    }

    private mutating func accept(_ answer: TokenAnswer, now: Instant) {
        let life = life(of: answer)
        var (renewAt, endsAt) = times(life: life, askedAt: sentAt)
        // A token that is over at once serves those who waited for it, or they would ask for ever.
        endsAt = max(endsAt, now + min(.seconds(1), max(life, .milliseconds(200))))
        renewAt = renewAt > now ? min(renewAt, endsAt) : endsAt
        hold(answer.token, prefix(of: answer), renewAt: renewAt, endsAt: endsAt)
        if let fresh = answer.refreshToken, plan.renewal != nil {
            if let old = refreshToken, old != fresh { remember(old) }
            refreshToken = fresh
        }
        retry.answered(now: now)
        work = .none
    }

    mutating func hold(_ secret: Secret, _ prefix: String, renewAt: Instant, endsAt: Instant) {
        if let old = held?.secret { remember(old) }
        held = Held(secret: secret, prefix: prefix, renewAt: renewAt, endsAt: endsAt)
        generation &+= 1
    }

    /// Five minutes or a tenth of its life before its end, counted from when it was asked for: it can't be older. What is
    /// on the way needs a moment, too.
    func times(life: Timespan, askedAt: Instant) -> (renewAt: Instant, endsAt: Instant) {
        let tenth = Timespan(nanoseconds: life.nanoseconds / 10)
        let slack = min(.seconds(1), Timespan(nanoseconds: life.nanoseconds / 20))
        return (askedAt + (life - min(.seconds(300), tenth)), askedAt + (life - slack))
    }

    func life(of answer: TokenAnswer) -> Timespan { min(answer.life ?? plan.life, .seconds(366 * 86_400)) }

    func prefix(of answer: TokenAnswer) -> String { plan.prefix ?? Self.prefix(answer.type) }

    /// RFC 6749 section 7.1: the type says how the token is used. The scheme's usual spelling, where case says nothing.
    private static func prefix(_ type: String?) -> String {
        guard let type, HeaderRules.isToken(type), !ASCII.equalsIgnoringCase(type, "bearer") else { return "Bearer " }
        return type + " "
    }

    private mutating func again(
        _ told: Failure, retryAfter: Timespan?, throttled: Bool, now: Instant, services: inout some Services
    ) -> Outcome {
        let verdict = retry.failed(
            mayHaveRun: true, retryAfter: retryAfter, throttled: throttled, now: now, services: &services)
        switch verdict {
        case .again(let instant):
            work = .due(at: instant)
            return .again
        case .giveUp(let reason):
            var told = told
            if case .retryAfterTooLong(let wait) = reason {
                told.retryAfter = wait
                told.message += " (it asks to wait \(wait.shown))"
            } else if retry.attempts > 1 {
                told.message += " (\(retry.attempts) attempts)"
            }
            return giveUp(told, now: now)
        }
    }

    private mutating func giveUp(_ told: Failure, now: Instant) -> Outcome {
        work = .none
        // The old one serves on; a moment later somebody tries again.
        if let held {
            let left = max(held.endsAt - now, .zero)
            quietUntil = now + max(.seconds(1), min(.seconds(30), Timespan(nanoseconds: left.nanoseconds / 4)))
        }
        return .failed(told)
    }

    mutating func remember(_ secret: Secret) {
        past.append(secret)
        if past.count > 4 { past.removeFirst() }
    }

    // MARK: messages

    private func failure(_ code: Failure.Code, _ what: String) -> Failure {
        let call = usesRefresh ? plan.renewal ?? plan.first : plan.first ?? plan.renewal
        let url = call?.url.redacted() ?? ""
        var failure = Failure(code, "credentials at \(plan.pointer): the token request to \(url) failed: \(what)")
        failure.pointer = plan.pointer
        failure.url = url
        return failure
    }

    private func said(_ refusal: TokenAnswer.Refusal, _ head: ResponseHead, _ body: UnsafeRawBufferPointer) -> String {
        func shown(_ text: String) -> String { Sanitized.text(Redaction.text(text, secrets), most: 200) }
        switch refusal.error {
        case "unexpected_redirect"?: return "HTTP \(head.status), a redirect, which is not followed with credentials"
        case "malformed_response"?: return "the answer is neither a JSON object nor a form"
        case "missing_access_token"?:
            return "the answer has no text at \(MessageText.quoted(plan.places.token.description))"
        case "invalid_token_syntax"?: return "the token has a line break or other control character"
        case "unsupported_token_type"?: return "the token is of a type that has to be signed with (MAC or DPoP)"
        case let error:
            var text = "HTTP \(head.status)"
            if let error { text += ", \(shown(error))" }
            if let description = refusal.description { text += ": \(shown(description))" }
            if error == nil {
                let start = Sanitized.text(Redaction.text(body, secrets), most: 200)
                if !start.isEmpty { text += ": \(start)" }
            }
            if refusal.needsPerson, usesRefresh {
                text += " (the refresh token is spent or was revoked: somebody has to give consent again)"
            }
            return text
        }
    }
}
