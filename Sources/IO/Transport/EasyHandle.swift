internal import CCurl
internal import Engine
internal import Glibc

/// One libcurl easy handle with all it points to, used for one transfer after the other.
///
/// What is the same for every request of a client is set once; `prepare` sets all that a request can vary, so
/// `curl_easy_reset` and its thirty options are not paid per page.
final class EasyHandle {
    /// libcurl's receive buffer. It is allocated per transfer and a page often fits.
    static let bufferSize: Int64 = 64 << 10

    let easy: UnsafeMutableRawPointer
    let reception: UnsafeMutablePointer<Reception>
    private let errorBuffer: UnsafeMutablePointer<CChar>
    /// The slist lives as long as libcurl may read it.
    private var headers: RequestHeaders?

    var id: UInt64 = 0
    /// Where it stands among the running transfers.
    var position = 0
    var startedAt = Instant(nanoseconds: 0)
    var isSecure = false
    private var bodyBytes: Int64 = 0
    private var uploadedBytes: Int64 = 0
    private var downloadedBytes: Int64 = 0

    init?(settings: TransportSettings, times: UnsafeMutablePointer<LoopTimes>) {
        guard let easy = curl_easy_init() else { return nil }
        self.easy = easy
        reception = .allocate(capacity: 1)
        reception.initialize(to: Reception(easy: easy, times: times))
        errorBuffer = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        guard connectCallbacks(), apply(settings) else { return nil }
    }

    deinit {
        curl_easy_cleanup(easy)
        reception.pointee.release()
        reception.deallocate()
        errorBuffer.deallocate()
    }

    /// Back in the pool: nothing of the last request is kept but the handle.
    func rest() {
        headers = nil
        reception.pointee.body.release()
        if bodyBytes > 0 { penstock_setopt_pointer(easy, CURLOPT_COPYPOSTFIELDS, nil) }
    }

    // MARK: One request

    func prepare(_ request: TransferRequest, id: UInt64, headers: RequestHeaders, now: Instant) -> CURLcode {
        self.id = id
        self.headers = headers
        startedAt = now
        isSecure = request.url.utf8.prefix(6).elementsEqual("https:".utf8, by: { $0 | 0x20 == $1 | 0x20 })
        bodyBytes = Int64(request.body?.count ?? 0)
        uploadedBytes = 0
        downloadedBytes = 0
        errorBuffer[0] = 0
        reception.pointee.reset(
            limits: request.limits, onlyOnce: request.freshConnection, reportsHead: request.reportsHead)

        var result = penstock_setopt_string(easy, CURLOPT_URL, request.url)
        if result == CURLE_OK { result = setMethod(request) }
        penstock_setopt_list(easy, CURLOPT_HTTPHEADER, headers.list)
        penstock_setopt_long(easy, CURLOPT_FRESH_CONNECT, request.freshConnection ? 1 : 0)
        // Wait for a connection whose protocol is being agreed on: many requests to one server then share it.
        penstock_setopt_long(easy, CURLOPT_PIPEWAIT, isSecure ? 1 : 0)
        // Zero would be libcurl's own 300 s.
        let connect = min(max(request.limits.connect.milliseconds, 1), Int64(Int32.max))
        penstock_setopt_long(easy, CURLOPT_CONNECTTIMEOUT_MS, Int(connect))
        return result
    }

    private func setMethod(_ request: TransferRequest) -> CURLcode {
        penstock_setopt_string(easy, CURLOPT_CUSTOMREQUEST, nil)
        if request.method == "HEAD" { return penstock_setopt_long(easy, CURLOPT_NOBODY, 1) }
        // POST, PUT and PATCH say that they carry nothing (RFC 9110 section 8.6), others just carry nothing.
        let hasBody = request.body != nil || ["POST", "PUT", "PATCH"].contains(request.method)
        guard hasBody else {
            let result = penstock_setopt_long(easy, CURLOPT_HTTPGET, 1)
            if result != CURLE_OK || request.method == "GET" { return result }
            return penstock_setopt_string(easy, CURLOPT_CUSTOMREQUEST, request.method)
        }
        var result = penstock_setopt_long(easy, CURLOPT_POST, 1)
        // The size first: without it COPYPOSTFIELDS takes the bytes for a C string.
        if result == CURLE_OK { result = penstock_setopt_off_t(easy, CURLOPT_POSTFIELDSIZE_LARGE, bodyBytes) }
        if result == CURLE_OK { result = setBody(request.body ?? []) }
        if result != CURLE_OK || request.method == "POST" { return result }
        return penstock_setopt_string(easy, CURLOPT_CUSTOMREQUEST, request.method)
    }

    private func setBody(_ bytes: [UInt8]) -> CURLcode {
        if bytes.isEmpty { return penstock_setopt_string(easy, CURLOPT_COPYPOSTFIELDS, "") }
        return bytes.withUnsafeBytes {
            // libcurl copies and does not write; the parameter is not const because the option is variadic.
            penstock_setopt_pointer(easy, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: $0.baseAddress))
        }
    }

    // MARK: Deadlines

    /// Whether part of the body has not gone yet.
    var isUploading: Bool { uploadedBytes < bodyBytes }

    /// Called after every wait while the body goes out, to know when the request ended.
    func noteUpload(now: Instant) {
        let uploaded = penstock_getinfo_off_t(easy, CURLINFO_SIZE_UPLOAD_T)
        guard uploaded != uploadedBytes else { return }
        uploadedBytes = uploaded
        reception.pointee.sentAt = now
    }

    /// Part of a status line never reaches the header callback, yet it ends the wait for the first byte; a timer of
    /// libcurl's knows. With a body to send the same timer starts at the sending (`readwrite_upload` in
    /// lib/transfer.c) and says nothing.
    var hasPartOfALine: Bool {
        bodyBytes == 0 && penstock_getinfo_off_t(easy, CURLINFO_STARTTRANSFER_TIME_T) > 0
    }

    enum Deadline {
        case next(Instant)
        case passed(TransferFailure.Kind)
    }

    /// The connect limit is libcurl's (`CURLOPT_CONNECTTIMEOUT_MS`): it alone knows when a queued transfer begins to
    /// connect. The others are ours: libcurl has none for the first byte, and for silence only whole seconds.
    func deadline(now: Instant) -> Deadline {
        let limits = reception.pointee.limits
        let total = startedAt + limits.total
        if now >= total { return .passed(.totalTimeout) }
        guard reception.pointee.sends > 0 else { return .next(total) }
        if reception.pointee.firstByteAt == nil, hasPartOfALine { reception.pointee.noteFirstByte() }
        guard reception.pointee.firstByteAt != nil else {
            let due = reception.pointee.sentAt + limits.firstByte
            return now >= due ? .passed(.firstByteTimeout) : .next(min(due, total))
        }
        var due = reception.pointee.lastByteAt + limits.idle
        if now >= due {
            // Bytes that decode to nothing reach no callback; the counter still knows them.
            let downloaded = reception.pointee.wireBytes
            guard downloaded != downloadedBytes else { return .passed(.idleTimeout) }
            downloadedBytes = downloaded
            reception.pointee.lastByteAt = now
            due = now + limits.idle
        }
        return .next(min(due, total))
    }

    // MARK: The end

    /// libcurl's own words on the failure, or nothing.
    var errorText: String { String(cString: errorBuffer) }

    // MARK: What never changes

    private func connectCallbacks() -> Bool {
        let context = UnsafeMutableRawPointer(reception)
        return penstock_setopt_pointer(easy, CURLOPT_ERRORBUFFER, errorBuffer) == CURLE_OK
            && penstock_setopt_pointer(easy, CURLOPT_PRIVATE, Unmanaged.passUnretained(self).toOpaque()) == CURLE_OK
            && penstock_setopt_writer(easy, CURLOPT_WRITEFUNCTION, receiveBody) == CURLE_OK
            && penstock_setopt_pointer(easy, CURLOPT_WRITEDATA, context) == CURLE_OK
            && penstock_setopt_writer(easy, CURLOPT_HEADERFUNCTION, receiveHeaderLine) == CURLE_OK
            && penstock_setopt_pointer(easy, CURLOPT_HEADERDATA, context) == CURLE_OK
            && penstock_setopt_prerequest(easy, willSend) == CURLE_OK
            && penstock_setopt_pointer(easy, CURLOPT_PREREQDATA, context) == CURLE_OK
            && penstock_setopt_pointer(easy, CURLOPT_OPENSOCKETDATA, context) == CURLE_OK
    }
}

private let receiveBody: curl_write_callback = { bytes, size, count, context in
    guard let bytes, let context else { return 0 }
    let length = size &* count
    return context.assumingMemoryBound(to: Reception.self).pointee.received(body: bytes, length) ? length : 0
}

private let receiveHeaderLine: curl_write_callback = { bytes, size, count, context in
    guard let bytes, let context else { return 0 }
    let line = UnsafeRawBufferPointer(start: bytes, count: size &* count)
    return context.assumingMemoryBound(to: Reception.self).pointee.received(headerLine: line) ? line.count : 0
}

private let willSend: curl_prereq_callback = { context, _, _, _, _ in
    guard let context else { return CURL_PREREQFUNC_ABORT }
    return context.assumingMemoryBound(to: Reception.self).pointee.willSend()
        ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}
