internal import Engine

/// A token in a state that is asked over a network, or of the host: by a thread of its own, since the client's waits for
/// nobody. What is wished for is begun when it is asked for first, and told when it is asked for again.
final class FarToken: TokenKeeper {
    let place: TokenPlace
    private let core: Core
    private let generation = Fork.generation
    /// What was read when the place was reserved.
    private var spare: Outcome?

    init(_ place: TokenPlace) {
        self.place = place
        core = Core(place)
    }

    deinit {
        if Fork.isSame(generation) { core.end() }
    }

    func isReady(for wish: TokenWish) -> Bool { core.isReady(for: wish) }

    func read() throws(Failure) -> KeptToken? {
        if let spare {
            self.spare = nil
            return spare.kept
        }
        return try core.take().kept
    }

    func write(_ token: KeptToken) throws(Failure) { _ = try core.take() }

    func reserve() throws(Failure) -> Bool {
        let outcome = try core.take()
        if outcome.isReserved { spare = outcome }
        return outcome.isReserved
    }

    func giveBack() { core.giveBack() }

    private struct Outcome: Sendable {
        var kept: KeptToken?
        var isReserved = false
        var failure: Failure?
    }

    /// What the thread holds too.
    private final class Core: Sendable {
        private struct Board: Sendable {
            var wish: TokenWish?
            var outcome: Outcome?
            var givesBack = false
            var isEnding = false
            var thread: WorkerThread?
        }

        private enum Job {
            case fulfil(TokenWish), giveBack, end
        }

        private let place: TokenPlace
        private let board = Monitor(Board())

        init(_ place: TokenPlace) { self.place = place }

        func isReady(for wish: TokenWish) -> Bool {
            board.update { board in
                if board.wish == wish { return board.outcome != nil }
                // Something else is under way.
                if board.wish != nil, board.outcome == nil { return false }
                (board.wish, board.outcome) = (wish, nil)
                if board.thread == nil { board.thread = WorkerThread("penstock-token") { self.run() } }
                guard board.thread == nil else { return false }
                board.outcome = Outcome(failure: Failure(.noMemory, "a thread for the token could not be started"))
                return true
            }
        }

        func take() throws(Failure) -> Outcome {
            let outcome = board.update { board in
                defer { (board.wish, board.outcome) = (nil, nil) }
                return board.outcome ?? Outcome(failure: Failure(.internalFault, "a token that nobody asked for"))
            }
            if let failure = outcome.failure { throw failure }
            return outcome
        }

        func giveBack() { board.update { $0.givesBack = true } }

        /// What is under way is brought to its end: a token that is not kept may be lost for good.
        func end() {
            let thread = board.update { board in
                board.isEnding = true
                return board.thread
            }
            thread?.join()
        }

        private func run() {
            var opened: TokenDrawer?
            while true {
                let job = board.wait(milliseconds: -1) { board -> Job? in
                    if board.givesBack {
                        board.givesBack = false
                        return .giveBack
                    }
                    if let wish = board.wish, board.outcome == nil { return .fulfil(wish) }
                    return board.isEnding ? .end : nil
                }
                switch job {
                case .fulfil(let wish)?:
                    var outcome = Outcome()
                    do throws(Failure) {
                        let drawer = if let opened { opened } else { try TokenDrawer(place) }
                        opened = drawer
                        outcome = try fulfil(wish, drawer)
                    } catch { outcome.failure = error }
                    board.update { $0.outcome = outcome }
                case .giveBack?: opened?.giveBack()
                case .end?, nil: return
                }
            }
        }

        private func fulfil(_ wish: TokenWish, _ drawer: TokenDrawer) throws(Failure) -> Outcome {
            switch wish {
            case .read: return Outcome(kept: try drawer.read())
            case .reserve:
                guard try drawer.reserve() else { return Outcome() }
                return Outcome(kept: try drawer.read(), isReserved: true)
            case .keep(let token):
                try drawer.write(token)
                return Outcome()
            }
        }
    }
}
