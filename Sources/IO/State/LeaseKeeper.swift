internal import Engine

/// The leases of one opened state, renewed by a thread of its own as long as there are any.
final class LeaseKeeper: Sendable {
    private struct Board: Sendable {
        var held: Set<String> = []
        /// Once lost a lease stays so: what was read under it may be old.
        var lost: Set<String> = []
        var thread: WorkerThread?
        var isEnding = false
    }

    let holder = LeaseHolder.name()
    private let store: any KeyedStore
    private let board = Monitor(Board())

    init(_ store: any KeyedStore) { self.store = store }

    /// Takes it from a process that is gone for certain.
    func acquire(_ lease: String) throws(Failure) -> KeyedLease {
        if board.withLock({ $0.held.contains(lease) }) { return .granted }
        var answer = try store.acquire(lease, for: holder)
        if case .held(let other?) = answer, LeaseHolder.isGone(other) {
            store.release(lease, of: other)
            answer = try store.acquire(lease, for: holder)
        }
        guard answer == .granted else { return answer }
        board.update { board in
            board.held.insert(lease)
            board.lost.remove(lease)
            if board.thread == nil { board.thread = WorkerThread("penstock-lease") { self.run() } }
        }
        return .granted
    }

    func release(_ lease: String) {
        guard board.update({ $0.held.remove(lease) }) != nil else { return }
        store.release(lease, of: holder)
    }

    /// Those of the wanted ones that were ever taken; the first one that is lost instead.
    func claims(_ wanted: [String]) -> Result<[String], Lost> {
        board.withLock { board in
            if let lost = wanted.first(where: board.lost.contains) { return .failure(Lost(lease: lost)) }
            return .success(wanted.filter(board.held.contains))
        }
    }

    struct Lost: Error { let lease: String }

    func lose(_ lease: String) {
        board.update { board in
            board.held.remove(lease)
            board.lost.insert(lease)
        }
    }

    /// Gives all of them back. Not after fork.
    func end() {
        let (thread, held) = board.update { board in
            board.isEnding = true
            defer { board.held = [] }
            return (board.thread, board.held)
        }
        thread?.join()
        for lease in held { store.release(lease, of: holder) }
        LeaseHolder.end(holder)
    }

    private func run() {
        let pause = max(1, store.lease.milliseconds / 3)
        while true {
            if board.wait(milliseconds: pause, { $0.isEnding ? true : nil }) != nil { return }
            renew()
        }
    }

    private func renew() {
        while true {
            let held = board.withLock { Array($0.held) }
            if held.isEmpty { return }
            // Whoever does not answer now may do so before the lease is over.
            guard case .lost(let lease)? = try? store.commit([], under: held, of: holder) else { return }
            // Given back meanwhile, or lost.
            if board.withLock({ $0.held.contains(lease) }) { lose(lease) }
        }
    }
}
