internal import CCurl
internal import Engine

extension EasyHandle {
    /// What has become of the transfer, by libcurl's word and our own refusals.
    func outcome(of result: CURLcode, now: Instant) -> Outcome {
        guard result == CURLE_OK else { return .failed(failure(of: result, now: now)) }
        guard reception.pointee.headComplete else {
            // libcurl is content with a head that its connection's end cuts off.
            return .failed(failure(.truncated, "the head of the response is cut off", now: now))
        }
        let head = responseHead(now: now)
        // While bytes came in the ratio was held with some slack; now the count is exact.
        if reception.pointee.isRatioTooHigh(decoded: head.bodyBytes, wire: head.wireBytes) {
            return .failed(failure(.ratioTooHigh, reason(.ratioTooHigh), now: now))
        }
        if head.wireBytes > reception.pointee.limits.maxWireBytes, reception.pointee.body.count > 0 {
            return .failed(failure(.wireTooLarge, reason(.wireTooLarge), now: now))
        }
        return .response(head, reception.pointee.body.take())
    }

    /// A transfer that we ended.
    func failure(ended kind: TransferFailure.Kind, now: Instant) -> TransferFailure {
        failure(kind, reason(kind), now: now)
    }

    private func failure(of result: CURLcode, now: Instant) -> TransferFailure {
        if let refusal = reception.pointee.refusal {
            return failure(refusal, reason(refusal), code: result, now: now)
        }
        if reception.pointee.privateAddresses > 0, reception.pointee.sends == 0, result == CURLE_COULDNT_CONNECT {
            return failure(.privateAddress, reason(.privateAddress), code: result, now: now)
        }
        let text = errorText.isEmpty ? CurlLibrary.message(result) : errorText
        let kind = FailureKind.of(
            result, text: text, sends: reception.pointee.sends,
            responseBegan: responseBegan(result),
            headComplete: reception.pointee.headComplete)
        // libcurl has a cap on one line of its own, and says "Out of memory" of it.
        if kind == .headersTooLarge {
            return failure(kind, "a line of the headers is too long", code: result, now: now)
        }
        return failure(kind, FailureKind.line(text), code: result, now: now)
    }

    /// The timer that knows of a part of a line also starts when the connection ends without a byte, which has a code
    /// of its own.
    private func responseBegan(_ result: CURLcode) -> Bool {
        reception.pointee.firstByteAt != nil || (result != CURLE_GOT_NOTHING && hasPartOfALine)
    }

    private func failure(
        _ kind: TransferFailure.Kind, _ detail: String, code: CURLcode = CURLE_OK, now: Instant
    ) -> TransferFailure {
        TransferFailure(
            kind: kind, code: Int32(code.rawValue), detail: detail,
            mayHaveReachedServer: mayHaveReachedServer(detail: detail),
            head: reception.pointee.headComplete ? responseHead(now: now) : nil)
    }

    /// No connection was ready: nothing left. One was, but its first write failed: nothing left either, if the bytes
    /// were not TLS records on their way (OpenSSL may have sent some of them before it says "again"). A stream that
    /// the server refused was not looked at (RFC 9113 section 8.7).
    private func mayHaveReachedServer(detail: String) -> Bool {
        guard reception.pointee.sends > 0 else { return false }
        if !isSecure, penstock_getinfo_long(easy, CURLINFO_REQUEST_SIZE) == 0 { return false }
        return reception.pointee.sends > 1 || !ASCII.contains(detail, "REFUSED_STREAM")
    }

    func responseHead(now: Instant) -> ResponseHead {
        let received = reception.pointee
        var head = ResponseHead()
        head.status = received.status
        head.headers = HeaderFields(head: received.head.bytes)
        switch penstock_getinfo_long(easy, CURLINFO_HTTP_VERSION) {
        case Int(CURL_HTTP_VERSION_1_0): head.httpVersion = "1.0"
        case Int(CURL_HTTP_VERSION_2_0): head.httpVersion = "2"
        default: head.httpVersion = "1.1"
        }
        head.firstByte = (received.firstByteAt ?? now) - startedAt
        head.elapsed = now - startedAt
        head.wireBytes = received.wireBytes
        head.bodyBytes = Int64(received.body.count)
        head.reusedConnection = penstock_getinfo_long(easy, CURLINFO_NUM_CONNECTS) == 0
        head.hiddenResends = max(received.sends - 1, 0)
        head.receivedAtEpoch = received.receivedAtEpoch
        return head
    }

    private func reason(_ kind: TransferFailure.Kind) -> String {
        let limits = reception.pointee.limits
        return switch kind {
        case .firstByteTimeout: "no byte of a response in \(limits.firstByte.milliseconds) ms after the request"
        case .idleTimeout: "no byte for \(limits.idle.milliseconds) ms in the middle of the response"
        case .totalTimeout: "not done in \(limits.total.milliseconds) ms"
        case .bodyTooLarge: "the body has more than \(limits.maxBodyBytes) bytes"
        case .wireTooLarge: "the body takes more than \(limits.maxWireBytes) bytes on the wire"
        case .ratioTooHigh: "the body unpacks to more than \(limits.maxRatio) times its size"
        case .headersTooLarge: "the headers have more than \(limits.maxHeaderBytes) bytes"
        case .tooManyHeaders: "there are more than \(limits.maxHeaders) headers"
        case .contentEncoding: "the body is encoded more than once"
        case .privateAddress: "the host's address is loopback, private or reserved, and \"block_private\" is on"
        case .protocolError: "the response announces two different lengths"
        case .outOfMemory: "no memory for the response"
        case .cancelled: "cancelled"
        default: "the transfer was ended"
        }
    }
}
