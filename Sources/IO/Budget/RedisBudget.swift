package import Engine
internal import Glibc

/// A budget that processes on many hosts share through Redis. A thread of its own talks to it: nobody who asks for a
/// permit waits for the network.
package final class RedisBudget: BudgetStore {
    private let core: Core
    private let generation = Fork.generation

    package init(_ share: RedisShare, plan: BudgetPlan) throws(Failure) {
        core = try Core(share, plan)
    }

    deinit {
        if Fork.isSame(generation) { core.end() }
    }

    package func ask(_ demand: BudgetDemand, now: Instant) throws(Failure) -> BudgetAnswer {
        try core.ask(demand, now: now)
    }
    package func release(_ demand: BudgetDemand, actual: [Int64]?, now: Instant?) {
        let now = now ?? Clock.now()
        core.update { inner in
            inner.state.release(demand, actual: actual, now: now, isCounted: inner.local != nil)
            inner.local?.release(demand, actual: actual, now: now)
        }
    }
    package func charge(_ demand: BudgetDemand, now: Instant) {
        core.update { inner in
            inner.state.hold(demand)
            inner.local?.charge(demand, now: now)
        }
    }
    package func leave(_ demand: BudgetDemand) {
        let now = Clock.now()
        core.update { inner in
            inner.state.leave(demand)
            inner.local?.leave(demand, now: now)
        }
    }
    package func pause(_ mask: UInt32, until: Instant) {
        core.update { $0.state.pause(mask, until: until) }
    }
    package func pausedUntil(_ mask: UInt32) -> Instant? { core.pausedUntil(mask) }
    package func onChange(_ wake: @escaping @Sendable () -> Void) { core.wake.withLock { $0 = wake } }

    /// What the thread holds too.
    private final class Core: Sendable {
        struct Inner: Sendable {
            var state: RedisState
            var local: LocalShare?
            var thread: WorkerThread?
        }

        let monitor: Monitor<Inner>
        let wake = Lock<@Sendable () -> Void>({})
        private let share: RedisShare
        private let plan: BudgetPlan
        private let keys: [String]
        private let holder: String
        /// For how long `closed` waits before it is an error.
        private static let patience = Timespan.seconds(30)

        init(_ share: RedisShare, _ plan: BudgetPlan) throws(Failure) {
            // Now, so that a missing library is said where the budget is opened.
            _ = try Hiredis()
            self.share = share
            self.plan = plan
            monitor = Monitor(Inner(state: RedisState(plan, share)))
            let root = "penstock:{\(share.key)}:"
            keys = ["main", "alive", "line"].map { root + $0 } + plan.rules.indices.map { root + String($0 + 1) }
            holder = Self.name()
        }

        private static func name() -> String {
            var bytes = [UInt8](repeating: 0, count: 16)
            if getentropy(&bytes, bytes.count) != 0 {
                return "\(getpid())-\(Clock.now().nanoseconds)"
            }
            let digits = Array("0123456789abcdef".utf8)
            return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
        }

        func ask(_ demand: BudgetDemand, now: Instant) throws(Failure) -> BudgetAnswer {
            let result = monitor.withLock { inner -> (Result<BudgetAnswer, Failure>, Bool) in
                if let failure = inner.state.failure { return (.failure(failure), false) }
                if inner.thread == nil { inner.thread = WorkerThread("penstock-redis") { self.run() } }
                var answer = inner.state.ask(demand, now: now)
                if let absence = inner.state.absence, answer == .later {
                    if let local = inner.local {
                        if let until = inner.state.pause(demand.mask), until > now {
                            answer = .at(until)
                        } else {
                            answer = local.ask(demand, now: now)
                            if answer == .granted { inner.state.hold(demand) }
                        }
                    } else if now - absence.since > Self.patience {
                        return (.failure(away(absence)), false)
                    }
                }
                return (.success(answer), inner.state.hasChanged)
            }
            if result.1 { monitor.update { _ in } }
            return try result.0.get()
        }

        private func away(_ absence: RedisState.Absence) -> Failure {
            Failure(
                .network,
                "Redis, which keeps the shared budget \"\(share.key)\", does not answer: \(absence.reason); nothing goes "
                    + "without it (\"away\": \"closed\")")
        }

        func pausedUntil(_ mask: UInt32) -> Instant? { monitor.withLock { $0.state.pause(mask) } }

        func update(_ body: (inout Inner) -> Void) {
            let hasChanged = monitor.withLock { inner in
                body(&inner)
                return inner.state.hasChanged
            }
            if hasChanged { monitor.update { _ in } }
        }

        func end() {
            let thread = monitor.update { inner in
                inner.state.isEnding = true
                inner.state.hasChanged = true
                return inner.thread
            }
            guard let thread else { return }
            if thread.isCurrent { thread.detach() } else { thread.join() }
        }

        // MARK: the thread

        private enum Turn {
            case look, step
        }

        private func run() {
            guard let link = try? RedisLink(share.access, script: RedisScript.text) else { return }
            var sequence: Int64 = 0
            var unanswered: RedisState.Step?
            var retryAt = Instant(nanoseconds: 0)
            var backoff = Timespan.milliseconds(100)
            while true {
                let due = monitor.withLock { inner -> Instant? in
                    inner.state.hasChanged = false
                    if inner.state.isEnding { return Instant(nanoseconds: 0) }
                    // Nothing more is said to one who did not answer but what he was told last.
                    return unanswered == nil ? inner.state.due() : inner.state.failure == nil ? retryAt : nil
                }
                let now = Clock.now()
                if due.map({ $0 > now }) ?? true {
                    // Rounded up: a look too early finds nothing to do.
                    let span = due.map { min(($0 - now).nanoseconds / 1_000_000 + 1, 60_000) } ?? -1
                    _ = monitor.wait(milliseconds: span) { $0.state.hasChanged ? Turn.look : nil }
                    continue
                }
                let isEnding = monitor.withLock { $0.state.isEnding }
                if isEnding, sequence == 0 || unanswered != nil { return }
                let step =
                    unanswered
                    ?? monitor.withLock { inner in
                        sequence += 1
                        return inner.state.step(sequence, now: now)
                    }
                unanswered = step
                var answer = say(step, link)
                // The connection may have been an old one; what it said is said again, and counts once.
                if case .away = answer, now >= retryAt, backoff == .milliseconds(100) { answer = say(step, link) }
                if isEnding { return }
                if settle(answer, step) {
                    unanswered = nil
                    backoff = .milliseconds(100)
                } else {
                    retryAt = Clock.now() + backoff
                    backoff = min(backoff * 2, .seconds(2))
                }
                wake.withLock { $0 }()
            }
        }

        private func say(_ step: RedisState.Step, _ link: RedisLink) -> RedisLink.Answer {
            link.run(keys: keys, [step.numbers, plan.text, holder, step.epoch, holder + "-\(step.sequence)"])
        }

        /// False when there was no answer.
        private func settle(_ answer: RedisLink.Answer, _ step: RedisState.Step) -> Bool {
            let now = Clock.now()
            return monitor.withLock { inner in
                switch answer {
                case .text(let text):
                    if inner.state.received(text, to: step, now: now) {
                        if inner.state.absence != nil { comeBack(&inner, now: now) }
                        return true
                    }
                    let other = text.utf8.starts(with: "PLAN ".utf8) ? String(text.dropFirst(5)) : nil
                    inner.state.failure = Failure(
                        .config,
                        other.map {
                            "the shared budget \"\(share.key)\" holds other limits, \($0); wanted: \(plan.text)"
                        } ?? "Redis has something else under the name of the shared budget \"\(share.key)\"",
                        pointer: "/share/key")
                    return false
                case .refused(let kind):
                    inner.state.failure = Failure(
                        .auth, "Redis refused who wants to share the budget \"\(share.key)\" (\(kind))",
                        pointer: "/share")
                    return false
                case .list: return false
                case .away(let reason):
                    if inner.state.absence == nil { goAway(&inner, reason, now: now) }
                    return false
                }
            }
        }

        private func goAway(_ inner: inout Inner, _ reason: String, now: Instant) {
            inner.state.absence = RedisState.Absence(since: now, reason: reason)
            guard share.away != .closed else { return }
            let parts = share.away == .open ? 1 : share.workers
            inner.local = LocalShare(plan, parts: parts, used: inner.state.used, held: inner.state.held, now: now)
        }

        private func comeBack(_ inner: inout Inner, now: Instant) {
            inner.state.absence = nil
            guard let local = inner.local else { return }
            for (rule, count) in local.spent(now: now).enumerated() {
                inner.state.spent[rule] = inner.state.spent[rule] &+ count
            }
            inner.local = nil
            inner.state.tellAt = now
        }
    }
}
