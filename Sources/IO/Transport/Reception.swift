internal import CCurl
internal import Engine
internal import Glibc

/// The times of the loop that a callback needs: reading a clock per chunk would cost more than the chunk.
struct LoopTimes {
    /// When the loop last came back from waiting.
    var now: Instant
    /// When the deadlines have to be looked at next.
    var nextCheck: Instant
    /// A head that is to be reported has come in.
    var hasHeads = false

    @inline(__always)
    mutating func check(at instant: Instant) {
        if instant.nanoseconds < nextCheck.nanoseconds { nextCheck = instant }
    }
}

/// What has come in for one transfer, and the limits it is held to byte by byte.
///
/// A trivial struct behind a pointer: libcurl's callbacks write to it without any reference counting. The callbacks end
/// a transfer by refusing the bytes; `refusal` then says why, libcurl itself only knows `CURLE_WRITE_ERROR`.
struct Reception {
    let easy: UnsafeMutableRawPointer
    let times: UnsafeMutablePointer<LoopTimes>
    var limits = TransferLimits()
    /// A second send is refused, not only counted.
    var onlyOnce = false

    var body = ByteBlock()
    /// Status line and fields of the latest response head, as they came.
    var head = ByteBlock()
    var status = 0
    var headComplete = false
    /// Somebody wants to see a head of 2xx before the body is in.
    var reportsHead = false
    /// It is there, and nobody has seen it.
    var hasHeadToReport = false
    var refusal: TransferFailure.Kind?
    /// Not connected to, because they are none of the public ones.
    var privateAddresses = 0
    /// How often libcurl has set out to send the request.
    var sends = 0
    /// When the request was on its way: at first the connection being ready, later the last of its body that went.
    var sentAt: Instant
    var firstByteAt: Instant?
    var lastByteAt: Instant
    var receivedAtEpoch: Int64 = 0

    private var headerBytes: Int64 = 0
    private var headerCount: Int64 = 0
    private var codings = 0
    private var isChunked = false
    private var contentLength: Int64 = -1

    init(easy: UnsafeMutableRawPointer, times: UnsafeMutablePointer<LoopTimes>) {
        self.easy = easy
        self.times = times
        sentAt = times.pointee.now
        lastByteAt = sentAt
    }

    /// Ready for the next transfer on the same handle. The head's block is kept: it is small and copied at the end.
    mutating func reset(limits: TransferLimits, onlyOnce: Bool, reportsHead: Bool) {
        var next = Reception(easy: easy, times: times)
        next.limits = limits
        next.onlyOnce = onlyOnce
        next.reportsHead = reportsHead
        next.head = head
        next.head.removeAll()
        body.release()
        self = next
    }

    mutating func release() {
        body.release()
        head.release()
    }

    // MARK: The request goes out

    /// libcurl has a connection and is about to send. The second time is a hidden re-send: a reused connection died
    /// before an answer, or the server refused the stream (`Curl_retry_request` in lib/transfer.c).
    mutating func willSend() -> Bool {
        if onlyOnce, sends > 0 { return false }
        sends &+= 1
        sentAt = times.pointee.now
        times.pointee.check(at: sentAt + limits.firstByte)
        return true
    }

    // MARK: The head comes in

    mutating func noteFirstByte() {
        // Not the loop's time: sending and the answer of a near server fit into one turn of it.
        let now = Clock.now()
        firstByteAt = now
        lastByteAt = now
        times.pointee.check(at: now + limits.idle)
    }

    /// One line with its line end; false refuses it.
    mutating func received(headerLine line: UnsafeRawBufferPointer) -> Bool {
        if firstByteAt == nil {
            noteFirstByte()
            receivedAtEpoch = Int64(time(nil))
        }
        lastByteAt = times.pointee.now
        headerBytes = headerBytes &+ Int64(line.count)
        if headerBytes > limits.maxHeaderBytes { return refuse(.headersTooLarge) }
        guard let first = line.first else { return true }
        let isBlank = first == 0x0D || first == 0x0A
        let isStatusLine = !headComplete && line.starts(with: "HTTP/".utf8)
        if isStatusLine {
            beginHead(line)
        } else if !isBlank {
            headerCount &+= 1
            if headerCount > limits.maxHeaders { return refuse(.tooManyHeaders) }
        }
        // What follows the final head are trailers: counted, and ignored.
        if headComplete { return true }
        if isBlank {
            headComplete = status >= 200
            if reportsHead, headComplete, status < 300 {
                hasHeadToReport = true
                times.pointee.hasHeads = true
            }
            return true
        }
        if !isStatusLine, !examine(line) { return false }
        if first == 0x20 || first == 0x09 {
            // A folded line goes on with the one before (RFC 9112 section 5.2): its line end becomes blanks.
            head.overwriteEnd(with: 0x20, count: head.endsWithCRLF ? 2 : 1)
        }
        return head.append(line.baseAddress ?? UnsafeRawPointer(easy), line.count) || refuse(.outOfMemory)
    }

    /// Interim responses (1xx) come first: what they said is dropped, what they took stays counted.
    private mutating func beginHead(_ line: UnsafeRawBufferPointer) {
        head.removeAll()
        codings = 0
        isChunked = false
        contentLength = -1
        status = 0
        guard let blank = line.firstIndex(of: 0x20) else { return }
        for byte in line[(blank + 1)...].prefix(3) {
            guard byte &- 0x30 < 10 else { break }
            status = status &* 10 &+ Int(byte &- 0x30)
        }
    }

    private mutating func examine(_ line: UnsafeRawBufferPointer) -> Bool {
        if let value = HeaderLine.value(in: line, ifNamed: "content-encoding") {
            codings &+= HeaderLine.items(in: value) { !HeaderLine.equals($0, "identity") }
        } else if let value = HeaderLine.value(in: line, ifNamed: "transfer-encoding") {
            // libcurl undoes these too, asked or not.
            codings &+= HeaderLine.items(in: value) {
                !HeaderLine.equals($0, "identity") && !HeaderLine.equals($0, "chunked")
            }
            isChunked = true
        } else if let value = HeaderLine.value(in: line, ifNamed: "content-length"),
            let length = HeaderLine.number(value)
        {
            // Two lengths are two ideas of where the response ends (RFC 9112 section 6.3); libcurl takes the last.
            if contentLength >= 0, contentLength != length { return refuse(.protocolError) }
            contentLength = length
        }
        // Each layer multiplies what a small bomb unpacks to.
        return codings <= 1 || refuse(.contentEncoding)
    }

    // MARK: The body comes in

    /// Decoded bytes; false refuses them.
    mutating func received(body bytes: UnsafeRawPointer, _ count: Int) -> Bool {
        lastByteAt = times.pointee.now
        if body.capacity == 0, !prepareBody() { return false }
        let (total, overflow) = Int64(body.count).addingReportingOverflow(Int64(count))
        if overflow || total > limits.maxBodyBytes { return refuse(.bodyTooLarge) }
        if codings == 0 {
            if total > limits.maxWireBytes { return refuse(.wireTooLarge) }
        } else {
            let wire = wireBytes
            if wire > limits.maxWireBytes { return refuse(.wireTooLarge) }
            // libcurl counts a chunked body only after it has decoded it, so its count may lag by one buffer.
            if isRatioTooHigh(decoded: total, wire: isChunked ? wire &+ EasyHandle.bufferSize : wire) {
                return refuse(.ratioTooHigh)
            }
        }
        return body.append(bytes, count) || refuse(.outOfMemory)
    }

    /// Encoded bytes of the body so far, without the framing of chunks or streams.
    var wireBytes: Int64 { penstock_getinfo_off_t(easy, CURLINFO_SIZE_DOWNLOAD_T) }

    func isRatioTooHigh(decoded: Int64, wire: Int64) -> Bool {
        guard codings > 0, decoded > 1 << 20 else { return false }
        let (most, overflow) = max(wire, 1).multipliedReportingOverflow(by: limits.maxRatio)
        return !overflow && decoded > most
    }

    /// The first bytes have come, so the length that was announced counts: too much is refused before it is sent, and
    /// the block is made in one go. Not more than 8 MiB on the server's word alone.
    private mutating func prepareBody() -> Bool {
        guard contentLength >= 0, !isChunked else { return true }
        if contentLength > limits.maxWireBytes { return refuse(.wireTooLarge) }
        if codings == 0, contentLength > limits.maxBodyBytes { return refuse(.bodyTooLarge) }
        let (unpacked, overflow) = contentLength.multipliedReportingOverflow(by: codings == 0 ? 1 : 4)
        let wanted = overflow ? 8 << 20 : min(unpacked, 8 << 20)
        return body.reserve(Int(wanted)) || refuse(.outOfMemory)
    }

    private mutating func refuse(_ kind: TransferFailure.Kind) -> Bool {
        refusal = kind
        return false
    }
}
