/// Makes texts of events: JSON objects for programs, lines for people. Without secrets, whatever servers said.
public struct EventWriter: Sendable {
    private let needles: [[UInt8]]
    private let source: String?
    private let limits: [String]
    private let wall: WallStart

    public init(_ source: Source, secrets: [Secret] = [], wall: WallStart) {
        needles = Redaction.needles(source.secrets + secrets)
        self.source = source.name
        limits = source.limits.rules.map(\.label)
        self.wall = wall
    }

    init(_ snapshot: Snapshot) {
        self.init(snapshot.plan, secrets: snapshot.secrets, wall: snapshot.wall)
    }

    // MARK: JSON

    public func json(_ event: Event, number: UInt64, names: [String]) -> String {
        var writer = JSONWriter()
        writer.object { write(event, number, names, to: &$0) }
        return writer.text
    }

    func write(_ event: Event, _ number: UInt64, _ names: [String], to writer: inout JSONWriter) {
        writer.member("v", 1)
        writer.member("seq", number)
        writer.member("time", wall.text(event.at))
        writer.member("level", (event.level ?? .debug).rawValue)
        writer.member("event", event.name)
        writer.member("source", source)
        writer.member("stream", Self.stream(event, names))
        details(event, to: &writer)
    }

    private static func stream(_ event: Event, _ names: [String]) -> String? {
        guard let index = event.stream, names.indices.contains(index), !names[index].isEmpty else { return nil }
        return names[index]
    }

    private func details(_ event: Event, to writer: inout JSONWriter) {
        switch event.kind {
        case .started, .finished, .abandoned, .cursor: break
        case .answered(let note): request(note, to: &writer)
        case .limited(let status, let wait):
            writer.member("status", status)
            writer.member("retry_after_ms", wait?.milliseconds)
        case .retry(let cause, let attempt, let at, let note):
            writer.member("cause", cause.rawValue)
            writer.member("attempt", attempt)
            writer.member("in_ms", max(.zero, at - event.at).milliseconds)
            if let note { failure(note.failure, to: &writer) }
        case .page(let page):
            writer.member("page", page.index)
            writer.member("records", page.records)
            writer.member("bytes", page.bytes)
            writer.member("duplicates", page.duplicates)
            writer.member("filtered", page.filtered)
            writer.member("missing", page.missing)
            writer.member("total", page.total)
            writer.member("cursor", page.highest?.shown)
        case .waits(let cause, let until):
            writer.member("for", cause.name)
            writer.member("limit", label(cause))
            writer.member("left_ms", until.map { max(.zero, $0 - event.at).milliseconds })
            writer.member("until", until.map(wall.text))
        case .spent(let cause, let span, _):
            writer.member("on", cause.name)
            writer.member("limit", label(cause))
            writer.name("ms")
            writer.milliseconds(span)
        case .breaker(let note):
            writer.member("origin", note.origin)
            writer.member("from", note.from)
            writer.member("to", note.to)
            writer.member("until", note.until.map(wall.text))
        case .token(let note): if let note { failure(note.failure, to: &writer) }
        case .committed(let records, let bytes):
            writer.member("records", records)
            writer.member("bytes", bytes)
        case .check(let note):
            writer.member("check", clean(note.name))
            writer.name("failed")
            writer.bool(note.isFailed)
            writer.member("message", clean(note.message))
        case .drift(let note): drift(note, to: &writer)
        case .failed(let note): failure(note.failure, to: &writer)
        }
    }

    private func request(_ note: RequestNote, to writer: inout JSONWriter) {
        writer.member("method", note.request.method)
        writer.member("url", clean(note.request.url.redacted(), most: 2000))
        writer.member("status", note.head?.status)
        writer.member("attempt", note.attempt)
        writer.name("ms")
        writer.milliseconds(note.latency)
        if let head = note.head {
            writer.name("first_byte_ms")
            writer.milliseconds(head.firstByte)
            writer.member("wire_bytes", head.wireBytes)
            writer.member("body_bytes", head.bodyBytes)
            writer.name("reused_connection")
            writer.bool(head.reusedConnection)
            writer.member("request_id", head.wholeRequestID.map { clean($0, most: 200) })
            trace(head, to: &writer)
        }
        if let failure = note.failure { writer.member("error", clean(failure.detail)) }
    }

    /// What the server says of where its own logs have this request.
    private static let traceHeaders = [
        "traceparent", "tracestate", "x-b3-traceid", "x-trace-id", "x-amzn-trace-id", "x-cloud-trace-context",
        "uber-trace-id",
        "x-datadog-trace-id", "server-timing",
    ]

    private func trace(_ head: ResponseHead, to writer: inout JSONWriter) {
        var found: [(String, String)] = []
        for name in Self.traceHeaders {
            if let value = head.headers.first(name), !value.isEmpty { found.append((name, clean(value))) }
        }
        guard !found.isEmpty else { return }
        writer.name("trace")
        writer.object { one in for (name, value) in found { one.member(name, value) } }
    }

    private func failure(_ failure: Failure, to writer: inout JSONWriter) {
        writer.member("error", clean(failure.message, most: 1000))
        writer.member("status", failure.httpStatus)
        writer.member("url", failure.url.map { clean($0, most: 2000) })
        writer.member("request_id", failure.requestID.map { clean($0) })
        writer.member("attempts", failure.attempts > 0 ? failure.attempts : nil)
        writer.member("page", failure.page)
        writer.member("body", failure.body.map { clean($0, most: 400) })
    }

    private func drift(_ note: DriftNote, to writer: inout JSONWriter) {
        writer.member("change", note.change.kind.rawValue)
        writer.member("path", clean(note.change.path))
        note.change.writeFigures(to: &writer)
        writer.name("failed")
        writer.bool(note.isFailed)
        writer.member("message", clean(note.change.message))
    }

    private func label(_ cause: WaitCause) -> String? {
        guard case .limit(let rule) = cause else { return nil }
        return limits.indices.contains(rule) ? limits[rule] : "\(rule)"
    }

    /// Redacted before it is cut: half a secret is one too.
    func clean(_ text: String, most: Int = 300) -> String {
        var text = text
        let redacted = text.withUTF8 { Redaction.text(UnsafeRawBufferPointer($0), needles: needles) }
        return Sanitized.text(redacted, most: most)
    }

    // MARK: for people

    public func line(_ event: Event, names: [String]) -> String {
        let time = wall.text(event.at)
        let level =
            switch event.level ?? .debug {
            case .debug: "DEBUG"
            case .info: "INFO"
            case .warning: "WARNING"
            case .error: "ERROR"
            }
        let clock = String(decoding: time.utf8.dropFirst(11).dropLast(), as: UTF8.self)
        let padding = String(repeating: " ", count: max(0, 7 - level.utf8.count))
        let place = [source, Self.stream(event, names)].compactMap { $0.map { clean($0, most: 100) } }.joined(
            separator: ".")
        return "\(clock) \(level)\(padding) \(place)\(place.isEmpty ? "" : ": ")\(words(event))"
    }

    private func words(_ event: Event) -> String {
        switch event.kind {
        case .started: return "started"
        case .finished: return "finished"
        case .abandoned: return "a request was given up"
        case .cursor(let time): return "the cursor stands at \(time.shown)"
        case .answered(let note):
            let result = note.failure.map { clean($0.detail) } ?? "HTTP \(note.status)"
            let id = note.head?.wholeRequestID.map { ", request id \(clean($0, most: 200))" } ?? ""
            let attempt = note.attempt > 1 ? ", attempt \(note.attempt)" : ""
            let size = note.head.map { ", \($0.bodyBytes) bytes" } ?? ""
            return "\(note.request.method) \(clean(note.request.url.redacted(), most: 1000)): \(result) after "
                + "\(note.latency.shown)\(size)\(attempt)\(id)"
        case .limited(let status, let wait):
            return "the server refused because of a limit (HTTP \(status))" + (wait.map { ", for \($0.shown)" } ?? "")
        case .retry(let cause, let attempt, let at, let note):
            let why = note.map { ": \(clean($0.failure.message))" } ?? ""
            return "again in \(max(.zero, at - event.at).shown) after attempt \(attempt) (\(cause.rawValue))\(why)"
        case .page(let page):
            return "page \(page.index): \(page.records) records, \(page.bytes) bytes"
        case .waits(let cause, let until):
            return "waits for \(cause.words)" + (label(cause).map { " (\($0))" } ?? "")
                + (until.map { ", for \(max(.zero, $0 - event.at).shown)" } ?? "")
        case .spent(let cause, let span, _):
            return "waited \(span.shown) for \(cause.words)" + (label(cause).map { " (\($0))" } ?? "")
        case .breaker(let note): return "the circuit breaker of \(note.origin) is \(note.to) (was \(note.from))"
        case .token(nil): return "the token was renewed"
        case .token(.some(let note)): return clean(note.failure.message, most: 1000)
        case .committed(let records, let bytes): return "\(records) records, \(bytes) bytes are on disk"
        case .check(let note): return "\(clean(note.name)): \(clean(note.message))"
        case .drift(let note): return "schema: \(clean(note.change.message))"
        case .failed(let note): return clean(note.failure.message, most: 1000)
        }
    }
}

extension WaitCause {
    /// For people: `waits for …`.
    var words: String {
        switch self {
        case .response: "the server"
        case .host: "the host to take pages"
        case .limit: "a limit of the document"
        case .shared: "the shared limit"
        case .pause: "the time that the server named"
        case .quota: "the server's quota"
        case .concurrency: "requests under way"
        case .breaker: "the circuit breaker"
        case .retry: "the backoff before a repetition"
        case .token: "a token"
        case .line: "others in front"
        }
    }
}
