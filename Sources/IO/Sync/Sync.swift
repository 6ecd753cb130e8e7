internal import CLinux
package import Engine
internal import Glibc

/// A run: all streams of its sources at once, each into a file of its own. One thread takes pages and writes lines;
/// the network is busy meanwhile on the clients' threads. A stream that fails stops nobody else.
package final class Sync: Sendable {
    private struct Board {
        var runs: [StreamRun]
        let startedAt: Instant
        var endedAt: Instant?
        var isOver = false
    }

    package let generation = Fork.generation
    private let directory: String
    private let board: Monitor<Board>
    private let clients: [ClientLoop]
    private let control: Signal
    private let thread = Lock<WorkerThread?>(nil)
    private let state: (any StateStore)?
    private let maxDuration: Timespan?
    /// Commits are made together, as many as come in such a time.
    private let commitEvery: Timespan
    private let keepsRuns: Bool
    private let job: JobPlan
    private let compression: Compression
    private let rotation: RotationPlan?
    private let hashesRecords: Bool
    private let batchRecords: Int
    private let batch: Batch.Function?
    private let isParkWanted = Lock(false)

    package init(_ job: JobPlan, batch: Batch.Function? = nil) throws(Failure) {
        directory = job.directory
        try Sync.makeDirectory(job.directory)
        state = try job.state.map { place throws(Failure) in try States.open(place) }
        maxDuration = job.maxDuration
        self.job = job
        commitEvery = job.commitEvery
        (keepsRuns, batchRecords, self.batch) = (job.keepsRuns, job.batchRecords, batch)
        (compression, rotation, hashesRecords) = (job.compression, job.rotation, job.hashesRecords)
        // Before anything is asked: what packs may be missing.
        _ = try compression.packer()
        guard let control = Signal() else { throw Failure(.noMemory, "no file descriptor left for a sync") }
        self.control = control
        var runs: [StreamRun] = []
        var clients: [ClientLoop] = []
        var owners: [Int] = []
        let limiter = try job.limiter.map { plan throws(Failure) in try SharedLimiter(plan) }
        for entry in job.entries {
            let own = try entry.limiter.map { plan throws(Failure) in try SharedLimiter(plan) }
            clients.append(try ClientLoop(source: entry.source, shared: own ?? limiter, log: job.log))
            for stream in entry.streams {
                let name = entry.name ?? entry.source.name
                runs.append(
                    StreamRun(
                        sourceName: name, stream: stream, stem: job.stem(of: stream, in: entry),
                        fileName: job.fileName(of: stream, in: entry)))
                owners.append(clients.count - 1)
            }
        }
        self.clients = clients
        board = Monitor(Board(runs: runs, startedAt: Clock.now()))
        try start(&runs, owners: owners)
    }

    /// Ends and joins everything. Not after fork.
    package func stop() {
        cancel()
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
        for client in clients { client.stop() }
    }

    package func cancel() { control.raise() }

    /// Stops in good order: what is written is committed, and the next run goes on behind it. Without a state there is
    /// nothing to go on from.
    package func park() {
        if state != nil { isParkWanted.withLock { $0 = true } }
        control.raise()
    }

    package enum Result: Sendable {
        case succeeded
        case failed(Failure)
    }

    /// Nil: it goes on.
    package func wait(milliseconds: Int64) -> Result? {
        board.wait(milliseconds: milliseconds) { board in
            guard board.isOver else { return nil }
            let failures = board.runs.compactMap(\.failure)
            guard let first = failures.first(where: { $0.code != .cancelled }) ?? failures.first else {
                return .succeeded
            }
            return .failed(first)
        }
    }

    package func progress(statusName: (Failure.Code) -> String) -> String {
        let now = Clock.now()
        return board.withLock { board in
            var writer = JSONWriter()
            writer.object { writer in
                writer.name("done")
                writer.bool(board.isOver)
                writer.member("elapsed_ms", ((board.endedAt ?? now) - board.startedAt).milliseconds)
                writer.name("streams")
                writer.array { list in
                    for run in board.runs {
                        run.write(to: &list, directory: directory, now: now, statusName: statusName)
                    }
                }
            }
            return writer.text
        }
    }

    /// Of all of its sources, from the last events on.
    package func listen(_ queue: EventQueue) throws(Failure) {
        for client in clients { try client.listen(queue) }
    }

    /// Of its sources, in their order.
    package func snapshots() throws(Failure) -> [Snapshot] {
        var snapshots: [Snapshot] = []
        for client in clients { snapshots.append(try client.snapshot()) }
        return snapshots
    }

    // MARK: the writer thread

    private struct Lane {
        let run: Int
        let pages: Pages
        let file: LineFile
        let files: RunFiles
        let durable: Durable?
        let stage: BatchStage?
        let checks: DataChecks?
        let schema: SchemaWatch?
        let told = Told()
    }

    /// What was told of a lane so far.
    ///
    /// `@unchecked Sendable`: used by the writer thread alone.
    private final class Told: @unchecked Sendable {
        var (unchanged, changed): (Int64, Int64) = (0, 0)
        /// How much of its file was told to be durable.
        var lines: Int64 = 0
        var bytes: Int64 = 0
        /// When the first record of its file came.
        var fileSince: Instant?
    }

    private func start(_ runs: inout [StreamRun], owners: [Int]) throws(Failure) {
        var lanes: [Lane] = []
        let now = Clock.now()
        for index in runs.indices {
            do {
                let client = clients[owners[index]]
                let name = runs[index].stem
                let files = try RunFiles(
                    stem: name, in: directory, compression, rotates: rotation != nil, keepsRuns: keepsRuns,
                    hashesRecords: hashesRecords)
                var stream = runs[index].stream
                var durable: Durable?
                if let state {
                    switch try Durable.open(name, files, state: state, stream: &stream, source: client.source) {
                    case .durable(let opened): durable = opened
                    case .finished(let path, let records):
                        board.update { board in
                            board.runs[index].fileName = Self.lastName(of: path)
                            board.runs[index].startedAt = now
                            board.runs[index].earlier = records
                            board.runs[index].end(nil, at: now)
                        }
                        continue
                    }
                }
                let file =
                    if let durable { durable.file } else {
                        try LineFile(
                            path: files.isNumbered ? files.next() : files.whole, compression)
                    }
                let schema = try schema(of: stream, name, client.source, durable)
                let pages = try client.open(stream, isCall: false)
                let stage = batch.map { BatchStage(name, most: batchRecords, $0) }
                lanes.append(
                    Lane(
                        run: index, pages: pages, file: file, files: files, durable: durable, stage: stage,
                        checks: DataChecks(stream), schema: schema))
                let earlier = durable.flatMap { $0.earlier.pages > 0 ? $0.earlier.records : nil }
                board.update { board in
                    board.runs[index].fileName = Self.lastName(of: file.path)
                    board.runs[index].state = .running
                    board.runs[index].startedAt = now
                    board.runs[index].earlier = earlier
                }
            } catch {
                board.update { $0.runs[index].end(error, at: now) }
            }
        }
        let work = Work(sync: self, lanes: lanes)
        guard let thread = WorkerThread("penstock-sync", { work.run() }) else {
            for client in clients { client.stop() }
            throw Failure(.noMemory, "the writer thread could not be started")
        }
        self.thread.withLock { $0 = thread }
    }

    /// Nil: nobody asks what it looks like.
    private func schema(
        of stream: Engine.Stream, _ name: String, _ source: Source, _ durable: Durable?
    ) throws(Failure) -> SchemaWatch? {
        guard let state, let durable, let plan = job.drift(of: stream) else { return nil }
        return try SchemaWatch(plan, name, in: state, source, isGoingOn: durable.earlier.pages > 0)
    }

    private static func lastName(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    /// `@unchecked Sendable`: handed to the writer thread, and used by nobody else from then on.
    private final class Work: @unchecked Sendable {
        // Unowned would do: `stop` joins before the sync goes.
        private let sync: Sync
        private var lanes: [Lane]
        private var isParking = false

        init(sync: Sync, lanes: [Lane]) {
            self.sync = sync
            self.lanes = lanes
        }

        func run() {
            let deadline = sync.maxDuration.map { Clock.now() + $0 }
            while !lanes.isEmpty {
                var descriptors = lanes.map { pollfd(fd: $0.pages.descriptor, events: Int16(POLLIN), revents: 0) }
                descriptors.append(pollfd(fd: sync.control.descriptor, events: Int16(POLLIN), revents: 0))
                let until = earliest(earliest(commitDue, stageDue), isParking ? nil : deadline)
                let count = poll(&descriptors, nfds_t(descriptors.count), milliseconds(to: until))
                if count < 0 && errno != EINTR { break }
                if let control = descriptors.last, control.revents != 0 {
                    isParking = isParking || sync.isParkWanted.withLock { $0 }
                    for lane in lanes { lane.pages.cancel() }
                    sync.control.lower()
                }
                if let deadline, !isParking, Clock.now() >= deadline {
                    isParking = true
                    for lane in lanes { lane.pages.cancel() }
                }
                lanes = lanes.indices.filter { descriptors[$0].revents == 0 || step(lanes[$0]) }.map { lanes[$0] }
                if let due = stageDue, Clock.now() >= due { flushStages() }
                if let due = commitDue, Clock.now() >= due || lanes.contains(where: { $0.durable?.isFull ?? false }) {
                    commit()
                }
            }
            let now = Clock.now()
            sync.board.update { board in
                board.endedAt = now
                board.isOver = true
            }
        }

        // MARK: records

        /// Into the file, or to the batch function before that.
        private func take(_ page: Page, _ lane: Lane) throws(Failure) {
            let now = Clock.now()
            if lane.stage == nil, page.recordCount > 0 { try rotate(lane, now: now) }
            if lane.stage == nil { try lane.durable?.seen?.expect(page) }
            if let stage = lane.stage {
                if stage.add(page, now: now) { try flush(stage, lane) }
            } else if lane.durable?.seen == nil {
                for index in 0..<page.recordCount { try lane.file.append(page.record(index)) }
                lane.durable?.note(page.facts.checkpoint, now: now)
            } else {
                for index in 0..<page.recordCount where try isWanted(page.record(index), lane) {
                    try lane.file.append(page.record(index))
                }
                lane.durable?.note(page.facts.checkpoint, now: now)
            }
            note(page, lane)
            lane.pages.ask()
        }

        private func flush(_ stage: BatchStage, _ lane: Lane) throws(Failure) {
            if !stage.isEmpty { try rotate(lane, now: Clock.now()) }
            let pages = try stage.flush(
                into: lane.file, expect: { page throws(Failure) in try lane.durable?.seen?.expect(page) },
                isWanted: { record throws(Failure) in try isWanted(record, lane) })
            for page in pages { lane.durable?.note(page.facts.checkpoint, now: Clock.now()) }
            sync.board.update { $0.runs[lane.run].records = lane.file.appended }
        }

        /// Before records come: no file is begun that nothing may come into.
        private func rotate(_ lane: Lane, now: Instant) throws(Failure) {
            guard let rotation = sync.rotation else { return }
            // After an interruption the file may be full already, and its age is not known.
            let since = lane.told.fileSince ?? now
            lane.told.fileSince = since
            guard rotation.isDue(bytes: lane.file.size, age: now - since) else { return }
            if let durable = lane.durable {
                try durable.turn(lane.files)
            } else {
                try lane.file.finish()
                try LineFile.syncDirectory(of: lane.file.path)
                try lane.file.turn(to: try lane.files.next(above: [lane.file.path]))
            }
            lane.told.fileSince = now
            tellCommitted(lane)
            let name = Sync.lastName(of: lane.file.path)
            sync.board.update { $0.runs[lane.run].fileName = name }
        }

        private func isWanted(_ record: UnsafeRawBufferPointer, _ lane: Lane) throws(Failure) -> Bool {
            guard let seen = lane.durable?.seen else { return true }
            switch try seen.judge(record) {
            case .new: return true
            case .changed:
                lane.told.changed += 1
                return true
            case .unchanged:
                lane.told.unchanged += 1
                return false
            }
        }

        private var stageDue: Instant? {
            lanes.compactMap { $0.stage?.since }.min().map { $0 + BatchStage.patience }
        }

        private func flushStages() {
            let now = Clock.now()
            for lane in lanes {
                guard let stage = lane.stage, let since = stage.since, since + BatchStage.patience <= now else {
                    continue
                }
                do throws(Failure) {
                    try flush(stage, lane)
                } catch {
                    lanes.removeAll { $0.run == lane.run }
                    lane.pages.cancel()
                    fail(lane, error)
                }
            }
        }

        // MARK: commits

        private var commitDue: Instant? {
            var first: Instant?
            for lane in lanes {
                guard let since = lane.durable?.waitingSince else { continue }
                first = min(first ?? since, since)
            }
            return first.map { $0 + sync.commitEvery }
        }

        private func earliest(_ a: Instant?, _ b: Instant?) -> Instant? {
            guard let a, let b else { return a ?? b }
            return min(a, b)
        }

        private func milliseconds(to instant: Instant?) -> Int32 {
            guard let instant else { return -1 }
            let now = Clock.now()
            return instant <= now ? 0 : Int32(clamping: (instant - now).milliseconds &+ 1)
        }

        /// All that wait, in one transaction. A lane that can't commit is over.
        private func commit() {
            let waiting = lanes.compactMap { lane in lane.durable?.waitingSince == nil ? nil : lane.durable }
            for (durable, failure) in Durable.commit(waiting) {
                guard let place = lanes.firstIndex(where: { $0.durable === durable }) else { continue }
                let lane = lanes.remove(at: place)
                lane.pages.cancel()
                fail(lane, failure)
            }
            let now = Clock.now()
            for lane in lanes where lane.durable?.waitingSince == nil {
                tellCommitted(lane)
                lane.schema?.keepIfDue(now)
            }
        }

        /// What is in the file now is on the disk.
        private func tellCommitted(_ lane: Lane) {
            let (lines, bytes) = (lane.file.lines, lane.file.writtenInAll)
            guard lines > lane.told.lines else { return }
            lane.pages.tell(.committed(records: lines - lane.told.lines, bytes: bytes - lane.told.bytes))
            (lane.told.lines, lane.told.bytes) = (lines, bytes)
        }

        private func fail(_ lane: Lane, _ error: Failure) {
            var failure = error
            failure.stream = sync.board.withLock { $0.runs[lane.run].stream.name }
            end(lane, failure)
        }

        /// False when the lane is over.
        private func step(_ lane: Lane) -> Bool {
            guard let taken = lane.pages.next(milliseconds: 0) else { return true }
            do throws(Failure) {
                switch taken {
                case .page(let page):
                    if let checks = lane.checks {
                        for index in 0..<page.recordCount { checks.look(page.record(index)) }
                    }
                    lane.schema?.look(at: page)
                    try take(page, lane)
                    return true
                case .end:
                    if let stage = lane.stage { try flush(stage, lane) }
                    if let durable = lane.durable {
                        if let (_, failure) = Durable.commit([durable], as: .ended).first { throw failure }
                        try durable.finish(lane.files)
                    } else {
                        try lane.file.finish()
                    }
                    tellCommitted(lane)
                    if let failure = check(lane) { fail(lane, failure) } else { end(lane, nil) }
                case .failed(let failure):
                    if let stage = lane.stage { try flush(stage, lane) }
                    if let durable = lane.durable {
                        if let (_, failure) = Durable.commit([durable]).first { throw failure }
                        lane.schema?.keep()
                    } else {
                        try? lane.file.settle()
                    }
                    end(lane, failure)
                }
            } catch {
                lane.pages.cancel()
                fail(lane, error)
            }
            return false
        }

        /// The file is whole: what the document expects of it, and why the stream has failed then.
        private func check(_ lane: Lane) -> Failure? {
            var failure: Failure?
            if let checks = lane.checks {
                let findings = checks.findings(of: sync.board.withLock { $0.runs[lane.run] })
                sync.board.update { $0.runs[lane.run].checks = findings }
                for finding in findings { lane.pages.tell(.check(finding)) }
                failure = DataChecks.failure(findings)
            }
            if let schema = lane.schema {
                let drift = schema.finish()
                sync.board.update { $0.runs[lane.run].drift = drift }
                for note in drift.notes { lane.pages.tell(.drift(note)) }
                failure = failure ?? SchemaWatch.failure(drift.notes)
            }
            return failure
        }

        private func note(_ page: Page, _ lane: Lane) {
            let counts = lane.pages.counts
            sync.board.update { board in
                board.runs[lane.run].records = lane.file.appended
                if lane.durable?.seen != nil {
                    board.runs[lane.run].unchanged = lane.told.unchanged
                    board.runs[lane.run].changed = lane.told.changed
                }
                board.runs[lane.run].pages += 1
                board.runs[lane.run].bytes += Int64(page.body.count)
                board.runs[lane.run].total = page.facts.total ?? board.runs[lane.run].total
                board.runs[lane.run].note(page.facts)
                board.runs[lane.run].requests = counts.requests
                board.runs[lane.run].retries = counts.retries
                board.runs[lane.run].skipped = counts.skipped
                board.runs[lane.run].firstSkipped = counts.firstSkipped
                // Enough to see what is odd; a warning on every page would fill memory.
                if board.runs[lane.run].warnings.count < 20 {
                    let new = page.facts.warnings.map { "page \(page.facts.index): \($0)" }
                    board.runs[lane.run].warnings += new.prefix(20)
                }
            }
        }

        private func end(_ lane: Lane, _ failure: Failure?) {
            let counts = lane.pages.counts
            let now = Clock.now()
            sync.board.update { board in
                board.runs[lane.run].requests = max(board.runs[lane.run].requests, counts.requests)
                board.runs[lane.run].retries = max(board.runs[lane.run].retries, counts.retries)
                board.runs[lane.run].skipped = counts.skipped
                board.runs[lane.run].firstSkipped = counts.firstSkipped
                // What failed to be written was counted when it came.
                board.runs[lane.run].records = lane.file.lines
                if isParking, failure?.code == .cancelled {
                    board.runs[lane.run].park(at: now)
                } else {
                    board.runs[lane.run].end(failure, at: now)
                }
                lane.durable?.endRun(board.runs[lane.run].state.rawValue, failure)
            }
        }
    }

    private static func makeDirectory(_ path: String) throws(Failure) {
        // Like mkdir -p: one level after the other.
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += (made.isEmpty || made.hasSuffix("/") ? "" : "/") + part
            if mkdir(made, 0o755) != 0 && errno != EEXIST {
                throw LineFile.failure("is a directory that can't be made", made)
            }
        }
        var status = stat()
        if stat(path, &status) != 0 || status.st_mode & S_IFMT != S_IFDIR {
            throw Failure(.storage, "the output \"\(path)\" is not a directory")
        }
    }
}
