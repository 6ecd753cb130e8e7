internal import CCurl
package import Engine
internal import Synchronization

/// All transfers of one client: a libcurl multi handle with its connections, and the easy handles in use or at rest.
///
/// Used by one thread only, the client's I/O thread; `wake()` by any. Every `start` leads to exactly one finished
/// transfer, also when the request cannot be sent or is cancelled.
///
/// `@unchecked Sendable`: the multi handle is a C pointer, and `curl_multi_wakeup` may be called from any thread.
package final class Transport: @unchecked Sendable {
    private let multi: UnsafeMutableRawPointer
    private let settings: TransportSettings
    private let times: UnsafeMutablePointer<LoopTimes>
    private let woken = Atomic<Bool>(false)

    private var running: [EasyHandle] = []
    /// How many of them still send their body, at most.
    private var uploading = 0
    private var resting: [EasyHandle] = []
    private var finished: [FinishedTransfer] = []
    private var heads: [ReceivedHead] = []
    private var lastHeaders: RequestHeaders?
    private var openLimit = 0
    private let alarm = Alarm()

    package init(settings: TransportSettings) throws(TransportStartFailure) {
        guard CurlLibrary.start == CURLE_OK else {
            throw TransportStartFailure(detail: CurlLibrary.message(CurlLibrary.start))
        }
        guard let multi = curl_multi_init() else { throw TransportStartFailure(detail: "no memory for libcurl") }
        self.multi = multi
        self.settings = settings
        let now = Clock.now()
        times = .allocate(capacity: 1)
        times.initialize(to: LoopTimes(now: now, nextCheck: .distantFuture))
        penstock_multi_setopt_long(
            multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, min(max(settings.maxConnections, 1), Int(Int32.max)))
        penstock_multi_setopt_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
        keepIdleConnections()
        // The first handle shows whether the settings take at all.
        guard let first = EasyHandle(settings: settings, times: times) else {
            throw TransportStartFailure(detail: "libcurl refuses the connection settings")
        }
        resting.append(first)
    }

    deinit {
        for handle in running { curl_multi_remove_handle(multi, handle.easy) }
        running.removeAll()
        resting.removeAll()
        curl_multi_cleanup(multi)
        times.deallocate()
    }

    /// Transfers that have started and not finished.
    package var runningCount: Int { running.count }

    // MARK: Starting and ending

    /// A request that cannot be sent finishes at once, as a failure.
    package func start(_ request: TransferRequest, id: UInt64) {
        if let failure = begin(request, id: id) {
            finished.append(FinishedTransfer(id: id, outcome: .failed(failure)))
        }
    }

    /// Nothing happens when no such transfer is running; its outcome is on its way then.
    package func cancel(id: UInt64) {
        guard let handle = running.first(where: { $0.id == id }) else { return }
        end(handle, .cancelled)
    }

    /// The transfers that have finished since the last call.
    package func takeFinished() -> [FinishedTransfer] {
        guard !finished.isEmpty else { return [] }
        defer { finished = [] }
        return finished
    }

    /// The heads that have come in since the last call, of requests that want theirs reported and go on.
    package func takeHeads() -> [ReceivedHead] {
        guard !heads.isEmpty else { return [] }
        defer { heads = [] }
        return heads
    }

    // MARK: The loop

    /// Moves the transfers on until one has finished or has a head to report, `wake()` was called, or it is `until`; nil
    /// sets no time. Does not wait at all when something has finished already.
    package func poll(until: Instant?) {
        while true {
            perform()
            if !finished.isEmpty || !heads.isEmpty || woken.exchange(false, ordering: .acquiringAndReleasing) { return }
            let now = times.pointee.now
            if let until, now >= until { return }
            let longest = min(until ?? .distantFuture, times.pointee.nextCheck) - now
            // Rounded up: a wait that ends a little early would be followed by waits of nothing.
            let milliseconds = min(max(longest.milliseconds, 0), Int64(Int32.max) - 1) + 1
            let result = wait(milliseconds: Int32(milliseconds), until: until)
            guard result == CURLM_OK else { return endAll(result) }
        }
    }

    /// No longer than libcurl's own timers allow, and to the instant when that is near: a request that goes a millisecond
    /// late at each turn of a limit falls behind it by percents.
    private func wait(milliseconds: Int32, until: Instant?) -> CURLMcode {
        guard let until, milliseconds < 5_000, alarm.set(until) else {
            return curl_multi_poll(multi, nil, 0, milliseconds, nil)
        }
        var bell = curl_waitfd(fd: alarm.descriptor, events: Int16(CURL_WAIT_POLLIN), revents: 0)
        return curl_multi_poll(multi, &bell, 1, milliseconds, nil)
    }

    /// Lets `poll` return, now or the next time it is called. From any thread.
    package func wake() {
        // The flag, because libcurl does not tell why it came back; one write to its socket is enough for many calls.
        if !woken.exchange(true, ordering: .acquiringAndReleasing) { curl_multi_wakeup(multi) }
    }

    private func perform() {
        let now = Clock.now()
        times.pointee.now = now
        guard !running.isEmpty else { return }
        var stillRunning: Int32 = 0
        let result = curl_multi_perform(multi, &stillRunning)
        guard result == CURLM_OK else { return endAll(result) }
        if Int(stillRunning) < running.count { collect() }
        if times.pointee.hasHeads { collectHeads(now: now) }
        if uploading > 0 { noteUploads(now: now) }
        if now >= times.pointee.nextCheck { checkDeadlines(now: now) }
    }

    private func collect() {
        let now = Clock.now()
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle,
                let context = penstock_getinfo_private(easy)
            else { continue }
            let handle = Unmanaged<EasyHandle>.fromOpaque(context).takeUnretainedValue()
            // The message is gone once the handle is removed.
            finish(handle, handle.outcome(of: penstock_message_result(message), now: now))
        }
    }

    /// Of what has finished meanwhile the head comes with the rest.
    private func collectHeads(now: Instant) {
        times.pointee.hasHeads = false
        for handle in running where handle.reception.pointee.hasHeadToReport {
            handle.reception.pointee.hasHeadToReport = false
            heads.append(ReceivedHead(id: handle.id, head: handle.responseHead(now: now)))
        }
    }

    private func noteUploads(now: Instant) {
        uploading = 0
        for handle in running where handle.isUploading {
            handle.noteUpload(now: now)
            if handle.isUploading { uploading += 1 }
        }
    }

    private func checkDeadlines(now: Instant) {
        times.pointee.nextCheck = .distantFuture
        // Backwards: an ended transfer's place is taken by the last one, which has been looked at.
        for position in running.indices.reversed() {
            let handle = running[position]
            switch handle.deadline(now: now) {
            case .next(let instant): times.pointee.check(at: instant)
            case .passed(let kind): end(handle, kind)
            }
        }
    }

    /// libcurl cannot go on, for want of memory or descriptors: better every transfer fails than the thread spins.
    private func endAll(_ code: CURLMcode) {
        let detail = curl_multi_strerror(code).map { String(cString: $0) } ?? "libcurl cannot go on"
        while let handle = running.last {
            var failure = handle.failure(ended: .other, now: times.pointee.now)
            failure.code = code.rawValue
            failure.detail = detail
            finish(handle, .failed(failure))
        }
    }

    private func begin(_ request: TransferRequest, id: UInt64) -> TransferFailure? {
        if let failure = Self.problem(request) { return failure }
        let headers: RequestHeaders
        if let last = lastHeaders, last.serve(request) {
            headers = last
        } else {
            do { headers = try RequestHeaders(request) } catch { return error }
            lastHeaders = headers
        }
        guard let handle = resting.popLast() ?? EasyHandle(settings: settings, times: times) else {
            return Self.unsent(.outOfMemory, CURLE_OUT_OF_MEMORY)
        }
        times.pointee.now = Clock.now()
        let result = handle.prepare(request, id: id, headers: headers, now: times.pointee.now)
        guard result == CURLE_OK, curl_multi_add_handle(multi, handle.easy) == CURLM_OK else {
            rest(handle)
            return result == CURLE_OUT_OF_MEMORY ? Self.unsent(.outOfMemory, result) : Self.unsent(.other, result)
        }
        handle.position = running.count
        running.append(handle)
        if handle.isUploading { uploading += 1 }
        times.pointee.check(at: times.pointee.now + request.limits.total)
        keepIdleConnections()
        return nil
    }

    /// The engine has looked already; libcurl would send what it does not refuse, so look again.
    private static func problem(_ request: TransferRequest) -> TransferFailure? {
        if request.url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) {
            return unsent(.badURL, CURLE_URL_MALFORMAT)
        }
        guard !request.method.isEmpty, request.method.utf8.allSatisfy(RequestHeaders.isTokenByte) else {
            return TransferFailure(
                kind: .other, code: 0, detail: "the method is not a token", mayHaveReachedServer: false)
        }
        if request.method == "HEAD", request.body != nil {
            return TransferFailure(kind: .other, code: 0, detail: "HEAD with a body", mayHaveReachedServer: false)
        }
        return nil
    }

    private static func unsent(_ kind: TransferFailure.Kind, _ code: CURLcode) -> TransferFailure {
        TransferFailure(
            kind: kind, code: Int32(code.rawValue), detail: CurlLibrary.message(code), mayHaveReachedServer: false)
    }

    /// Ends a running transfer for a reason of our own. libcurl closes its connection, or resets its stream.
    private func end(_ handle: EasyHandle, _ kind: TransferFailure.Kind) {
        let failure = handle.failure(ended: kind, now: times.pointee.now)
        finish(handle, .failed(failure))
    }

    private func finish(_ handle: EasyHandle, _ outcome: Outcome) {
        curl_multi_remove_handle(multi, handle.easy)
        if let last = running.popLast(), last !== handle {
            last.position = handle.position
            running[handle.position] = last
        }
        finished.append(FinishedTransfer(id: handle.id, outcome: outcome))
        rest(handle)
        keepIdleConnections()
    }

    private func rest(_ handle: EasyHandle) {
        handle.rest()
        if resting.count < settings.maxConnections { resting.append(handle) }
    }

    /// libcurl's limit is on all open connections, and one above it is closed as soon as its transfer ends: with more
    /// transfers than the limit, every one would open a new connection. So the limit follows the transfers.
    private func keepIdleConnections() {
        let limit = max(running.count &+ min(max(settings.maxIdleConnections, 0), 1 << 20), 1)
        guard limit != openLimit else { return }
        openLimit = limit
        penstock_multi_setopt_long(multi, CURLMOPT_MAXCONNECTS, limit)
    }
}
