/// What a walk waits for. At every instant of its life it is one of these, so they add up to the time it took.
public enum WaitCause: Hashable, Sendable {
    /// The server: a request is under way.
    case response
    /// The host, who has not taken the pages that are ready.
    case host
    /// One of the document's own limits, by its number among them.
    case limit(Int)
    /// The limiter that it shares with other clients.
    case shared
    /// The server said when to come back (`Retry-After`, 429).
    case pause
    /// The server's headers say that little or nothing is left.
    case quota
    /// As many requests are under way as the server has shown to bear.
    case concurrency
    case breaker
    /// The backoff before a repetition.
    case retry
    case token
    /// Others that want the same and came first.
    case line

    public var name: String {
        switch self {
        case .response: "response"
        case .host: "host"
        case .limit: "limit"
        case .shared: "shared_limit"
        case .pause: "server_pause"
        case .quota: "server_quota"
        case .concurrency: "server_concurrency"
        case .breaker: "breaker"
        case .retry: "retry"
        case .token: "token"
        case .line: "line"
        }
    }

    /// Worth telling: neither the server at work nor the host.
    var isHeldUp: Bool { self != .response && self != .host }
}

/// Why a request goes out once more.
public enum RetryCause: String, Sendable, CaseIterable {
    case throttled, status, timeout, connection, tls, body, rule
    /// libcurl did it by itself.
    case resend
    case other

    init(_ kind: TransferFailure.Kind) {
        switch kind {
        case .connectTimeout, .firstByteTimeout, .idleTimeout, .totalTimeout: self = .timeout
        case .tls, .certificate: self = .tls
        case .resolve, .connect, .closedBeforeResponse, .truncated, .sending, .receiving, .http2Stream,
            .protocolError:
            self = .connection
        case .contentEncoding: self = .body
        default: self = .other
        }
    }
}

extension LimitPlan.Rule {
    /// Short, for labels: `10 per 1s`.
    var label: String {
        let unit = unit == .points ? " points" : ""
        let text =
            switch kind {
            case .window(let most, let per, _): "\(most)\(unit) per \(per.documentText)"
            case .bucket(let most, let per, let burst, _):
                "\(most)\(unit) per \(per.documentText), burst \(burst)"
            case .spacing(let gap): "\(gap.documentText) apart"
            case .concurrent(let most): "\(most) at once"
            }
        return text + (each.map { " each \($0.rawValue)" } ?? "")
    }
}
