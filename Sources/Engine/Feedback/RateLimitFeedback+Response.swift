extension RateLimitFeedback {
    /// Bodies that are decoded for what they say about limits: errors, and answers too small to be pages.
    private static let smallBody = 2048
    private static let largestErrorBody = 64 << 10

    init(
        head: ResponseHead, body: UnsafeRawBufferPointer, profile: RateLimitProfile = .auto, services: some Services
    ) {
        let isWorthDecoding =
            head.status >= 400 ? body.count <= Self.largestErrorBody : body.count <= Self.smallBody
        self.init(
            status: head.status, headers: head.headers, body: isWorthDecoding ? services.decode(body) : nil,
            now: WallTime(epochSeconds: head.receivedAtEpoch), profile: profile)
    }

    /// How long the server wants to be left alone: what it says, else the time until its limit starts anew.
    var wait: Timespan? {
        if let retryAfter { return retryAfter }
        guard throttled, let resetAfter, remaining ?? 0 <= 0 else { return nil }
        return resetAfter
    }
}
