/// The counts of one response. Families by precedence: the IETF's `RateLimit` fields in the forms of its drafts, then
/// `RateLimit-*`, `X-RateLimit-*`, `X-Rate-Limit-*` and vendors' variants of these, then vendors' own forms.
struct Quotas {
    var policies: [QuotaPolicy] = []
    /// A reset that no count came with.
    var resetAlone: Timespan?
    /// An explicit wait that stood among the counts.
    var wait: Timespan?
    var spacing: Timespan?

    init(_ fields: RateFields, headers: HeaderFields, now: WallTime) {
        spacing = fields["x-amzn-ratelimit-limit"].flatMap(VendorQuotas.amazonSpacing)
        // Counts that a cache kept say nothing of now (draft, "Caching": ignore them with a positive Age). Waits are
        // kept: whoever cached a refusal still wants it obeyed.
        if let age = headers.first("Age").flatMap({ DecimalText($0) }), age.whole > 0 || age.billionths > 0 { return }

        let stated = IETFRateLimit.statedPolicies(fields)
        policies = IETFRateLimit.states(fields, stated) ?? []
        if policies.isEmpty { (policies, resetAlone) = PrefixedQuotas.read(fields, now: now) }
        if policies.isEmpty { policies = VendorQuotas.policies(fields) }
        if policies.isEmpty, let usage = MetaUsage(fields) {
            policies = [usage.policy]
            wait = usage.wait
        }
        if policies.isEmpty { policies = stated }
        for index in policies.indices where policies[index].window == nil && policies[index].limit != nil {
            policies[index].window = stated.first { $0.limit == policies[index].limit }?.window
        }
    }

    init(mapping: RateLimitMapping, headers: HeaderFields, now: WallTime) {
        let reset = mapping.reset.flatMap { headers.first($0) }
            .flatMap { ResetText.parse($0, mapping.resetFormat, now: now) }
        let counts = QuotaCounts(
            limit: mapping.limit.flatMap { headers.first($0) }.flatMap { CountText($0) },
            remaining: mapping.remaining.flatMap { headers.first($0) }.flatMap { CountText($0) })
        guard let policy = counts.policy(name: "", reset: reset) else {
            resetAlone = reset
            return
        }
        policies = [policy]
    }
}

/// The counts of one policy as read, before they are made sense of together.
struct QuotaCounts {
    var limit: CountText?
    var remaining: CountText?
    var used: CountText?
    var window: Timespan?

    /// A limit below zero means unlimited; a remainder below zero of a known limit means overdrawn, and without one
    /// nothing. A missing limit is used + remaining (Reddit, GitLab).
    func policy(name: String, reset: Timespan?) -> QuotaPolicy? {
        var limit = limit.flatMap { $0.isNegative ? nil : $0.count }
        var remaining = remaining.flatMap { $0.isNegative ? nil : $0.count }
        let used = used.flatMap { $0.isNegative ? nil : $0.count }
        if limit == nil, let remaining, let used { limit = remaining.addingSaturating(used) }
        if remaining == nil, let limit {
            if self.remaining?.isNegative == true {
                remaining = 0
            } else if let used {
                remaining = max(0, limit.subtractingSaturating(used))
            }
        }
        guard limit != nil || remaining != nil else { return nil }
        return QuotaPolicy(
            name: name, limit: limit, remaining: remaining,
            window: window ?? self.limit?.window ?? self.remaining?.window, resetAfter: reset,
            unit: ASCII.contains(name, "token") ? "tokens" : "requests")
    }
}
