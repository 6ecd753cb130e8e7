package import Engine

/// Events on their way to the host, as texts. The library never calls anybody back: who is slow loses events, which is
/// told, and keeps nobody waiting.
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
    }

    package let generation = Fork.generation
    let level: EventLevel
    private let state = Monitor(State())
    private let signal: Signal
    private static let most = 4096

    package init(_ options: EventsOptions) throws(Failure) {
        guard let signal = Signal() else { throw Failure(.noMemory, "no file descriptor left for a queue of events") }
        self.signal = signal
        level = options.level
    }

    package var descriptor: Int32 { signal.descriptor }

    func join() { state.withLock { $0.writers += 1 } }

    /// False: it was dropped.
    func add(_ text: String) -> Bool {
        state.update { state in
            guard state.texts.count - state.head < Self.most else {
                state.dropped &+= 1
                return false
            }
            if state.dropped > 0 {
                state.texts.append("{\"v\":1,\"event\":\"dropped\",\"count\":\(state.dropped)}")
                state.dropped = 0
            }
            state.texts.append(text)
            signal.raise()
            return true
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

    /// Nil when nothing came in time; nothing is lost then.
    package func next(milliseconds: Int64) -> Taken? {
        state.wait(milliseconds: milliseconds) { state in
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
