package import Engine

/// Events on their way to the host, as texts. Nobody is called back by who has something to tell: who is slow loses
/// events, which is told, and keeps nobody waiting.
package final class EventQueue: Sendable {
    package enum Taken: Sendable {
        case event(String)
        case end
    }
    private struct State {
        var texts: [String] = []
        var head = 0
        var dropped: Int64 = 0
        var isEnded = false
        /// How many clients write into it.
        var writers = 0
        /// Nobody wants any more.
        var isStopped = false
    }

    package let generation = Fork.generation
    let level: EventLevel
    private let state = Monitor(State())
    private let signal: Signal
    private let listener = Lock<WorkerThread?>(nil)
    private static let most = 4096

    package init(_ options: EventsOptions) throws(Failure) {
        guard let signal = Signal() else { throw Failure(.noMemory, "no file descriptor left for a queue of events") }
        self.signal = signal
        level = options.level
    }

    package var descriptor: Int32 { signal.descriptor }

    func join() { state.withLock { $0.writers += 1 } }

    var isStopped: Bool { state.withLock(\.isStopped) }

    enum Added {
        case taken, dropped
        /// Nobody wants any more: it need not be asked again.
        case unwanted
    }

    func add(_ text: String) -> Added {
        state.update { state in
            if state.isStopped { return .unwanted }
            guard state.texts.count - state.head < Self.most else {
                state.dropped &+= 1
                return .dropped
            }
            if state.dropped > 0 {
                state.texts.append("{\"v\":1,\"event\":\"dropped\",\"count\":\(state.dropped)}")
                state.dropped = 0
            }
            state.texts.append(text)
            signal.raise()
            return .taken
        }
    }

    /// One of its clients has nothing more to tell.
    func end() {
        state.update { state in
            state.writers -= 1
            guard state.writers <= 0 else { return }
            state.isEnded = true
            signal.raise()
        }
    }

    /// A thread of the queue's own takes the events from here on, and hands them over one after the other, to the end.
    package func deliver(to listen: @escaping @Sendable (String) -> Void) throws(Failure) {
        try listener.withLock { thread throws(Failure) in
            guard thread == nil else { throw Failure(.state, "somebody listens to these events already") }
            thread = WorkerThread("penstock-events") {
                while case .event(let text)? = self.next(milliseconds: -1) { listen(text) }
            }
            if thread == nil { throw Failure(.noMemory, "the thread for events could not be started") }
        }
    }

    /// Nobody is handed anything any more when it returns; to be called by who listens, too. Not after fork.
    package func stop() {
        state.update { state in
            state.isStopped = true
            (state.texts, state.head) = ([], 0)
        }
        let thread = listener.withLock { thread in
            defer { thread = nil }
            return thread
        }
        if let thread, thread.isCurrent { thread.detach() } else { thread?.join() }
    }

    /// Nil when nothing came in time; nothing is lost then.
    package func next(milliseconds: Int64) -> Taken? {
        state.wait(milliseconds: milliseconds) { state in
            if state.isStopped { return .end }
            if state.head < state.texts.count {
                let text = state.texts[state.head]
                state.texts[state.head] = ""
                state.head += 1
                if state.head == state.texts.count {
                    state.texts.removeAll(keepingCapacity: true)
                    state.head = 0
                    if !state.isEnded { signal.lower() }
                } else if state.head > 1024 {
                    state.texts.removeFirst(state.head)
                    state.head = 0
                }
                return .event(text)
            }
            return state.isEnded ? .end : nil
        }
    }
}
