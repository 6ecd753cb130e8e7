/// What a token endpoint answered, read with the patience that real ones need.
struct TokenAnswer: Sendable, Equatable {
    var token: Secret
    var type: String?
    var life: Timespan?
    var refreshToken: Secret?
    var scope: String?

    /// An answer without a token.
    struct Refusal: Error, Equatable, Sendable {
        /// RFC 6749 section 5.2, or one of ours.
        var error: String?
        var description: String?
        /// The same request may work later.
        var passes = false
        /// Nobody but a person can get the next token.
        var needsPerson: Bool { error == "invalid_grant" }
    }

    /// No token answer is as long.
    static let mostBytes = 1 << 20

    static func read(
        _ head: ResponseHead, _ body: UnsafeRawBufferPointer, _ places: TokenPlaces, services: some Services
    ) throws(Refusal) -> TokenAnswer {
        if (300..<400).contains(head.status) { throw Refusal(error: "unexpected_redirect") }
        let value = body.count <= mostBytes ? services.decode(body) ?? form(head, body) : nil
        guard (200..<300).contains(head.status) else {
            var refusal = Refusal(error: value?["error"]?.string, description: value?["error_description"]?.string)
            let passing = ["slow_down", "authorization_pending", "temporarily_unavailable"]
            refusal.passes =
                [408, 425, 429].contains(head.status) || head.status >= 500 || passing.contains(refusal.error ?? "")
            throw refusal
        }
        guard let value, value.members != nil || places.token.steps.isEmpty == false && value.array != nil else {
            throw Refusal(error: "malformed_response")
        }
        guard let token = value.at(places.token)?.string, !token.isEmpty else {
            if value.members == nil { throw Refusal(error: "malformed_response") }
            if let error = value["error"]?.string {
                throw Refusal(error: error, description: value["error_description"]?.string)
            }
            throw Refusal(error: "missing_access_token")
        }
        // RFC 6749, appendix A.12; a line break would be a header of the server's choice.
        guard !token.utf8.contains(where: ASCII.isControl) else { throw Refusal(error: "invalid_token_syntax") }
        let type = value["token_type"]?.string
        if let type, ["mac", "dpop", "pop"].contains(ASCII.lowercased(type)) {
            throw Refusal(error: "unsupported_token_type")
        }
        var answer = TokenAnswer(token: Secret(token), type: type)
        answer.life = value.at(places.expires).flatMap { life($0, places.expiry, head) }
        if let refresh = value.at(places.refresh)?.string, !refresh.isEmpty { answer.refreshToken = Secret(refresh) }
        answer.scope = value["scope"]?.string
        return answer
    }

    /// GitHub answers with a form unless it is asked for JSON, others whatever they are asked for.
    private static func form(_ head: ResponseHead, _ body: UnsafeRawBufferPointer) -> JSONValue? {
        let type = ASCII.lowercased(head.headers.first("content-type") ?? "")
        guard type.hasPrefix("application/x-www-form-urlencoded") || type.hasPrefix("text/plain") else { return nil }
        var members: [JSONValue.Member] = []
        for pair in body.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let name = parts.first, let text = parts.last else { return nil }
            func decoded(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
                PercentEncoding.decode(String(decoding: bytes, as: UTF8.self), plusIsSpace: true)
            }
            members.append(.init(name: decoded(name), value: .string(decoded(text))))
        }
        return members.isEmpty ? nil : .object(members)
    }

    /// Nil: it says nothing that can be used.
    private static func life(_ value: JSONValue, _ form: TokenPlaces.Expiry, _ head: ResponseHead) -> Timespan? {
        let now = RateLimitFeedback.reference(head.headers, now: WallTime(epochSeconds: head.receivedAtEpoch))
        if let text = value.string, form == .auto || form == .date {
            if let time = ISO8601.parse(text) { return max(time - now, .zero) }
            if let epoch = HTTPDate.parse(text, now: now) { return max(WallTime(epochSeconds: epoch) - now, .zero) }
        }
        guard form != .date, let number = number(value) else { return nil }
        // Seconds of 30 years are a date, and thousandths of a second if they are more.
        let unit: TokenPlaces.Expiry =
            form != .auto ? form : number < 1e9 ? .seconds : number < 1e11 ? .epoch : .epochMilliseconds
        let seconds = unit == .milliseconds || unit == .epochMilliseconds ? number / 1000 : number
        guard seconds < 1e12 else { return nil }
        let span = Timespan(nanoseconds: Int64((min(max(seconds, 0), 9e9) * 1e9).rounded()))
        guard unit == .epoch || unit == .epochMilliseconds else { return span }
        return max(WallTime(epochSeconds: 0) + span - now, .zero)
    }

    private static func number(_ value: JSONValue) -> Double? {
        let number: Double? =
            switch value {
            case .int(let number): Double(number)
            case .real(let number): number
            case .string(let text):
                DecimalText(ASCII.trimmed(text)).map { Double($0.whole) + Double($0.billionths) / 1e9 }
            default: nil
            }
        return number.flatMap { $0.isFinite ? $0 : nil }
    }
}
