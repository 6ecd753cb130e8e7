internal import Engine

/// Where a thread of the host waits for its turn. Who changes the limiter tells exactly those whose turn it is.
final class Seat: Sendable {
    enum News: Sendable {
        case none
        /// Look again: it is yours to watch the time.
        case watch
        case permit(UInt64)
        // Behind a pointer: what holds a permit's number and nothing else has then no bytes that nobody wrote.
        indirect case failed(Failure)

        var isFinal: Bool {
            switch self {
            case .none, .watch: false
            case .permit, .failed: true
            }
        }
    }
    private let state = Monitor(News.none)
    var news: News { state.withLock { $0 } }

    func tell(_ more: News) {
        state.update { news in
            if !news.isFinal { news = more }
        }
    }

    /// What there is to say at that instant at the latest.
    func wait(until instant: Instant?) -> News {
        state.wait(until: instant) { if case .none = $0 { false } else { true } }
        return state.withLock { news in
            let said = news
            if !said.isFinal { news = .none }
            return said
        }
    }
}
