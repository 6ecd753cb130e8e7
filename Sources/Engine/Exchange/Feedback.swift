/// What a response says about the server's limits, as times from its receipt.
struct Feedback: Sendable {
    var remaining: Int64?
    var reset: Timespan?
    var retryAfter: Timespan?
    /// Refused because of a limit, whatever the status.
    var throttled = false

    /// How long the server wants to be left alone: what it says, else the time until its limit starts anew.
    var wait: Timespan? {
        if let retryAfter { return retryAfter }
        guard throttled, let reset, remaining ?? 0 == 0 else { return nil }
        return reset
    }
}

extension Feedback {
    init(head: ResponseHead, body: UnsafeRawBufferPointer, services: some Services) {
        throttled = head.status == 429
        if let text = head.headers.first("retry-after"), let seconds = Int64(text), seconds >= 0 {
            retryAfter = .seconds(seconds)
        }
        if let text = head.headers.first("x-ratelimit-remaining") { remaining = Int64(text) }
    }
}
