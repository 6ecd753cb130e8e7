/// The great family of `…RateLimit-Limit`, `-Remaining`, `-Reset`. What stands behind the prefix is read word by word:
/// one word says the role, the others name the policy, so that `X-RateLimit-Requests-Limit` (RapidAPI, Linear),
/// `x-ratelimit-limit-requests` (OpenAI), `X-RateLimit-Limit-Minute` (Kong), `anthropic-ratelimit-tokens-reset`,
/// `X-Rate-Limit-Requests-Left` (BigCommerce), `X-HubSpot-RateLimit-Secondly-Remaining` and
/// `x-ms-ratelimit-remaining-subscription-reads` (Azure) need no rule each.
enum PrefixedQuotas {
    static func read(_ fields: RateFields, now: WallTime) -> ([QuotaPolicy], resetAlone: Timespan?) {
        var families: [Family] = []
        for field in fields.fields {
            guard let (prefix, suffix) = split(field.name) else { continue }
            let place = families.firstIndex { $0.prefix == prefix }
            if place == nil, families.count == 8 { continue }
            if place == nil { families.append(Family(prefix: prefix)) }
            families[place ?? families.count - 1].add(suffix, field.value, now: now)
        }
        families.sort { rank($0.prefix) < rank($1.prefix) }
        // A reset of a family without counts belongs to the next one's: Zendesk has X-Rate-Limit with ratelimit-reset.
        var reset: Timespan?
        for family in families {
            let policies = family.policies(reset: reset)
            if !policies.isEmpty { return (policies, nil) }
            reset = reset ?? family.reset
        }
        return ([], reset)
    }

    private static func rank(_ prefix: Substring) -> Int {
        switch prefix {
        case "ratelimit": return 0
        case "x-ratelimit": return 1
        case "x-rate-limit": return 2
        default: return 3
        }
    }

    /// The name up to and with `ratelimit` or `rate-limit`, and the words behind. By bytes: looking at `Character`s
    /// took most of the time of a page with such headers.
    private static func split(_ name: String) -> (prefix: Substring, suffix: [Substring])? {
        guard name.utf8.count <= 128 else { return nil }
        let words = name.utf8.split(separator: UInt8(ascii: "-")).map { Substring($0) }
        for (index, word) in words.enumerated() {
            let two = word == "rate" && index + 1 < words.count && words[index + 1] == "limit"
            guard two || word.utf8.suffix(9).elementsEqual("ratelimit".utf8) else { continue }
            let end = two ? index + 2 : index + 1
            let prefix = name[..<words[end - 1].endIndex]
            // Forms of their own: a rate, and Riot's "20:1,100:120". The bare IETF field has its own reader.
            switch prefix {
            case "x-amzn-ratelimit", "x-app-rate-limit", "x-method-rate-limit": return nil
            case "ratelimit" where end == words.count: return nil
            default: return (prefix, Array(words[end...]))
            }
        }
        return nil
    }

    private struct Policy {
        var name: String
        var counts = QuotaCounts()
        var reset: Timespan?
        /// Strava's forms: "100,1000" for a quarter of an hour and a day.
        var limitText = ""
        var usedText = ""
    }

    private struct Family {
        let prefix: Substring
        var named: [Policy] = []

        init(prefix: Substring) { self.prefix = prefix }

        /// The reset without a name.
        var reset: Timespan? { named.first { $0.name.isEmpty }?.reset }

        mutating func add(_ words: [Substring], _ value: String, now: WallTime) {
            guard let meaning = QuotaWords(words) else { return }
            let place = named.firstIndex { $0.name == meaning.policy }
            if place == nil, named.count == 32 { return }
            if place == nil { named.append(Policy(name: meaning.policy)) }
            let index = place ?? named.count - 1
            switch meaning.role {
            case .limit:
                named[index].counts.limit = named[index].counts.limit ?? CountText(value)
                named[index].limitText = value
            case .remaining: named[index].counts.remaining = named[index].counts.remaining ?? CountText(value)
            case .used:
                named[index].counts.used = named[index].counts.used ?? CountText(value)
                named[index].usedText = value
            case .reset(let format):
                // Discord sends both; the delta needs no clock.
                if named[index].reset == nil || format == .deltaSeconds {
                    named[index].reset = ResetText.parse(value, format, now: now) ?? named[index].reset
                }
            case .window(let format):
                named[index].counts.window = ResetText.parse(value, format, now: now).flatMap { $0 > .zero ? $0 : nil }
            }
        }

        func policies(reset outer: Timespan?) -> [QuotaPolicy] {
            // Window and reset without a name hold for all (Contentful, BigCommerce).
            let common = named.first { $0.name.isEmpty }
            var policies: [QuotaPolicy] = []
            for policy in named {
                if let pair = VendorQuotas.strava(limit: policy.limitText, usage: policy.usedText) {
                    policies += pair
                    continue
                }
                var counts = policy.counts
                counts.window = counts.window ?? QuotaWords.window(named: policy.name) ?? common?.counts.window
                let reset = policy.reset ?? common?.reset ?? outer
                if let read = counts.policy(name: policy.name, reset: reset) {
                    policies.append(read)
                    policies += (counts.limit?.policies ?? []).filter { $0.limit != read.limit }
                }
            }
            return policies
        }
    }
}
