package import Engine

/// Pages on their way from a client's I/O thread to the host, and how the walk ended. Bounded by the engine, which
/// sends no request that has no room here.
package final class PageQueue: Sendable {
    package enum Taken: Sendable {
        case page(Page)
        case end
        // Indirect: a failure is large, and every page is handed over in one of these.
        indirect case failed(Failure)
    }

    private struct State {
        var pages: [Page] = []
        var head = 0
        /// Set once; nil inside: the walk ended well.
        var ended: Failure??
    }

    private let state: Monitor<State>
    private let signal: Signal

    init?() {
        guard let signal = Signal() else { return nil }
        self.signal = signal
        state = Monitor(State())
    }

    package var descriptor: Int32 { signal.descriptor }

    func add(_ page: Page) {
        state.update { state in
            state.pages.append(page)
            signal.raise()
        }
    }

    /// Only the first end counts.
    func end(_ failure: Failure?) {
        state.update { state in
            if state.ended == nil { state.ended = .some(failure) }
            signal.raise()
        }
    }

    /// Nil when nothing came in time; nothing is lost then.
    func take(milliseconds: Int64) -> Taken? {
        state.wait(milliseconds: milliseconds) { state in
            if state.head < state.pages.count {
                let page = state.pages[state.head]
                state.head += 1
                if state.head == state.pages.count {
                    state.pages.removeAll(keepingCapacity: true)
                    state.head = 0
                    if state.ended == nil { signal.lower() }
                }
                return .page(page)
            }
            guard let ended = state.ended else { return nil }
            guard let failure = ended else { return .end }
            return .failed(failure)
        }
    }
}
