internal import CLinux
internal import Engine
internal import Glibc

/// What makes a stream's file survive the death of its process: its records are on disk before the state says so, and what
/// the state doesn't know of is cut off when it is opened again.
///
/// `@unchecked Sendable`: used by the writer thread alone once it is made.
final class Durable: @unchecked Sendable {
    private let state: any StateStore
    let file: LineFile
    /// What earlier runs wrote, where that is to be left out.
    let seen: SeenRecords?
    private var entry: StateFile.Entry
    private let runID: Int64
    private var checkpoint: Checkpoint?
    private var pages: Int64 = 0
    /// Since when records wait for their commit.
    private(set) var waitingSince: Instant?
    /// What was there of the run when it was opened, in all of its files.
    let earlier: (records: Int64, pages: Int64)
    /// What was there of the file.
    private var recordsOfFile: Int64
    /// Records since it was opened.
    private var committed: Int64 = 0

    /// How a stream goes on.
    enum Opening {
        case durable(Durable)
        /// An earlier run had all of it; only the name was missing.
        case finished(path: String, records: Int64)
    }

    static let mostWaiting: Int64 = 8 << 20

    private init(
        _ state: any StateStore, _ file: LineFile, _ entry: StateFile.Entry, closed: [StateFile.Entry],
        _ rules: RecordRules
    ) throws(Failure) {
        self.state = state
        self.file = file
        seen = rules.duplicates.acrossRuns ? try SeenRecords(entry.name, rules, in: state) : nil
        self.entry = entry
        recordsOfFile = entry.records
        earlier = (Self.records(of: entry, closed), entry.pages)
        runID = try state.beginRun(entry.name)
    }

    /// - Parameters:
    ///   - name: The stream's, within the state.
    ///   - stream: Goes on where the state says; from its beginning when it says nothing, or that all is done.
    static func open(
        _ name: String, _ files: RunFiles, state: any StateStore, stream: inout Engine.Stream, source: Source
    ) throws(Failure) -> Opening {
        try state.lease(name)
        var known = try state.entry(name)
        if let entry = known, entry.phase != .done, entry.phase != .ended || !stream.isIncremental {
            try checkIsUnderWay(entry, files, state)
        }
        if stream.isIncremental, let entry = known, entry.phase == .ended || entry.phase == .done {
            if entry.phase == .ended { try finish(entry, files, state) }
            stream.isComplete = true
            known = try nextRun(of: entry, files, state)
        }
        if let entry = known, entry.phase == .closing { known = try next(after: entry, files, state) }
        var entry: StateFile.Entry
        if let known, known.phase != .done {
            entry = known
        } else {
            entry = StateFile.Entry(name: name, file: try path(ofNewRun: name, after: known, files, state))
            try begin(entry, after: known, files, state, isReplacing: files.replaces)
        }
        if entry.phase == .ended {
            try finish(entry, files, state)
            return .finished(path: entry.file, records: Self.records(of: entry, try closed(of: name, files, state)))
        }
        let file = try LineFile(path: entry.file, files.compression, continuing: entry.bytes)
        try check(try state.pieces(of: name).last, of: file, entry)
        try file.cut()
        // It may have been made just now.
        if entry.bytes == 0 { try LineFile.syncDirectory(of: entry.file) }
        file.hashes(records: files.hashesRecords)
        let closed = try Self.closed(of: name, files, state)
        if let text = entry.checkpoint {
            do throws(Failure) {
                try stream.resume(at: text, ProcessReferences().decode(text), of: source)
            } catch {
                throw Failure(
                    .state,
                    "the stream \"\(name)\" can't go on from \(state.shown): \(error.message); reset it to begin anew"
                )
            }
            let part = EarlierLines.File(path: file.partPath, bytes: entry.bytes, lines: entry.records)
            let all = closed.map { EarlierLines.File(path: $0.file, bytes: $0.bytes, lines: $0.records) } + [part]
            if !stream.rules.key.isEmpty, stream.rules.duplicates.isDropping, all.contains(where: { $0.bytes > 0 }) {
                // A record that an earlier run handed over comes again when it has changed: only this run's count.
                let records = stream.isIncremental ? stream.recordsOfRun : nil
                stream.earlier = EarlierLines(all, files.compression, last: records)
            }
        }
        return .durable(try Durable(state, file, entry, closed: closed, stream.rules))
    }

    private static func records(of entry: StateFile.Entry, _ closed: [StateFile.Entry]) -> Int64 {
        closed.reduce(entry.records) { $0.addingSaturating($1.records) }
    }

    private static func checkIsUnderWay(
        _ entry: StateFile.Entry, _ files: RunFiles, _ state: any StateStore
    ) throws(Failure) {
        let fits =
            files.isNumbered
            ? files.number(of: entry.file) != nil && files.isPackedSo(entry.file) : entry.file == files.whole
        guard !fits else { return }
        throw Failure(
            .state,
            "\(state.shown) has the stream \"\(entry.name)\" under way into \"\(entry.file)\": go on there, or reset it"
        )
    }

    /// The last commit's bytes are what they were: the file was not edited, or exchanged for another one.
    private static func check(
        _ piece: StateFile.Piece?, of file: LineFile, _ entry: StateFile.Entry
    ) throws(Failure) {
        guard let piece else { return }
        guard piece.end == entry.bytes, try file.sha256(from: piece.start, to: piece.end) == piece.sha256 else {
            throw Failure(
                .storage,
                "the file \"\(file.partPath)\" is not what the state says was written: restore it, or reset the stream \"\(entry.name)\" to begin anew"
            )
        }
    }

    // MARK: while it runs

    /// A page's records are in the file's buffer.
    func note(_ checkpoint: Checkpoint?, now: Instant) {
        self.checkpoint = checkpoint ?? self.checkpoint
        pages += 1
        if waitingSince == nil { waitingSince = now }
    }

    var isFull: Bool { file.written - entry.bytes >= Self.mostWaiting }

    /// All of them in one transaction, each file's bytes first. Those that failed, and why.
    ///
    /// - Parameter phase: Of all of them, when this is a file's last commit.
    static func commit(_ all: [Durable], as phase: StateFile.Entry.Phase = .running) -> [(Durable, Failure)] {
        var failed: [(Durable, Failure)] = []
        var changes: [Change] = []
        for one in all {
            do {
                let (entry, piece) = try one.prepare(phase)
                changes.append((one, entry, piece))
            } catch {
                failed.append((one, error))
            }
        }
        guard let state = all.first?.state, !changes.isEmpty else { return failed }
        if let failure = commit(changes, state) {
            // One that may write no longer holds nobody else up.
            let isOnesOwn = failure.code == .state && changes.count > 1
            for change in changes {
                if let failure = isOnesOwn ? commit([change], state) : failure { failed.append((change.of, failure)) }
            }
        }
        return failed
    }

    private typealias Change = (of: Durable, entry: StateFile.Entry, piece: StateFile.Piece?)

    private static func commit(_ changes: [Change], _ state: any StateStore) -> Failure? {
        do throws(Failure) {
            try state.commit(
                changes.map { ($0.entry, $0.piece) },
                seen: changes.compactMap { change in change.of.seen.map { (change.entry.name, $0.waiting) } })
        } catch { return error }
        for change in changes {
            change.of.committed += change.entry.records - change.of.entry.records
            change.of.entry = change.entry
            change.of.waitingSince = nil
            change.of.pages = 0
            change.of.seen?.forgetWaiting()
        }
        return nil
    }

    private func prepare(_ phase: StateFile.Entry.Phase) throws(Failure) -> (StateFile.Entry, StateFile.Piece?) {
        try file.sync(isLast: phase != .running)
        var next = entry
        next.bytes = file.written
        next.records = recordsOfFile + file.linesOfFile
        next.pages += pages
        next.commits += 1
        next.checkpoint = checkpoint?.text ?? entry.checkpoint
        next.phase = phase
        guard next.bytes > entry.bytes else { return (next, nil) }
        let piece = StateFile.Piece(
            number: next.commits, start: entry.bytes, end: next.bytes, records: next.records - entry.records,
            sha256: try file.takeHash(), recordsSHA256: try file.takeRecordsHash())
        return (next, piece)
    }

    /// The file gets its name, and the next one is begun.
    func turn(_ files: RunFiles) throws(Failure) {
        if let (_, failure) = Self.commit([self], as: .closing).first { throw failure }
        entry = try Self.next(after: entry, files, state)
        recordsOfFile = 0
        try file.turn(to: entry.file)
        try LineFile.syncDirectory(of: entry.file)
        file.hashes(records: files.hashesRecords)
    }

    /// The walk came to its end, and all of it is committed as ended.
    func finish(_ files: RunFiles) throws(Failure) { try Self.finish(entry, files, state) }

    func endRun(_ result: String, _ failure: Failure?) {
        // Its history is no part of what must not be lost.
        try? state.endRun(
            runID, result: result, records: committed, pages: entry.pages - earlier.pages,
            message: failure?.message)
    }
}
