internal import Engine

/// One stream of a run: where its pages come from, where its records go, and how far it is.
struct StreamRun: Sendable {
    enum State: String, Sendable {
        case waiting, running, done, failed, cancelled, parked
    }

    let sourceName: String?
    let stream: Engine.Stream
    /// What the names of its files begin with, and its name in a state.
    let stem: String
    var fileName: String
    var state = State.waiting
    var records: Int64 = 0
    var pages: Int64 = 0
    var bytes: Int64 = 0
    var requests: Int64 = 0
    var retries: Int64 = 0
    /// Parents that it went on without, and why, of the first few.
    var skipped: Int64 = 0
    var firstSkipped: [String] = []
    var total: Int64?
    /// What earlier runs had written; nil when this one began.
    var earlier: Int64?
    /// Nil for a stream without a key.
    var duplicates: Int64?
    /// Nil for a stream without a filter.
    var filtered: Int64?
    var missing: Int64?
    /// What earlier runs wrote and came again: as it was, and otherwise. Nil where nobody looks.
    var unchanged: Int64?
    var changed: Int64?
    var warnings: [String] = []
    /// What does not hold of what is expected.
    var checks: [CheckNote] = []
    /// What is not as in the schema of the run before, and how much more of it there is.
    var drift: (notes: [DriftNote], more: Int) = ([], 0)
    /// The latest time that an incremental stream has seen.
    var highest: WallTime?
    var startedAt: Instant?
    var endedAt: Instant?
    var failure: Failure?

    var isOver: Bool { state == .done || state == .failed || state == .cancelled || state == .parked }

    /// Of a page: what was left out of it.
    mutating func note(_ facts: PageFacts) {
        if let more = facts.duplicates { duplicates = (duplicates ?? 0).addingReportingOverflow(more).partialValue }
        if let more = facts.filtered { filtered = (filtered ?? 0).addingReportingOverflow(more).partialValue }
        if let time = facts.highest { highest = max(highest ?? time, time) }
        if let more = facts.missing { missing = (missing ?? 0).addingReportingOverflow(more).partialValue }
    }

    /// Stopped in good order, to go on another time.
    mutating func park(at now: Instant) {
        guard !isOver else { return }
        endedAt = now
        state = .parked
    }

    mutating func end(_ failure: Failure?, at now: Instant) {
        guard !isOver else { return }
        endedAt = now
        self.failure = failure
        state = failure == nil ? .done : failure?.code == .cancelled ? .cancelled : .failed
    }

    func write(to writer: inout JSONWriter, directory: String, now: Instant, statusName: (Failure.Code) -> String) {
        let elapsed = startedAt.map { (endedAt ?? now) - $0 } ?? .zero
        writer.object { writer in
            writer.member("source", sourceName)
            writer.member("stream", stream.name)
            writer.member("file", "\(directory)/\(fileName)\(state == .done ? "" : ".part")")
            writer.member("state", state.rawValue)
            writer.member("records", records)
            writer.member("pages", pages)
            writer.member("bytes", bytes)
            writer.member("requests", requests)
            writer.member("retries", retries)
            writer.name("total")
            if let total { writer.int(total) } else { writer.null() }
            writer.member("earlier_records", earlier)
            writer.member("duplicates", duplicates)
            writer.member("filtered", filtered)
            writer.member("missing", missing)
            writer.member("unchanged", unchanged)
            writer.member("changed", changed)
            if let highest {
                writer.member("cursor", highest.shown)
                writer.member("cursor_lag_ms", Clock.wallStart().lag(behind: highest).milliseconds)
            }
            writer.member("elapsed_ms", elapsed.milliseconds)
            writer.name("records_per_second")
            let milliseconds = max(1, elapsed.milliseconds)
            writer.decimal(
                thousandths: (records.multipliedReportingOverflow(by: 1_000_000).partialValue) / milliseconds)
            if skipped > 0 {
                writer.name("skipped")
                writer.object { writer in
                    writer.member("count", skipped)
                    writer.name("first")
                    writer.array { list in for message in firstSkipped { list.string(message) } }
                }
            }
            if !warnings.isEmpty {
                writer.name("warnings")
                writer.array { list in for warning in warnings { list.string(warning) } }
            }
            if !checks.isEmpty {
                writer.objects("checks", checks) { check, one in
                    one.member("check", check.name)
                    one.member("failed", check.isFailed)
                    one.member("message", check.message)
                }
            }
            SchemaWatch.write(drift.notes, more: drift.more, to: &writer)
            if let failure {
                writer.name("error")
                writer.literal(failure.json(statusName: statusName(failure.code)))
            }
        }
    }
}
