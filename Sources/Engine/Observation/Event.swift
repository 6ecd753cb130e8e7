/// Something that happened. The one source of logs, metrics, traces and progress: the engine writes events down as
/// plain values, IO takes them after every turn, and no text is made of one until somebody asks.
public struct Event: Sendable {
    public enum Kind: Sendable {
        case started
        /// A transfer ended: one attempt, or one hop of it.
        case answered(RequestNote)
        /// A transfer was given up.
        case abandoned
        /// The server refused because of a limit.
        case limited(status: Int, wait: Timespan?)
        case retry(RetryCause, attempt: Int, at: Instant, FailureNote?)
        case page(PageNote)
        /// From now on it waits for that.
        case waits(WaitCause, until: Instant?)
        /// So long it was at that.
        ///
        /// - Parameter isOver: no longer; else it is told before its end.
        case spent(WaitCause, Timespan, isOver: Bool)
        case breaker(BreakerNote)
        /// Nil: it is renewed.
        case token(FailureNote?)
        case committed(records: Int64, bytes: Int64)
        case check(CheckNote)
        case drift(DriftNote)
        /// Where the cursor of an incremental stream stands.
        case cursor(WallTime)
        case finished
        case failed(FailureNote)
    }

    public var at: Instant
    /// Its number among the names that the recorder keeps; nil: of no stream.
    public var stream: Int?
    public var kind: Kind

    public init(at: Instant, stream: Int?, _ kind: Kind) {
        self.at = at
        self.stream = stream
        self.kind = kind
    }
}

/// One transfer and what came of it. A class: the ring keeps it by one reference.
public final class RequestNote: Sendable {
    let request: PreparedRequest
    let head: ResponseHead?
    let failure: TransferFailure?
    let attempt: Int
    let latency: Timespan

    /// Of bodies no more than that is kept.
    private static let mostBody = 4096

    init(
        _ request: PreparedRequest, _ head: ResponseHead?, _ failure: TransferFailure?, attempt: Int,
        _ latency: Timespan
    ) {
        if request.body.map({ $0.count > Self.mostBody }) ?? false {
            var cut = request
            cut.body = nil
            cut.bodyForm = nil
            self.request = cut
            isBodyLeftOut = true
        } else {
            self.request = request
            isBodyLeftOut = false
        }
        self.head = head
        self.failure = failure
        self.attempt = attempt
        self.latency = latency
    }
    let isBodyLeftOut: Bool

    var status: Int { head?.status ?? 0 }
}

/// A failure by reference: it is large, and events are not.
public final class FailureNote: Sendable {
    public let failure: Failure
    public init(_ failure: Failure) { self.failure = failure }
}

public struct PageNote: Sendable {
    var index: UInt64
    var records: Int64
    var bytes: Int64
    var duplicates: Int64?
    var filtered: Int64?
    var missing: Int64?
    var total: Int64?
    var highest: WallTime?

    init(_ facts: PageFacts) {
        index = facts.index
        records = Int64(facts.records.count)
        bytes = facts.head.bodyBytes
        duplicates = facts.duplicates
        filtered = facts.filtered
        missing = facts.missing
        total = facts.total
        highest = facts.highest
    }
}

/// A circuit breaker changed its state.
public final class BreakerNote: Sendable {
    let origin: String
    let from: String
    let to: String
    let until: Instant?
    init(origin: String, from: String, to: String, until: Instant?) {
        self.origin = origin
        self.from = from
        self.to = to
        self.until = until
    }
}

/// What a look at the data found.
public final class CheckNote: Sendable {
    public let name: String
    public let isFailed: Bool
    public let message: String
    public init(name: String, isFailed: Bool, message: String) {
        self.name = name
        self.isFailed = isFailed
        self.message = message
    }
}

/// The schema is not what the run before saw.
public final class DriftNote: Sendable {
    public let change: SchemaChange
    public let isFailed: Bool
    public init(_ change: SchemaChange, isFailed: Bool) {
        self.change = change
        self.isFailed = isFailed
    }
}

/// How much somebody wants to hear.
public enum EventLevel: String, Sendable, Comparable, CaseIterable {
    case debug, info, warning, error

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    public static func < (a: EventLevel, b: EventLevel) -> Bool { a.rank < b.rank }
}

extension Event {
    /// Nil: nothing to tell, it only counts.
    public var level: EventLevel? {
        switch kind {
        case .abandoned, .cursor: nil
        case .answered, .page: .debug
        case .committed: .debug
        // What the server took stands with its request.
        case .spent(let cause, let span, _): cause != .response && span >= .milliseconds(100) ? .debug : nil
        case .waits(_, let until): until.map { $0 - at >= .seconds(1) ? .info : .debug } ?? .info
        case .started, .finished, .token(nil): .info
        case .limited, .retry, .breaker, .token: .warning
        case .check(let note): note.isFailed ? .error : .warning
        case .drift(let note): note.isFailed ? .error : .warning
        case .failed(let note): note.failure.code == .cancelled ? .info : .error
        }
    }

    public var name: String {
        switch kind {
        case .started: "stream_started"
        case .answered: "request"
        case .abandoned: "request_abandoned"
        case .limited: "limit_hit"
        case .retry: "retry"
        case .page: "page"
        case .waits: "waiting"
        case .spent: "waited"
        case .breaker: "breaker_changed"
        case .token(nil): "token_renewed"
        case .token: "token_failed"
        case .committed: "batch_committed"
        case .check: "check"
        case .drift: "schema_drift"
        case .cursor: "cursor"
        case .finished: "stream_finished"
        case .failed: "stream_failed"
        }
    }
}
