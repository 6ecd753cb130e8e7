package import Engine

/// A client at work: the thread that asks the engine what to do and does it, and the mailbox through which everybody
/// else talks to it.
///
/// The thread starts with the first request and is the only one that touches libcurl and the engine. It waits in one
/// place, the transport's poll.
package final class ClientLoop: Sendable {
    private enum Command: Sendable {
        // Indirect: a stream is large, and every page taken is a command too.
        indirect case open(walk: UInt64, stream: Engine.Stream, isCall: Bool, queue: PageQueue)
        case consumed(walk: UInt64, bytes: Int64)
        case asked(walk: UInt64, taken: UInt64)
        case close(walk: UInt64)
        case cancel(walk: UInt64)
        case cancelAll
        case report(Report)
        case listen(EventQueue)
        indirect case told(walk: UInt64, kind: Event.Kind)
        case wake
        case stop
    }

    /// What somebody on another thread wants to know.
    private enum Report: Sendable {
        case state(Monitor<String?>)
        case snapshot(Monitor<Snapshot?>)
    }

    private enum Thread {
        case notStarted
        case running(WorkerThread)
        case stopped
    }

    private struct Mailbox {
        var commands: [Command] = []
        /// The thread is in `poll`, or about to be: it must be woken to see a command.
        var isAsleep = false
        /// A walk can't go on before the host takes a page.
        var isStarved = false
        var thread = Thread.notStarted
        var lastWalk: UInt64 = 0
        var isCancelled = false
        var listeners: [EventQueue] = []
    }

    package let source: Source
    package let generation = Fork.generation
    package let host = HostCredentials()
    private let mailbox = Lock(Mailbox())
    private let transport: Transport
    private let shared: SharedLimiter?
    private let sinks: [LogSink]
    private let counts = Lock<[UInt64: Engine.Client.Counts]>([:])

    package init(source: Source, shared: SharedLimiter?, log: LogPlan? = nil) throws(Failure) {
        self.source = source
        let asked = try log.map { plan throws(Failure) in try LogSink(plan) }
        sinks = [asked, LogSink.ofEnvironment()].compactMap(\.self)
        self.shared = shared
        do {
            transport = try Transport(settings: source.transport)
        } catch {
            throw Failure(.config, "connection settings: \(error.detail)")
        }
    }

    // MARK: from any thread

    /// Starts a walk; its pages come out of the queue.
    package func open(_ stream: Engine.Stream, isCall: Bool) throws(Failure) -> Pages {
        guard let queue = PageQueue() else { throw Failure(.noMemory, "no file descriptor left for a paginator") }
        var stream = stream
        if stream.isIncremental { stream.now = Clock.wall() }
        let result = mailbox.withLock { mailbox -> Result<UInt64, Failure> in
            if mailbox.isCancelled { return .failure(Failure(.cancelled, "the client was cancelled")) }
            switch mailbox.thread {
            case .stopped: return .failure(Failure(.state, "the client was freed"))
            case .running: break
            case .notStarted:
                guard let thread = WorkerThread("penstock", { self.run() }) else {
                    return .failure(Failure(.noMemory, "the I/O thread could not be started"))
                }
                mailbox.thread = .running(thread)
            }
            mailbox.lastWalk &+= 1
            // Under the same lock that saw the thread running: a stop that comes now comes after it.
            mailbox.commands.append(.open(walk: mailbox.lastWalk, stream: stream, isCall: isCall, queue: queue))
            return .success(mailbox.lastWalk)
        }
        let walk = try result.get()
        post(.wake)
        return Pages(queue: queue, loop: self, walk: walk, isOnDemand: !stream.lookAhead && !isCall)
    }

    /// Where limits and breakers stand, as JSON text.
    package func state() throws(Failure) -> String {
        let answer = Monitor<String?>(nil)
        // Nothing was sent yet, and nothing learnt.
        guard try ask(.state(answer)) else { return Engine.Client(source: source).state(now: Clock.now()) }
        return try wait(answer)
    }

    /// What was counted, what it waits for, and what happened last.
    package func snapshot() throws(Failure) -> Snapshot {
        let answer = Monitor<Snapshot?>(nil)
        guard try ask(.snapshot(answer)) else { return Snapshot(source, wall: Clock.wallStart()) }
        return try wait(answer)
    }

    /// From the last events on.
    package func listen(_ queue: EventQueue) throws(Failure) {
        let isStopped = mailbox.withLock { mailbox -> Bool in
            if case .stopped = mailbox.thread { return true }
            queue.join()
            mailbox.listeners.append(queue)
            mailbox.commands.append(.listen(queue))
            return false
        }
        if isStopped { throw Failure(.state, "the client was freed") }
        transport.wake()
    }

    /// False: the thread has not been started.
    private func ask(_ report: Report) throws(Failure) -> Bool {
        let thread = mailbox.withLock { mailbox -> Thread in
            if case .running = mailbox.thread { mailbox.commands.append(.report(report)) }
            return mailbox.thread
        }
        switch thread {
        case .stopped: throw Failure(.state, "the client was freed")
        case .notStarted: return false
        case .running:
            transport.wake()
            return true
        }
    }

    /// The thread waits for nothing but the network: it answers at once, or it has been stopped meanwhile.
    private func wait<Answer>(_ answer: Monitor<Answer?>) throws(Failure) -> Answer {
        guard let known = answer.wait(milliseconds: 10_000, { $0 }) else {
            throw Failure(.state, "the client was freed")
        }
        return known
    }

    package func cancelAll() {
        mailbox.withLock { $0.isCancelled = true }
        post(.cancelAll)
    }

    /// Ends everything and joins the thread. Not after fork: the thread is the parent's.
    package func stop() {
        defer {
            for listener in mailbox.withLock({ $0.listeners }) { listener.end() }
        }
        let thread = mailbox.withLock { mailbox -> WorkerThread? in
            defer { mailbox.thread = .stopped }
            guard case .running(let thread) = mailbox.thread else { return nil }
            mailbox.commands.append(.stop)
            return thread
        }
        guard let thread else { return }
        transport.wake()
        thread.join()
    }

    func cancel(walk: UInt64) { post(.cancel(walk: walk)) }
    func told(_ kind: Event.Kind, walk: UInt64) { post(.told(walk: walk, kind: kind)) }
    func close(walk: UInt64) { post(.close(walk: walk)) }
    func asked(walk: UInt64, taken: UInt64) { post(.asked(walk: walk, taken: taken)) }
    func consumed(walk: UInt64, bytes: Int64) { post(.consumed(walk: walk, bytes: bytes)) }

    func counts(of walk: UInt64) -> Engine.Client.Counts { counts.withLock { $0[walk] ?? Engine.Client.Counts() } }

    private func post(_ command: Command) {
        let mustWake = mailbox.withLock { mailbox -> Bool in
            mailbox.commands.append(command)
            guard mailbox.isAsleep else { return false }
            // A page taken matters only to a walk that waits for room.
            if case .consumed = command { return mailbox.isStarved }
            // It is told with what happens next.
            if case .told = command { return false }
            return true
        }
        if mustWake { transport.wake() }
    }

    // MARK: on the I/O thread

    private func run() {
        var work = Work(loop: self)
        while work.turn() {}
    }

    /// The thread's own state. The actions and events of one turn: see the engine's `Client`.
    private struct Work: ~Copyable {
        private let loop: ClientLoop
        private var engine: Engine.Client
        private var services = SystemServices()
        private var queues: [UInt64: PageQueue] = [:]
        private var bodies: [UInt64: Body] = [:]
        private var isStopping = false
        private var observer: Observer

        init(loop: ClientLoop) {
            self.loop = loop
            observer = Observer(loop.sinks)
            let budget = loop.shared?.share { [weak loop] in loop?.post(.wake) }
            engine = Engine.Client(source: loop.source, budget: budget, notary: SystemNotary(host: loop.host))
            engine.isObserved = Observer.isOn
            engine.keys = RequestKeys(seed: SystemServices.chance())
        }

        /// False when the thread is to end.
        mutating func turn() -> Bool {
            obeyMailbox()
            let until = act()
            if engine.hasEvents { observer.take(engine.takeEvents(), of: engine) } else { observer.flush() }
            // Only now: what was under way has just been given up.
            if isStopping { return false }
            let mayRest = loop.mailbox.withLock { mailbox -> Bool in
                guard mailbox.commands.isEmpty else { return false }
                mailbox.isAsleep = true
                mailbox.isStarved = engine.isStarved
                return true
            }
            guard mayRest else { return true }
            loop.transport.poll(until: until)
            loop.mailbox.withLock { $0.isAsleep = false }
            receive()
            return true
        }

        private mutating func obeyMailbox() {
            let commands = loop.mailbox.withLock { mailbox -> [Command] in
                defer { mailbox.commands.removeAll(keepingCapacity: true) }
                return mailbox.commands
            }
            for command in commands { obey(command) }
        }

        private mutating func obey(_ command: Command) {
            switch command {
            case .open(let walk, let stream, let isCall, let queue):
                queues[walk] = queue
                loop.counts.withLock { $0[walk] = Engine.Client.Counts() }
                engine.open(stream, isCall: isCall, walk: walk)
            case .asked(let walk, let taken): engine.asked(walk: walk, taken: taken)
            case .consumed(let walk, let bytes): engine.consumed(walk: walk, bytes: bytes)
            case .close(let walk): close(walk)
            case .cancel(let walk): cancel(walk, "the paginator was cancelled")
            case .cancelAll: for walk in Array(queues.keys) { cancel(walk, "the client was cancelled") }
            case .report(.state(let answer)):
                let text = engine.state(now: Clock.now())
                answer.update { $0 = text }
            case .listen(let queue): observer.add(queue, of: engine)
            case .told(let walk, let kind): engine.tell(kind, of: walk, now: Clock.now())
            case .report(.snapshot(let answer)):
                let snapshot = observer.snapshot(of: &engine)
                answer.update { $0 = snapshot }
            case .wake: break
            case .stop:
                for walk in Array(queues.keys) { cancel(walk, "the client was freed") }
                isStopping = true
            }
        }

        private mutating func cancel(_ walk: UInt64, _ why: String) {
            queues[walk]?.end(Failure(.cancelled, why))
            close(walk)
        }

        private mutating func close(_ walk: UInt64) {
            queues[walk] = nil
            loop.counts.withLock { _ = $0.removeValue(forKey: walk) }
            engine.close(walk: walk, now: Clock.now())
        }

        /// Does what the engine says until it says to wait.
        private mutating func act() -> Instant? {
            while true {
                switch engine.next(now: Clock.now()) {
                case .send(let transfer, let request): loop.transport.start(request, id: transfer)
                case .abort(let transfer): loop.transport.cancel(id: transfer)
                case .discard(let transfer): bodies[transfer] = nil
                case .page(let walk, let facts):
                    guard let body = bodies.removeValue(forKey: facts.transfer) else { continue }
                    publish(walk)
                    queues[walk]?.add(Page(body: body, facts: facts))
                case .ended(let walk, let failure):
                    publish(walk)
                    queues[walk]?.end(failure)
                case .wait(let until): return until
                }
            }
        }

        private func publish(_ walk: UInt64) {
            guard let now = engine.counts[walk] else { return }
            loop.counts.withLock { $0[walk] = now }
        }

        private mutating func receive() {
            for received in loop.transport.takeHeads() {
                engine.headReceived(transfer: received.id, head: received.head, services: services)
            }
            for finished in loop.transport.takeFinished() {
                let now = Clock.now()
                switch finished.outcome {
                case .failed(let failure):
                    engine.failed(transfer: finished.id, failure: failure, now: now, services: &services)
                case .response(let head, let body):
                    bodies[finished.id] = body
                    engine.received(
                        transfer: finished.id, head: head, body: body.bytes, now: now, services: &services)
                }
            }
        }
    }
}
