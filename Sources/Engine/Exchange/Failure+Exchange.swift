extension Failure {
    /// A transfer that gave no whole response.
    init(transport failure: TransferFailure) {
        let code: Failure.Code =
            switch failure.kind {
            case .connectTimeout, .firstByteTimeout, .idleTimeout, .totalTimeout: .timeout
            case .tls, .certificate: .tls
            case .bodyTooLarge, .wireTooLarge, .ratioTooHigh, .headersTooLarge, .tooManyHeaders: .limit
            case .badURL, .privateAddress: .config
            case .outOfMemory: .noMemory
            case .cancelled: .cancelled
            case .contentEncoding: .data
            default: .network
            }
        self.init(code, failure.detail)
        if let head = failure.head {
            httpStatus = head.status
            // It is redacted, and cut then, where all secrets are known.
            requestID = head.wholeRequestID
        }
    }

    /// A response whose status is an error.
    init(head: ResponseHead, body: UnsafeRawBufferPointer, feedback: RateLimitFeedback, secrets: [Secret]) {
        let code: Failure.Code =
            feedback.throttled ? .rateLimited : head.status == 401 ? .auth : .http
        // Redacted before it is cut: half a secret is one too.
        let shown = Sanitized.text(SecretNames.redacted(Redaction.text(body, secrets)), most: 300)
        var message = "HTTP \(head.status)"
        if !shown.isEmpty { message += ": \(shown)" }
        self.init(code, message)
        httpStatus = head.status
        requestID = head.requestID(without: secrets)
        retryAfter = feedback.wait
        if !shown.isEmpty { self.body = shown }
    }
}

extension TransferFailure.Kind {
    /// Whether the same request may work a moment later.
    var passes: Bool {
        switch self {
        case .resolve, .connect, .tls, .connectTimeout, .firstByteTimeout, .idleTimeout, .totalTimeout: true
        case .closedBeforeResponse, .truncated, .sending, .receiving, .http2Stream, .protocolError: true
        case .contentEncoding: true
        case .certificate, .bodyTooLarge, .wireTooLarge, .ratioTooHigh, .headersTooLarge, .tooManyHeaders: false
        case .badURL, .privateAddress, .outOfMemory, .cancelled, .other: false
        }
    }
}

extension TransferFailure.Kind {
    /// A connection died under the request: another one from the same pool may be as dead.
    var isBrokenConnection: Bool {
        switch self {
        case .closedBeforeResponse, .truncated, .sending, .receiving, .http2Stream, .protocolError: true
        default: false
        }
    }
}

extension ResponseHead {
    /// What the server's support desk asks for. The usual names, most telling first.
    var requestID: String? { requestID(without: []) }

    func requestID(without secrets: [Secret]) -> String? {
        wholeRequestID.map { Sanitized.text(Redaction.text($0, secrets), most: 200) }
    }

    /// As the server said it: for nobody to see.
    var wholeRequestID: String? {
        for name in ["x-request-id", "request-id", "x-amzn-requestid", "x-correlation-id", "x-trace-id", "cf-ray"] {
            if let id = headers.first(name), !id.isEmpty { return id }
        }
        return nil
    }
}

extension Timespan {
    /// For people: `37 s`, `1.5 h`.
    public var shown: String {
        let seconds = nanoseconds / 1_000_000_000
        if seconds < 1 { return "\(milliseconds) ms" }
        if seconds < 600 { return "\(seconds) s" }
        if seconds < 7200 { return "\(seconds / 60) min" }
        return "\(seconds / 3600) h"
    }
}
