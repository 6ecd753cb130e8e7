internal import CLinux
package import Engine
internal import Glibc

/// A run: all streams of its sources at once, each into a file of its own. One thread takes pages and writes lines;
/// the network is busy meanwhile on the clients' threads. A stream that fails stops nobody else.
package final class Sync: Sendable {
    struct Board {
        var runs: [StreamRun]
        let startedAt: Instant
        var endedAt: Instant?
        var isOver = false
    }

    package let generation = Fork.generation
    let job: JobPlan
    let board: Monitor<Board>
    let control: Signal
    let isParkWanted = Lock(false)
    private let batch: Batch.Function?
    private let clients: [ClientLoop]
    private let thread = Lock<WorkerThread?>(nil)
    private let state: (any StateStore)?

    package init(_ job: JobPlan, batch: Batch.Function? = nil) throws(Failure) {
        (self.job, self.batch) = (job, batch)
        try RunFiles.makeDirectory(job.directory)
        state = try job.state.map { place throws(Failure) in try States.open(place) }
        // Before anything is asked: what packs may be missing.
        _ = try job.compression.packer()
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
                        run.write(to: &list, directory: job.directory, now: now, statusName: statusName)
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

    // MARK: how it begins

    private func start(_ runs: inout [StreamRun], owners: [Int]) throws(Failure) {
        var lanes: [Lane] = []
        let now = Clock.now()
        for index in runs.indices {
            var durable: Durable?
            do {
                let client = clients[owners[index]]
                let name = runs[index].stem
                let files = try RunFiles(stem: name, of: job)
                var stream = runs[index].stream
                if let state {
                    switch try Durable.open(name, files, state: state, stream: &stream, source: client.source) {
                    case .durable(let opened): durable = opened
                    case .finished(let path, let records):
                        board.update { board in
                            board.runs[index].fileName = RunFiles.lastName(of: path)
                            board.runs[index].startedAt = now
                            board.runs[index].earlier = records
                            board.runs[index].end(nil, at: now)
                        }
                        continue
                    }
                }
                let file =
                    if let durable { durable.file } else {
                        try LineFile(path: files.isNumbered ? files.next() : files.whole, job.compression)
                    }
                let schema = try schema(of: stream, name, client.source, durable)
                let pages = try client.open(stream, isCall: false)
                let stage = batch.map { BatchStage(name, most: job.batchRecords, $0) }
                lanes.append(
                    Lane(
                        run: index, pages: pages, file: file, files: files, durable: durable, stage: stage,
                        checks: DataChecks(stream), schema: schema))
                let earlier = durable.flatMap { $0.earlier.pages > 0 ? $0.earlier.records : nil }
                board.update { board in
                    board.runs[index].fileName = RunFiles.lastName(of: file.path)
                    board.runs[index].state = .running
                    board.runs[index].startedAt = now
                    board.runs[index].earlier = earlier
                }
            } catch {
                durable?.endRun(StreamRun.State.failed.rawValue, error)
                board.update { $0.runs[index].end(error, at: now) }
            }
        }
        let writer = SyncWriter(self, lanes)
        guard let thread = WorkerThread("penstock-sync", { writer.run() }) else {
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
}
