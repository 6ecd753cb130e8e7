internal import Engine
internal import Glibc

/// One stream of a run, for the thread that writes it.
struct Lane {
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
final class Told: @unchecked Sendable {
    var (unchanged, changed): (Int64, Int64) = (0, 0)
    /// How much of its file was told to be durable.
    var lines: Int64 = 0
    var bytes: Int64 = 0
    /// When the first record of its file came.
    var fileSince: Instant?
}

/// What a run's thread does: takes pages, writes lines, commits, and says how far each stream is.
///
/// `@unchecked Sendable`: handed to the thread, and used by nobody else from then on.
final class SyncWriter: @unchecked Sendable {
    // Unowned would do: `stop` joins before the sync goes.
    private let sync: Sync
    private var lanes: [Lane]
    private var isParking = false

    init(_ sync: Sync, _ lanes: [Lane]) {
        self.sync = sync
        self.lanes = lanes
    }

    func run() {
        let deadline = sync.job.maxDuration.map { Clock.now() + $0 }
        while !lanes.isEmpty {
            var descriptors = lanes.map { pollfd(fd: $0.pages.descriptor, events: Int16(POLLIN), revents: 0) }
            descriptors.append(pollfd(fd: sync.control.descriptor, events: Int16(POLLIN), revents: 0))
            let until = earliest(earliest(commitDue, stageDue), isParking ? nil : deadline)
            let count = poll(&descriptors, nfds_t(descriptors.count), milliseconds(to: until))
            if count < 0 && errno != EINTR {
                let reason = String(cString: strerror(errno))
                let failure = Failure(.noMemory, "the thread of the run can't wait for pages any more: \(reason)")
                for lane in lanes {
                    lane.pages.cancel()
                    fail(lane, failure)
                }
                break
            }
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
            if let due = commitDue, Clock.now() >= due || isFull { commit() }
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
        if let stage = lane.stage {
            if stage.add(page, now: now) { try flush(stage, lane) }
        } else {
            if page.recordCount > 0 { try rotate(lane, now: now) }
            try lane.durable?.seen?.expect(page)
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
        guard let rotation = sync.job.rotation else { return }
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
        let name = RunFiles.lastName(of: lane.file.path)
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
        lanes.compactMap { $0.durable?.waitingSince }.min().map { $0 + sync.job.commitEvery }
    }

    /// What waits is enough for one commit. What was seen waits in memory, and is one request to Redis, all lanes' together.
    private var isFull: Bool {
        lanes.contains { $0.durable?.isFull ?? false }
            || lanes.reduce(0) { $0 + ($1.durable?.seen?.waiting.count ?? 0) } >= SeenRecords.mostWaiting
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
        let state = sync.board.update { board in
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
            return board.runs[lane.run].state.rawValue
        }
        // Without the board: a store may take its time, or be the host's and wait for who asks how far the run is.
        lane.durable?.endRun(state, failure)
    }
}
