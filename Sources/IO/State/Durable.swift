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
    /// What was there when it was opened.
    let earlier: (records: Int64, pages: Int64)

    /// How a stream goes on.
    enum Opening {
        case durable(Durable)
        /// An earlier run had all of it; only the name was missing.
        case finished(records: Int64)
    }

    static let mostWaiting: Int64 = 8 << 20

    private init(
        _ state: any StateStore, _ file: LineFile, _ entry: StateFile.Entry, _ rules: RecordRules
    ) throws(Failure) {
        self.state = state
        self.file = file
        seen = rules.duplicates.acrossRuns ? try SeenRecords(entry.name, rules, in: state) : nil
        self.entry = entry
        earlier = (entry.records, entry.pages)
        runID = try state.beginRun(entry.name)
    }

    /// - Parameters:
    ///   - name: The stream's, within the state.
    ///   - stream: Goes on where the state says; from its beginning when it says nothing, or that all is done.
    static func open(
        _ name: String, path: String, _ compression: Compression, state: any StateStore,
        stream: inout Engine.Stream, source: Source
    ) throws(Failure) -> Opening {
        try state.lease(name)
        let path = try LineFile.absolute(path)
        var known = try state.entry(name)
        if stream.isIncremental, let entry = known, entry.phase != .running {
            if entry.phase == .ended { try finish(entry, state) }
            stream.isComplete = true
            known = try nextRun(of: entry, path: path, compression, state)
        }
        guard let entry = known, entry.phase != .done else {
            let file = try LineFile(path: path, compression)
            file.hashes()
            try LineFile.syncDirectory(of: path)
            let entry = StateFile.Entry(name: name, file: path)
            try state.begin(entry)
            return .durable(try Durable(state, file, entry, stream.rules))
        }
        guard entry.file == path else {
            throw Failure(
                .state,
                "\(state.shown) has the stream \"\(name)\" under way into \"\(entry.file)\": go on there, or reset it"
            )
        }
        if entry.phase == .ended {
            try finish(entry, state)
            return .finished(records: entry.records)
        }
        let file = try LineFile(path: path, compression, continuing: entry.bytes)
        try check(try state.pieces(of: name).last, of: file, entry)
        try file.cut()
        file.hashes()
        if let text = entry.checkpoint {
            do throws(Failure) {
                try stream.resume(at: text, ProcessReferences().decode(text), of: source)
            } catch {
                throw Failure(
                    .state,
                    "the stream \"\(name)\" can't go on from \(state.shown): \(error.message); reset it to begin anew"
                )
            }
            if !stream.rules.key.isEmpty, stream.rules.duplicates.isDropping, entry.bytes > 0 {
                // A record that an earlier run handed over comes again when it has changed: only this run's count.
                let records = stream.isIncremental ? stream.recordsOfRun : nil
                stream.earlier = EarlierLines(
                    [.init(path: file.partPath, bytes: entry.bytes, lines: entry.records)], compression, last: records)
            }
        }
        return .durable(try Durable(state, file, entry, stream.rules))
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

    private static func finish(_ entry: StateFile.Entry, _ state: any StateStore) throws(Failure) {
        let part = entry.file + ".part"
        var status = stat()
        if stat(part, &status) == 0 {
            guard Int64(status.st_size) == entry.bytes else {
                throw Failure(.storage, "the file \"\(part)\" does not have the \(entry.bytes) bytes that were written")
            }
            if rename(part, entry.file) != 0 { throw LineFile.failure("can't be renamed", part) }
        } else if stat(entry.file, &status) != 0 {
            throw LineFile.failure("is missing, though the state says that it was written", entry.file)
        }
        try LineFile.syncDirectory(of: entry.file)
        var entry = entry
        entry.phase = .done
        try state.commit([(entry, nil)])
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
    static func commit(_ all: [Durable], ended: Bool = false) -> [(Durable, Failure)] {
        var failed: [(Durable, Failure)] = []
        var changes: [Change] = []
        for one in all {
            do {
                let (entry, piece) = try one.prepare(ended: ended)
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
            change.of.entry = change.entry
            change.of.waitingSince = nil
            change.of.pages = 0
            change.of.seen?.forgetWaiting()
        }
        return nil
    }

    private func prepare(ended: Bool) throws(Failure) -> (StateFile.Entry, StateFile.Piece?) {
        try file.sync(isLast: ended)
        var next = entry
        next.bytes = file.written
        next.records = earlier.records + file.lines
        next.pages += pages
        next.commits += 1
        next.checkpoint = checkpoint?.text ?? entry.checkpoint
        if ended { next.phase = .ended }
        guard next.bytes > entry.bytes else { return (next, nil) }
        let piece = StateFile.Piece(
            number: next.commits, start: entry.bytes, end: next.bytes, records: next.records - entry.records,
            sha256: file.takeHash())
        return (next, piece)
    }

    /// The walk came to its end, and all of it is committed as ended.
    func finish() throws(Failure) { try Self.finish(entry, state) }

    func endRun(_ result: String, _ failure: Failure?) {
        // Its history is no part of what must not be lost.
        try? state.endRun(
            runID, result: result, records: entry.records - earlier.records, pages: entry.pages - earlier.pages,
            message: failure?.message)
    }
}
