/// What was counted of one stream.
struct Tally: Sendable {
    struct Count<Label: Hashable & Sendable>: Sendable {
        let label: Label
        var count: Int64 = 0
        var time = Timespan.zero
    }

    /// How long requests took that came to one status; 0: without an answer.
    struct Latency: Sendable {
        let status: Int
        var times = Histogram()
    }

    let name: String
    var requests: Int64 = 0
    /// HTTP's; of those without an answer the kind of failure.
    var statuses: [Count<Int>] = []
    var failures: [Count<String>] = []
    var latency = Histogram()
    var latencies: [Latency] = []
    var throttled: Int64 = 0
    var retries: [Count<RetryCause>] = []
    var opened: Int64 = 0
    var reused: Int64 = 0
    var wireBytes: Int64 = 0
    var decodedBytes: Int64 = 0
    var pages: Int64 = 0
    var records: Int64 = 0
    var duplicates: Int64 = 0
    var filtered: Int64 = 0
    var missing: Int64 = 0
    var total: Int64?
    /// The latest time seen, of a stream that is read incrementally.
    var highest: WallTime?
    var spent: [Count<WaitCause>] = []
    var committed: Int64 = 0
    var committedBytes: Int64 = 0
    var checks: [Count<String>] = []
    var failedChecks: Int64 = 0
    var drifts: [Count<SchemaChange.Kind>] = []
    var started: Int64 = 0
    var finished: Int64 = 0
    var failed: Int64 = 0

    init(name: String) { self.name = name }

    mutating func take(_ kind: Event.Kind) {
        switch kind {
        case .started: started += 1
        case .answered(let note): answered(note)
        case .abandoned: requests += 1
        case .limited: throttled += 1
        case .retry(let cause, _, _, _): Self.add(cause, to: &retries)
        case .page(let page):
            pages += 1
            records = records.addingSaturating(page.records)
            duplicates = duplicates.addingSaturating(page.duplicates ?? 0)
            filtered = filtered.addingSaturating(page.filtered ?? 0)
            missing = missing.addingSaturating(page.missing ?? 0)
            if let now = page.total { total = now }
            if let time = page.highest { highest = max(highest ?? time, time) }
        case .cursor(let time): highest = max(highest ?? time, time)
        case .spent(let cause, let span, let isOver): Self.add(cause, span, times: isOver ? 1 : 0, to: &spent)
        case .committed(let records, let bytes):
            committed = committed.addingSaturating(records)
            committedBytes = committedBytes.addingSaturating(bytes)
        case .check(let note):
            Self.add(note.name, to: &checks)
            if note.isFailed { failedChecks += 1 }
        case .drift(let note): Self.add(note.change.kind, to: &drifts)
        case .finished: finished += 1
        case .failed: failed += 1
        case .waits, .breaker, .token: break
        }
    }

    private mutating func answered(_ note: RequestNote) {
        requests += 1
        latency.add(note.latency)
        add(note.latency, status: note.failure == nil ? note.status : 0)
        if let head = note.head {
            if head.hiddenResends > 0 {
                requests = requests.addingSaturating(Int64(head.hiddenResends))
                for _ in 0..<min(head.hiddenResends, 100) { Self.add(.resend, to: &retries) }
            }
            wireBytes = wireBytes.addingSaturating(head.wireBytes)
            decodedBytes = decodedBytes.addingSaturating(head.bodyBytes)
            if head.reusedConnection { reused += 1 } else { opened += 1 }
        }
        if let failure = note.failure {
            Self.add(RetryCause(failure.kind).rawValue, to: &failures)
        } else {
            Self.add(note.status, to: &statuses)
        }
    }

    private mutating func add(_ span: Timespan, status: Int) {
        if let index = latencies.firstIndex(where: { $0.status == status }) {
            latencies[index].times.add(span)
        } else if latencies.count < 100 {
            var new = Latency(status: status)
            new.times.add(span)
            latencies.append(new)
        }
    }

    private static func add<Label>(
        _ label: Label, _ span: Timespan = .zero, times: Int64 = 1, to list: inout [Count<Label>]
    ) {
        for index in list.indices where list[index].label == label {
            list[index].count += times
            list[index].time = list[index].time + span
            return
        }
        if list.count < 100 { list.append(Count(label: label, count: times, time: span)) }
    }

    /// Answers of 400 and more, and requests without one.
    var errors: Int64 {
        statuses.reduce(0) { $0 + ($1.label >= 400 ? $1.count : 0) } + failures.reduce(0) { $0 + $1.count }
    }
    var answers: Int64 { statuses.reduce(0) { $0 + $1.count } + failures.reduce(0) { $0 + $1.count } }
    var elapsed: Timespan { spent.reduce(.zero) { $0 + $1.time } }
    /// Of what the server says there is, whether it was handed over or left out with a reason.
    var received: Int64 { records.addingSaturating(duplicates).addingSaturating(filtered) }
}
