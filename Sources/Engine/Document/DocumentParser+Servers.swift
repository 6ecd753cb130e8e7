extension DocumentParser {
    static func servers(_ place: DocumentPlace, _ source: inout Source) throws(Failure) {
        if let limits = place["server_limits"] { source.serverLimits = serverLimits(limits) }
        switch place["idempotency_key"]?.value {
        case .bool(true)?: source.keyHeader = RequestPlan.usualKeyHeader
        case .string(let name)?: source.keyHeader = name
        default: break
        }
        guard let breaker = place["breaker"] else { return }
        source.breaker.isOn = breaker.value.bool ?? true
        guard breaker.value.members != nil else { return }
        Vocabulary.breaker.apply(breaker, to: &source.breaker)
        let plan = source.breaker
        if breaker["failures"] == nil, plan.failurePercent > 0 || plan.slowPercent > 0 { source.breaker.failures = 0 }
        if plan.failures == 0, plan.failurePercent == 0, plan.slowPercent == 0 {
            throw (breaker["failures"] ?? breaker).failure("nothing opens the breaker; say \"breaker\": false for none")
        }
        if breaker["longest_open"] == nil { source.breaker.longestOpen = max(plan.longestOpen, plan.open) }
        if source.breaker.longestOpen < plan.open {
            throw (breaker["longest_open"] ?? breaker).failure("\"longest_open\" is below \"open\"")
        }
        if plan.windowCalls > 0, plan.windowCalls < plan.leastCalls {
            if breaker["least_calls"] == nil {
                source.breaker.leastCalls = plan.windowCalls
            } else {
                throw (breaker["window_calls"] ?? breaker).failure(
                    "\"window_calls\" is below \"least_calls\", so a percentage would never count")
            }
        }
    }

    /// The idempotency key of a request: given, to be made, or none.
    func key(_ place: DocumentPlace, of plan: inout RequestPlan, in source: Source) throws(Failure) {
        let given = place["idempotency_key"]
        let header = source.keyHeader ?? RequestPlan.usualKeyHeader
        plan.keyHeader = header
        plan.idempotencyKey = given?.value.string
        let isUnsafe = !PreparedRequest.isIdempotent(plan.method) && plan.idempotent != true
        plan.makesKey = given?.value.bool ?? (given == nil && source.keyHeader != nil && isUnsafe)
        let isTaken = (source.headers + plan.headers).contains { ASCII.equalsIgnoringCase($0.name, header) }
        guard isTaken, plan.makesKey || plan.idempotencyKey != nil else { return }
        // A header that the document sets itself is the key.
        guard let given else { return plan.makesKey = false }
        throw given.failure("the header \(MessageText.quoted(header)) is given, too")
    }

    private static func serverLimits(_ place: DocumentPlace) -> ServerLimitsPlan {
        var plan = ServerLimitsPlan()
        plan.isOn = place.value.bool ?? true
        plan.pace = place["pace"]?.value.string.flatMap(ServerLimitsPlan.Pace.init) ?? plan.pace
        plan.reserve = place["reserve"]?.value.int ?? plan.reserve
        plan.reservePercent = place["reserve_percent"]?.value.int ?? plan.reservePercent
        if let profile = place["profile"], profile.value.members != nil {
            plan.profile = .mapping(
                RateLimitMapping(
                    limit: profile["limit"]?.value.string, remaining: profile["remaining"]?.value.string,
                    reset: profile["reset"]?.value.string,
                    resetFormat: profile["reset_format"]?.value.string.flatMap(ResetFormat.init) ?? .auto))
        }
        return plan
    }
}
