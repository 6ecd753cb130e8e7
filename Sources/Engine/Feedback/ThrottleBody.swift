/// What a decoded body says about limits. Only shapes that vendors document, and only JSON numbers: a data field that
/// happens to be called `retry_after` must not stop a sync.
struct ThrottleBody {
    private(set) var isThrottled = false
    private(set) var wait: Timespan?
    private(set) var quota: QuotaPolicy?

    init() {}

    init(_ body: JSONValue, status: Int) {
        guard body.members != nil else { return }
        isThrottled =
            ThrottleBody.saysSlack(body) || ThrottleBody.saysGraphQL(body)
            || (status == 403 && ThrottleBody.saysForbiddenByLimit(body))
        wait = ThrottleBody.wait(body)
        quota = ThrottleBody.shopify(body)
    }

    /// `{"ok": false, "error": "ratelimited"}`, at times with status 200.
    private static func saysSlack(_ body: JSONValue) -> Bool {
        body["ok"]?.bool == false && (body["error"]?.string == "ratelimited" || body["error"]?.string == "rate_limited")
    }

    /// Shopify `errors[].extensions.code` THROTTLED, GitHub `errors[].type` RATE_LIMITED, Linear RATELIMITED.
    private static func saysGraphQL(_ body: JSONValue) -> Bool {
        (body["errors"]?.array ?? []).prefix(few).contains { error in
            for case let code? in [error["type"]?.string, error["extensions"]?["code"]?.string] {
                if code == "THROTTLED" || code == "RATE_LIMITED" || code == "RATELIMITED" { return true }
            }
            return false
        }
    }

    /// Google's reasons (Drive, YouTube, google.rpc.ErrorInfo) and GitHub's messages: a 403 is mostly about rights.
    private static func saysForbiddenByLimit(_ body: JSONValue) -> Bool {
        let error = body["error"]
        if error?["status"]?.string == "RESOURCE_EXHAUSTED" { return true }
        for list in [error?["errors"], error?["details"]] {
            for entry in (list?.array ?? []).prefix(few) {
                switch entry["reason"]?.string {
                case "rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded", "quotaExceeded",
                    "RATE_LIMIT_EXCEEDED":
                    return true
                default: break
                }
            }
        }
        guard let message = body["message"]?.string else { return false }
        let text = ASCII.lowercased(String(message.prefix(500)))
        return ASCII.contains(text, "secondary rate limit") || ASCII.contains(text, "abuse detection")
            || ASCII.contains(text, "too many requests")
            || (ASCII.contains(text, "rate limit") && ASCII.contains(text, "exceed"))
    }

    /// Discord `retry_after` (s), Matrix `retry_after_ms`, Telegram `parameters.retry_after` (s), google.rpc.RetryInfo
    /// `retryDelay` ("3.5s").
    private static func wait(_ body: JSONValue) -> Timespan? {
        if let milliseconds = body["retry_after_ms"].flatMap({ timespan($0, unit: 1_000_000) }) { return milliseconds }
        for seconds in [body["retry_after"], body["parameters"]?["retry_after"]] {
            if let wait = seconds.flatMap({ timespan($0, unit: 1_000_000_000) }) { return wait }
        }
        for list in [body["error"]?["details"], body["details"]] {
            for detail in (list?.array ?? []).prefix(few) {
                guard detail["@type"]?.string?.hasSuffix("google.rpc.RetryInfo") == true,
                    let delay = detail["retryDelay"]?.string, delay.utf8.last == UInt8(ascii: "s")
                else { continue }
                if let wait = DurationText.parse(delay).flatMap(ResetText.bounded) { return wait }
            }
        }
        return nil
    }

    private static func timespan(_ number: JSONValue, unit: Int64) -> Timespan? {
        switch number {
        case .int(let whole) where whole >= 0:
            return ResetText.bounded(Timespan(nanoseconds: whole.multipliedSaturating(by: unit)))
        case .real(let real) where real >= 0:
            // False also for NaN; the bound keeps the conversion within Int64.
            let nanoseconds = (real * Double(unit)).rounded()
            guard nanoseconds <= Double(RateLimitFeedback.longestWait.nanoseconds) else { return nil }
            return Timespan(nanoseconds: Int64(nanoseconds))
        default: return nil
        }
    }

    /// Shopify GraphQL: `extensions.cost.throttleStatus`, a leaky bucket of cost points.
    private static func shopify(_ body: JSONValue) -> QuotaPolicy? {
        guard let state = body["extensions"]?["cost"]?["throttleStatus"],
            let limit = state["maximumAvailable"]?.int, let available = state["currentlyAvailable"]?.int, limit > 0
        else { return nil }
        return QuotaPolicy(name: "cost", limit: limit, remaining: max(0, available), unit: "cost")
    }

    /// Error lists are looked at this far.
    private static let few = 16
}
