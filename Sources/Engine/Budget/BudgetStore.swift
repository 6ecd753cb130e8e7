/// Where a budget is kept that several processes share. Any thread; nothing here waits for a network.
public protocol BudgetStore: Sendable {
    /// A permit; or when to ask again. Who got `.at` or `.later` has a place in the line, keeps asking or leaves.
    func ask(_ demand: BudgetDemand, now: Instant) throws(Failure) -> BudgetAnswer
    /// The same for a permit that comes back at once.
    func pass(_ demand: BudgetDemand, now: Instant) throws(Failure) -> BudgetAnswer
    /// - Parameters:
    ///   - actual: What it came to in the end, for each charge; as asked for when nil.
    ///   - now: Nil: whatever it is.
    func release(_ demand: BudgetDemand, actual: [Int64]?, now: Instant?)
    /// A permit whether there is one or not: for what was sent already. It comes back like others.
    func charge(_ demand: BudgetDemand, now: Instant)
    func leave(_ demand: BudgetDemand)
    /// Nobody of the others begins before that either.
    func pause(_ mask: UInt32, until: Instant)
    func pausedUntil(_ mask: UInt32) -> Instant?
    /// Called from a thread of the store's, never within a call of these, whenever asking again may be worth it for
    /// another reason than what this process did itself.
    func onChange(_ wake: @escaping @Sendable () -> Void)
}

extension BudgetStore {
    public func pass(_ demand: BudgetDemand, now: Instant) throws(Failure) -> BudgetAnswer {
        let answer = try ask(demand, now: now)
        if answer == .granted { release(demand, actual: nil, now: now) }
        return answer
    }
}
