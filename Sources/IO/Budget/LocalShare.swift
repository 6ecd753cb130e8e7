internal import Engine

/// The limits as long as Redis is away: this process's part of them, or all.
///
/// `@unchecked Sendable`: the memory is this one's own, used with the lock of its owner held.
final class LocalShare: @unchecked Sendable {
    private let words: UnsafeMutablePointer<Int64>
    private var table: BudgetTable
    private let plan: BudgetPlan

    /// - Parameters:
    ///   - used: Of the whole budget, when it was last heard of.
    ///   - held: By this process.
    init(_ whole: BudgetPlan, parts: Int64, used: [Int64], held: [Int64], now: Instant) {
        plan = Self.part(whole, parts)
        let count = BudgetTable.words(for: plan)
        words = .allocate(capacity: count)
        words.initialize(repeating: 0, count: count)
        table = BudgetTable(words, plan: plan)
        for (number, rule) in plan.rules.enumerated() {
            if case .gate = rule.kind {
                charge(number, held[number], now: now)
            } else {
                // Of what is left, a part.
                let left = max(0, whole.rules[number].most - used[number]) / parts
                let gone = charge(number, max(0, rule.most - left), now: now)
                try? table.release(gone, slot: 0, now: now)
            }
        }
    }

    deinit { words.deallocate() }

    @discardableResult
    private func charge(_ rule: Int, _ cost: Int64, now: Instant) -> BudgetDemand {
        let demand = BudgetDemand([.init(rule: rule, cost: cost)])
        if cost > 0 { try? table.charge(demand, slot: 0, now: now) }
        return demand
    }

    static func part(_ whole: BudgetPlan, _ parts: Int64) -> BudgetPlan {
        var plan = whole
        let parts = max(1, parts)
        for number in plan.rules.indices {
            switch whole.rules[number].kind {
            case .gate(let most): plan.rules[number].kind = .gate(most: max(1, most / parts))
            case .bucket(let interval, let burst):
                plan.rules[number].kind = .bucket(interval: interval * parts, burst: max(1, burst / parts))
            case .window(let most, let per):
                // Less than one in the window: one in so many of them.
                let windows = most >= parts ? 1 : (parts + most - 1) / max(1, most)
                plan.rules[number].kind = .window(most: max(1, most / parts), per: per * windows)
            }
        }
        return plan
    }

    func ask(_ demand: BudgetDemand, now: Instant) -> BudgetAnswer {
        // Too much for a part is not too much for the whole: it waits for Redis.
        guard let answer = try? table.ask(demand, slot: 0, now: now), answer != .never else { return .later }
        return answer
    }
    func release(_ demand: BudgetDemand, actual: [Int64]?, now: Instant) {
        try? table.release(demand, actual: actual, slot: 0, now: now)
    }
    func charge(_ demand: BudgetDemand, now: Instant) { try? table.charge(demand, slot: 0, now: now) }
    func leave(_ demand: BudgetDemand, now: Instant) { table.leave(demand.mask, slot: 0, now: now) }

    /// What the others don't know of yet, by rule.
    func spent(now: Instant) -> [Int64] { plan.rules.indices.map { table.counted($0, now: now) } }
}
