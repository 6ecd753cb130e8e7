/// Where a token outlives its process, and which one of those in there it is.
public struct TokenPlace: Sendable {
    /// A state: a file's path, a URL of Redis, "host:" and a name.
    public var file: String
    /// What it is asked for with, as far as that makes it another token. Secrets stand in it.
    public var identity: Secret
}

/// What is to be done with a token that is kept.
public enum TokenWish: Sendable, Equatable {
    case read
    /// And read, since it may have come meanwhile.
    case reserve
    case keep(KeptToken)
}

/// A token as it is kept. Times are the calendar's: the clock of a process ends with it.
public struct KeptToken: Sendable, Equatable {
    public var access: Secret
    public var prefix: String
    public var askedAt: WallTime
    public var life: Timespan
    public var refresh: Secret?

    public init(access: Secret, prefix: String, askedAt: WallTime, life: Timespan, refresh: Secret?) {
        self.access = access
        self.prefix = prefix
        self.askedAt = askedAt
        self.life = life
        self.refresh = refresh
    }
}

/// Tokens that processes share: one of them asks for the next, the others wait for it.
extension TokenLife {
    /// What there is to do before anybody is asked for a token.
    enum Look: Sendable {
        /// There is one, or another process is about to get the next while this one serves.
        case serves
        /// What was just answered is kept now.
        case renewed
        case later(Instant)
        case ask
        case failed(Failure)
    }

    /// How often one that another process asks for is looked for.
    private static let interval = Timespan.milliseconds(50)

    mutating func look(now: Instant, notary: some Notary) -> Look {
        guard let place = plan.store, !isReserved || unkept != nil else { return .ask }
        do throws(Failure) {
            if let unkept {
                guard notary.isReady(for: .keep(unkept), place) else { return pause(now: now) }
                try notary.keep(unkept, place)
                self.unkept = nil
                adopt(unkept, now: now, date: notary.date)
                work = .none
                return .renewed
            }
            if !isReserving {
                guard notary.isReady(for: .read, place) else { return pause(now: now) }
                if try find(place, now: now, notary) { return .serves }
            }
            isReserving = true
            guard notary.isReady(for: .reserve, place) else { return pause(now: now) }
            isReserving = false
            guard try notary.reserve(place) else { return try wait(now: now) }
            isReserved = true
            // It may have come between the look and the reservation.
            return try find(place, now: now, notary) ? .serves : .ask
        } catch {
            work = .none
            waitsSince = nil
            isReserving = false
            return .failed(told(error))
        }
    }

    /// A store far away answers in a moment.
    private mutating func pause(now: Instant) -> Look {
        work = .due(at: now + Self.moment)
        return .later(now + Self.moment)
    }

    private static let moment = Timespan.milliseconds(2)

    private mutating func find(_ place: TokenPlace, now: Instant, _ notary: some Notary) throws(Failure) -> Bool {
        guard let kept = try notary.keptToken(place), adopt(kept, now: now, date: notary.date) else { return false }
        work = .none
        waitsSince = nil
        return true
    }

    private mutating func wait(now: Instant) throws(Failure) -> Look {
        if isUsable(now: now) {
            work = .none
            quietUntil = now + .seconds(1)
            return .serves
        }
        let since = waitsSince ?? now
        let most = plan.retry.maxElapsed + plan.retry.maxThrottleWait
        guard now - since < most else {
            throw Failure(.timeout, "another process has been asking for the token for \(most.shown), without an end")
        }
        waitsSince = since
        work = .due(at: now + Self.interval)
        return .later(now + Self.interval)
    }

    /// What was just answered, on disk before anything is sent with it: a refresh token that only memory has would be
    /// lost with the process, and the one that it replaces is spent.
    mutating func keep(_ answer: TokenAnswer, now: Instant, notary: some Notary) -> Keeping {
        guard let place = plan.store else { return .kept }
        let kept = KeptToken(
            access: answer.token, prefix: prefix(of: answer), askedAt: notary.date - (now - sentAt),
            life: life(of: answer), refresh: plan.renewal == nil ? nil : answer.refreshToken ?? refreshToken)
        guard notary.isReady(for: .keep(kept), place) else {
            unkept = kept
            _ = pause(now: now)
            return .underWay
        }
        do throws(Failure) {
            try notary.keep(kept, place)
            return .kept
        } catch {
            // The next request begins with that; until then nobody else may ask, who would do it with the spent one.
            unkept = kept
            work = .none
            return .failed(told(error))
        }
    }

    enum Keeping {
        case kept, underWay
        case failed(Failure)
    }

    /// Others may ask, now that it is done, whatever came of it.
    mutating func giveBack(_ notary: some Notary) {
        guard isReserved, work == .none, unkept == nil, let place = plan.store else { return }
        isReserved = false
        notary.giveBack(place)
    }

    /// True: it serves, and need not be renewed yet.
    @discardableResult private mutating func adopt(_ kept: KeptToken, now: Instant, date: WallTime) -> Bool {
        if let fresh = kept.refresh, plan.renewal != nil, fresh != refreshToken {
            if let old = refreshToken { remember(old) }
            refreshToken = fresh
        }
        guard kept.access != refusedAccess else { return false }
        if held?.secret != kept.access {
            // A date in the future is one of another clock.
            let age = max(.zero, date - kept.askedAt)
            let asked = Instant(nanoseconds: now.nanoseconds.subtractingSaturating(age.nanoseconds))
            let (renewAt, endsAt) = times(life: kept.life, askedAt: asked)
            guard now < endsAt else { return false }
            hold(kept.access, kept.prefix, renewAt: renewAt, endsAt: endsAt)
        }
        return held.map { now < $0.renewAt } ?? false
    }

    private func told(_ error: Failure) -> Failure {
        var told = Failure(error.code, "credentials at \(plan.pointer): \(error.message)")
        told.pointer = plan.pointer
        return told
    }
}
