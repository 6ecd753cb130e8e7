package import Engine

/// Where a budget is kept that several processes share. Any thread; nothing here waits for a network.
package protocol BudgetStore: Sendable {
    /// A permit; or when to ask again. Who got `.at` or `.later` has a place in the line, keeps asking or leaves.
    func ask(_ demand: BudgetDemand, now: Instant) throws(Failure) -> BudgetAnswer
    /// - Parameter actual: What it came to in the end, for each charge; as asked for when nil.
    func release(_ demand: BudgetDemand, actual: [Int64]?, now: Instant) throws(Failure)
    /// What was sent without having been asked for.
    func charge(_ demand: BudgetDemand, now: Instant) throws(Failure)
    func leave(_ demand: BudgetDemand, now: Instant) throws(Failure)
    /// Nobody of the others begins before that either.
    func pause(_ mask: UInt32, until: Instant) throws(Failure)
    func pausedUntil(_ mask: UInt32) throws(Failure) -> Instant?
    /// Called from a thread of the store's whenever asking again may be worth it.
    func onChange(_ wake: @escaping @Sendable () -> Void)
}
