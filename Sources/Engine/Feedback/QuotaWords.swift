/// What the words behind a rate limit prefix say.
struct QuotaWords: Equatable {
    enum Role: Equatable {
        case limit, remaining, used
        case reset(ResetFormat)
        case window(ResetFormat)
    }

    var role: Role
    /// The other words, joined again.
    var policy: String

    /// Nil when no word says a role (`X-RateLimit-Resource`, `-Bucket`, `-Global`).
    init?(_ words: [Substring]) {
        var role: Role?
        var name: [Substring] = []
        var format = ResetFormat.auto
        for word in words {
            switch word {
            case "limit", "quota", "max": role = role ?? .limit
            case "remaining", "left": role = .remaining
            case "used", "usage", "observed": role = .used
            case "reset", "resets", "next": role = .reset(.auto)
            case "period", "window", "interval": role = .window(.auto)
            case "after", "seconds": format = .deltaSeconds
            case "ms", "milliseconds": format = .deltaMilliseconds
            case "time", "in": break
            // Slots, not requests per time; limiters of another kind.
            case "concurrent", "concurrency": return nil
            default: name.append(word)
            }
        }
        policy = name.joined(separator: "-")
        switch role {
        case .reset?: self.role = .reset(format)
        case .window?: self.role = .window(format)
        case let role?: self.role = role
        // HubSpot's X-HubSpot-RateLimit-Daily is a limit, and so is Zendesk's bare X-Rate-Limit.
        case nil where name.isEmpty || QuotaWords.window(named: policy) != nil: self.role = .limit
        case nil: return nil
        }
    }

    /// Policies that are called by their window.
    static func window(named name: String) -> Timespan? {
        switch name {
        case "second", "secondly": return .seconds(1)
        case "minute", "minutely": return .seconds(60)
        case "hour", "hourly": return .seconds(3600)
        case "day", "daily": return .seconds(86_400)
        default: return nil
        }
    }
}
