/// `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers): since draft 08 a list of policies with
/// parameters, in draft 07 a dictionary. Malformed means ignored, the whole field.
enum IETFRateLimit {
    /// What `RateLimit` says; nil when it is absent or malformed.
    static func states(_ fields: RateFields, _ stated: [QuotaPolicy]) -> [QuotaPolicy]? {
        let lines = fields.all("ratelimit")
        guard !lines.isEmpty else { return nil }
        if let states = StructuredFields.list(lines), !states.isEmpty { return join(states.map(state), stated) }
        return StructuredFields.dictionary(lines).flatMap(draft07).map { [$0] }
    }

    /// What `RateLimit-Policy` says; up to draft 07 its items were the limits themselves (`100;w=60`).
    static func statedPolicies(_ fields: RateFields) -> [QuotaPolicy] {
        let lines = fields.all("ratelimit-policy")
        guard !lines.isEmpty else { return [] }
        let named = policyList(lines)
        guard named.isEmpty, lines.count == 1, let count = CountText(lines[0]), !count.isNegative else { return named }
        return [QuotaPolicy(limit: count.count, window: count.window)] + count.policies
    }

    /// `"burst";q=100;w=10;qu="requests"`
    private static func policyList(_ lines: [String]) -> [QuotaPolicy] {
        guard let list = StructuredFields.list(lines) else { return [] }
        var policies: [QuotaPolicy] = []
        for member in list {
            guard case .item(let item) = member, let name = name(item.value),
                let quota = count(item.parameters["q"])
            else { return [] }
            var policy = QuotaPolicy(name: name, limit: quota)
            if let seconds = count(item.parameters["w"]), seconds > 0 {
                policy.window = ResetText.bounded(.seconds(seconds))
            }
            switch item.parameters["qu"] {
            case .string(let unit)?, .token(let unit)?: policy.unit = unit
            default: break
            }
            policies.append(policy)
        }
        return policies
    }

    /// `"burst";r=50;t=30`: `r` is required, both are non-negative integers.
    private static func state(_ member: StructuredFields.Member) -> QuotaPolicy? {
        guard case .item(let item) = member, let name = name(item.value), let remaining = count(item.parameters["r"])
        else { return nil }
        var policy = QuotaPolicy(name: name, remaining: remaining)
        if let reset = item.parameters["t"] {
            guard let seconds = count(reset) else { return nil }
            policy.resetAfter = ResetText.bounded(.seconds(seconds))
        }
        return policy
    }

    /// Policies of which a state was given get both; the others stay behind with what is known.
    private static func join(_ states: [QuotaPolicy?], _ limits: [QuotaPolicy]) -> [QuotaPolicy]? {
        var byName: [String: QuotaPolicy] = [:]
        for limit in limits { byName[limit.name] = limit }
        var joined: [QuotaPolicy] = []
        for state in states {
            guard var policy = state else { return nil }
            if let limit = byName.removeValue(forKey: policy.name) {
                policy.limit = limit.limit
                policy.window = limit.window
                policy.unit = limit.unit
            }
            joined.append(policy)
        }
        return joined + limits.filter { byName[$0.name] != nil }
    }

    /// `limit=100, remaining=50, reset=5`
    private static func draft07(_ members: StructuredFields.Keyed<StructuredFields.Member>) -> QuotaPolicy? {
        func number(_ key: String) -> StructuredFields.BareItem? {
            if case .item(let item)? = members[key] { return item.value }
            return nil
        }
        guard let remaining = count(number("remaining")) else { return nil }
        var policy = QuotaPolicy(limit: count(number("limit")), remaining: remaining)
        switch number("reset") {
        case .integer(let seconds)? where seconds >= 0: policy.resetAfter = ResetText.bounded(.seconds(seconds))
        case .decimal(let thousandths)? where thousandths >= 0:
            policy.resetAfter = ResetText.bounded(.milliseconds(thousandths))
        default: break
        }
        return policy
    }

    /// Drafts differ over whether a policy's name is a string or a token.
    private static func name(_ value: StructuredFields.BareItem) -> String? {
        switch value {
        case .string(let name), .token(let name): return name
        default: return nil
        }
    }

    private static func count(_ value: StructuredFields.BareItem?) -> Int64? {
        if case .integer(let number)? = value, number >= 0 { return number }
        return nil
    }
}
