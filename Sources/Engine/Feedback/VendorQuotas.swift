/// Counts in forms that only one vendor has.
enum VendorQuotas {
    static func policies(_ fields: RateFields) -> [QuotaPolicy] {
        var policies: [QuotaPolicy] = []
        for field in fields.fields {
            switch field.name {
            // Shopify REST: used/limit of a leaky bucket.
            case "x-shopify-shop-api-call-limit": policies += ratio(field.value, name: "").map { [$0] } ?? []
            case "sforce-limit-info": policies += salesforce(field.value)
            // Xero.
            case "x-daylimit-remaining": policies += xero(field.value, "day", .seconds(86_400))
            case "x-minlimit-remaining": policies += xero(field.value, "minute", .seconds(60))
            case "x-appminlimit-remaining": policies += xero(field.value, "app-minute", .seconds(60))
            case "x-app-rate-limit": policies += riot(field.value, count: fields["x-app-rate-limit-count"], "app")
            case "x-method-rate-limit":
                policies += riot(field.value, count: fields["x-method-rate-limit-count"], "method")
            default:
                if field.name.utf8.starts(with: "zendesk-ratelimit-".utf8) {
                    policies += zendesk(field.value, field.name)
                }
            }
            if policies.count >= 32 { break }
        }
        return policies
    }

    /// Amazon SP-API states requests a second, for instance 0.5; as the time between two.
    static func amazonSpacing(_ value: String) -> Timespan? {
        guard let rate = DecimalText(value), rate.whole < 1_000_000, rate.whole > 0 || rate.billionths > 0 else {
            return nil
        }
        let billionths = rate.whole * 1_000_000_000 + rate.billionths
        return ResetText.bounded(Timespan(nanoseconds: 1_000_000_000_000_000_000 / billionths))
    }

    /// Strava: `X-RateLimit-Limit: 100,1000` and `X-RateLimit-Usage: 10,50`, for 15 minutes and a day.
    static func strava(limit: String, usage: String) -> [QuotaPolicy]? {
        guard let limits = pair(limit), let used = pair(usage) else { return nil }
        return [
            QuotaPolicy(
                name: "quarter-hour", limit: limits.0, remaining: max(0, limits.0 - used.0), window: .seconds(900)),
            QuotaPolicy(name: "daily", limit: limits.1, remaining: max(0, limits.1 - used.1), window: .seconds(86_400)),
        ]
    }

    private static func pair(_ value: String) -> (Int64, Int64)? {
        let parts = value.utf8.count <= 64 ? value.split(separator: ",", omittingEmptySubsequences: false) : []
        guard parts.count == 2, let first = count(parts[0]), let second = count(parts[1]) else { return nil }
        return (first, second)
    }

    /// `used/limit`
    private static func ratio(_ value: some StringProtocol, name: String) -> QuotaPolicy? {
        let parts = value.utf8.count <= 64 ? value.split(separator: "/", omittingEmptySubsequences: false) : []
        guard parts.count == 2, let used = count(parts[0]), let limit = count(parts[1]) else { return nil }
        return QuotaPolicy(name: name, limit: limit, remaining: max(0, limit - used))
    }

    /// `api-usage=25/5000; per-app-api-usage=17/250(appName=sample-app)`. The organisation's count is the one that
    /// refuses; an app's own says something only when it is used up.
    private static func salesforce(_ value: String) -> [QuotaPolicy] {
        guard value.utf8.count <= 1024 else { return [] }
        var policies: [QuotaPolicy] = []
        for part in value.split(separator: ";") {
            let sides = part.split(separator: "=", maxSplits: 1)
            guard sides.count == 2 else { continue }
            let name = ASCII.trimmed(String(sides[0]))
            guard let policy = ratio(sides[1].prefix { $0 != "(" }, name: name) else { continue }
            if name == "api-usage" || policy.remaining == 0 { policies.append(policy) }
        }
        return policies.map { policy in
            var policy = policy
            policy.window = .seconds(86_400)
            return policy
        }
    }

    private static func xero(_ value: String, _ name: String, _ window: Timespan) -> [QuotaPolicy] {
        let counts = QuotaCounts(remaining: CountText(value), window: window)
        return counts.policy(name: name, reset: nil).map { [$0] } ?? []
    }

    /// `20:1,100:120`: so many in so many seconds; the same with what was counted.
    private static func riot(_ value: String, count used: String?, _ name: String) -> [QuotaPolicy] {
        var usage: [Int64: Int64] = [:]
        for (count, seconds) in riotPairs(used ?? "") { usage[seconds] = count }
        return riotPairs(value).map { limit, seconds in
            QuotaPolicy(
                name: "\(name)-\(seconds)s", limit: limit, remaining: usage[seconds].map { max(0, limit - $0) },
                window: ResetText.bounded(.seconds(seconds)))
        }
    }

    private static func riotPairs(_ value: String) -> [(count: Int64, seconds: Int64)] {
        guard value.utf8.count <= 256 else { return [] }
        return value.split(separator: ",").compactMap { pair in
            let sides = pair.split(separator: ":", omittingEmptySubsequences: false)
            guard sides.count == 2, let number = count(sides[0]), let seconds = count(sides[1]), seconds > 0 else {
                return nil
            }
            return (number, seconds)
        }
    }

    /// `zendesk-ratelimit-tickets-index: total=100; remaining=99; resets=41`
    private static func zendesk(_ value: String, _ name: String) -> [QuotaPolicy] {
        guard value.utf8.count <= 256 else { return [] }
        var policy = QuotaPolicy(name: String(name.dropFirst("zendesk-ratelimit-".count)))
        for part in value.split(separator: ";") {
            let sides = part.split(separator: "=", omittingEmptySubsequences: false)
            guard sides.count == 2, let number = count(sides[1]) else { continue }
            switch ASCII.trimmed(String(sides[0])) {
            case "total": policy.limit = number
            case "remaining": policy.remaining = number
            case "resets": policy.resetAfter = ResetText.bounded(.seconds(number))
            default: break
            }
        }
        return policy.remaining == nil ? [] : [policy]
    }

    /// Never negative, so differences of two do not overflow.
    private static func count(_ text: some StringProtocol) -> Int64? {
        DecimalText(ASCII.trimmed(String(text)))?.whole
    }
}
