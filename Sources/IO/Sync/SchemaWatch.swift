internal import Engine

/// Looks at what the records of a stream's run are made of, and holds it against what the run before saw.
///
/// `@unchecked Sendable`: the writer thread's, once it is made.
final class SchemaWatch: @unchecked Sendable {
    private let plan: DriftPlan
    private let state: any StateStore
    private let name: String
    private let source: Source
    /// Of the runs before; and of this one, before it was interrupted.
    private let before: StateSchema
    private var seen = SeenSchema()
    private var untilNext: Int64 = 0
    private var keptAt: Instant

    /// All of so many; behind them one in some.
    private static let whole: Int64 = 1000
    /// What is told of.
    private static let most = 100
    /// How old what is kept of a run may be when it is killed.
    private static let patience = Timespan.seconds(10)

    /// - Parameter isGoingOn: The run was interrupted, and is taken up.
    init(
        _ plan: DriftPlan, _ name: String, in state: any StateStore, _ source: Source, isGoingOn: Bool
    ) throws(Failure) {
        self.plan = plan
        self.source = source
        self.name = name
        self.state = state
        var before = try state.schema(of: name)
        if !isGoingOn { before.running = SchemaRecord() }
        self.before = before
        keptAt = Clock.now()
    }

    func look(at page: Page) {
        let count = page.recordCount
        guard seen.records >= Self.whole else {
            for index in 0..<count { seen.take(page.record(index)) }
            return
        }
        // Which one it is of those to look at has nothing to do with a page's size.
        var index = untilNext
        while index < count {
            seen.take(page.record(Int(index)))
            index += plan.sample
        }
        untilNext = index - Int64(count)
    }

    private var now: SchemaRecord { SchemaRecord(seen, of: source).adding(before.running) }

    /// The run is interrupted, or may be: what was seen of it is seen by the one that takes it up.
    func keep() {
        guard seen.records > 0 else { return }
        var schema = before
        schema.running = now
        // No part of what must not be lost.
        try? state.keep(schema, of: name)
    }

    func keepIfDue(_ instant: Instant) {
        guard instant - keptAt >= Self.patience else { return }
        keptAt = instant
        keep()
    }

    /// The run is whole: what has changed, at most so many; and what of it makes the stream fail.
    func finish() -> (notes: [DriftNote], more: Int) {
        let now = now
        let changes = now.changes(since: before.known, nullShare: Double(plan.nullPercent) / 100)
        let notes = changes.map { DriftNote($0, isFailed: plan.failing.contains($0.kind)) }
        var schema = StateSchema()
        // What makes a stream fail goes on to do so, until somebody takes it.
        schema.known =
            notes.contains { $0.isFailed } ? before.known : now.following(before.known, told: changes)
        // The file is whole: what can't be kept is told once more by the next run.
        if !schema.known.isEmpty { try? state.keep(schema, of: name) }
        let told = notes.filter(\.isFailed) + notes.filter { !$0.isFailed }
        return (Array(told.prefix(Self.most)), max(0, told.count - Self.most))
    }

    /// Why the stream has failed.
    static func failure(_ notes: [DriftNote]) -> Failure? {
        let failed = notes.filter(\.isFailed)
        guard let first = failed.first else { return nil }
        let more = failed.count > 1 ? " (and \(failed.count - 1) more)" : ""
        return Failure(.data, "the schema is not that of the run before: \(first.change.message)\(more)")
    }

    /// As a part of a run's results.
    static func write(_ notes: [DriftNote], more: Int, to writer: inout JSONWriter) {
        guard !notes.isEmpty else { return }
        writer.objects("drift", notes) { note, one in
            one.member("change", note.change.kind.rawValue)
            one.member("path", note.change.path)
            note.change.writeFigures(to: &one)
            one.member("failed", note.isFailed)
            one.member("message", note.change.message)
        }
        if more > 0 { writer.member("drift_more", more) }
    }
}
