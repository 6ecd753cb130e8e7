internal import CLinux
package import Engine
internal import Glibc
internal import Synchronization

/// A budget that processes of one host share through a file.
package final class HostBudget: BudgetStore {
    private let core: Core
    private let generation = Fork.generation

    package init(path: String, plan: BudgetPlan) throws(Failure) {
        core = Core(file: try BudgetFile.open(path, plan), plan: plan)
    }

    deinit {
        // In a child the thread, the locks and the permits are the parent's.
        if Fork.isSame(generation) { core.end() }
    }

    package func ask(_ demand: BudgetDemand, now: Instant) throws(Failure) -> BudgetAnswer {
        try core.ask(demand, keeps: true, now: now)
    }
    package func pass(_ demand: BudgetDemand, now: Instant) throws(Failure) -> BudgetAnswer {
        try core.ask(demand, keeps: false, now: now)
    }
    // What could not be changed is said to who asks next.
    package func release(_ demand: BudgetDemand, actual: [Int64]?, now: Instant?) {
        let now = now ?? Clock.now()
        _ = try? core.change { table throws(BudgetTable.Damage) in
            try table.release(demand, actual: actual, slot: core.file.slot, now: now)
        }
    }
    package func charge(_ demand: BudgetDemand, now: Instant) {
        _ = try? core.change { table throws(BudgetTable.Damage) in
            try table.charge(demand, slot: core.file.slot, now: now)
        }
    }
    package func leave(_ demand: BudgetDemand) {
        let now = Clock.now()
        _ = try? core.change { table throws(BudgetTable.Damage) in
            table.leave(demand.mask, slot: core.file.slot, now: now)
        }
    }
    package func pause(_ mask: UInt32, until: Instant) {
        _ = try? core.change { table throws(BudgetTable.Damage) in table.pause(mask, until: until) }
    }
    package func pausedUntil(_ mask: UInt32) -> Instant? { core.pausedUntil(mask) }
    package func onChange(_ wake: @escaping @Sendable () -> Void) { core.wake.withLock { $0 = wake } }

    /// What the thread holds too.
    private final class Core: Sendable {
        struct State: Sendable {
            var table: BudgetTable
            var checkedAt = Instant(nanoseconds: 0)
            var thread: WorkerThread?
        }

        let file: BudgetFile
        private let reader: BudgetTable
        let state: Lock<State>
        let wake = Lock<@Sendable () -> Void>({})
        private let isWaiting = Atomic<Bool>(false)
        private let isEnding = Atomic<Bool>(false)
        /// Signs that came before anybody of this process waited.
        private let first: UInt32

        init(file: BudgetFile, plan: BudgetPlan) {
            self.file = file
            first = file.signalWord(slot: file.slot).pointee.load(ordering: .acquiring)
            reader = BudgetTable(file.words, plan: plan)
            state = Lock(State(table: reader))
        }

        // Errors are thrown all the way: a result that may hold one is copied at every turn, which costs more than all
        // the rest.
        func ask(_ demand: BudgetDemand, keeps: Bool, now: Instant) throws(Failure) -> BudgetAnswer {
            var woken: [Int]?
            let answer = try state.withLock { state throws(Failure) -> BudgetAnswer in
                // Once a second: whether the file is still the one that others find.
                if now - state.checkedAt > .seconds(1) {
                    try file.checkName()
                    state.checkedAt = now
                }
                let answer = try change(&state.table) { table throws(BudgetTable.Damage) in
                    try table.ask(demand, slot: file.slot, keeps: keeps, now: now)
                }
                if !state.table.woken.isEmpty { woken = state.table.woken }
                if answer == .granted || answer == .never { return answer }
                if state.thread == nil { state.thread = WorkerThread("penstock-budget") { self.watch() } }
                if !isWaiting.exchange(true, ordering: .relaxed) { file.signal(file.slot) }
                return answer
            }
            for slot in woken ?? [] { file.signal(slot) }
            return answer
        }

        func change<R: Sendable>(
            _ body: (inout BudgetTable) throws(BudgetTable.Damage) -> R
        ) throws(Failure) -> R {
            var woken: [Int]?
            let value = try state.withLock { state throws(Failure) -> R in
                let value = try change(&state.table, body)
                if !state.table.woken.isEmpty { woken = state.table.woken }
                return value
            }
            for slot in woken ?? [] { file.signal(slot) }
            return value
        }

        private func change<R>(
            _ table: inout BudgetTable, _ body: (inout BudgetTable) throws(BudgetTable.Damage) -> R
        ) throws(Failure) -> R {
            // Before and after: what was decided on memory that had lost its file is worth nothing.
            if file.isLost { throw file.lost }
            table.forgetWoken()
            let value = try file.withTable { () throws(Failure) -> R in
                do throws(BudgetTable.Damage) {
                    return try body(&table)
                } catch { throw file.damaged }
            }
            if file.isLost { throw file.lost }
            return value
        }

        /// A word for each limit, read as it stands.
        func pausedUntil(_ mask: UInt32) -> Instant? { reader.pausedUntil(mask) }

        // MARK: the thread

        /// Waits for a sign of the others, and sees to those that died while anybody waits.
        private func watch() {
            let word = file.signalWord(slot: file.slot)
            var seen = first
            while !isEnding.load(ordering: .acquiring) {
                let now = word.pointee.load(ordering: .acquiring)
                if file.isLost { return wake.withLock { $0 }() }
                if now != seen {
                    seen = now
                    wake.withLock { $0 }()
                    continue
                }
                let isAwaited = isWaiting.load(ordering: .relaxed)
                let result = penstock_futex_wait(word, seen, isAwaited ? 100_000_000 : -1)
                if result == EFAULT { return wake.withLock { $0 }() }
                if result == ETIMEDOUT { bury() }
            }
        }

        private func bury() {
            let now = Clock.now()
            let seen = try? change { table throws(BudgetTable.Damage) in
                (table.isWaiting(slot: self.file.slot), table.wasLetDown(now: now))
            }
            guard let (isAwaited, wasLetDown) = seen else { return wake.withLock { $0 }() }
            isWaiting.store(isAwaited, ordering: .relaxed)
            if wasLetDown { wake.withLock { $0 }() }
            guard file.mayLook(now: now, every: .milliseconds(90)) else { return }
            for slot in 0..<BudgetLayout.slotCount where slot != file.slot {
                guard file.words[file.layout.slot(slot)] != 0, !file.isAlive(slot: slot) else { continue }
                _ = try? change { table throws(BudgetTable.Damage) in
                    // Somebody may have taken the slot meanwhile.
                    guard table.isOccupied(slot: slot), !self.file.isAlive(slot: slot) else { return }
                    try table.bury(slot: slot, now: Clock.now())
                }
            }
        }

        func end() {
            isEnding.store(true, ordering: .releasing)
            file.signal(file.slot)
            if let thread = state.withLock({ $0.thread }) {
                // The last one to let go of this may be who was just woken, on that thread.
                if thread.isCurrent { thread.detach() } else { thread.join() }
            }
            _ = try? change { table throws(BudgetTable.Damage) in
                try table.bury(slot: self.file.slot, now: Clock.now())
            }
        }
    }
}
