/// One limit of a server that states several: so many per window.
public struct QuotaPolicy: Equatable, Sendable {
    /// As the server calls it (`"burst"`, `daily`, `tokens`); empty when it has no name.
    public var name: String
    public var limit: Int64?
    public var remaining: Int64?
    public var window: Timespan?
    public var resetAfter: Timespan?
    /// What is counted: `requests` unless the server says otherwise (`tokens`, `content-bytes`, `cost`, `percent`).
    public var unit: String

    public init(
        name: String = "", limit: Int64? = nil, remaining: Int64? = nil, window: Timespan? = nil,
        resetAfter: Timespan? = nil, unit: String = "requests"
    ) {
        self.name = name
        self.limit = limit
        self.remaining = remaining
        self.window = window
        self.resetAfter = resetAfter
        self.unit = unit
    }

    /// The binding policy first: nothing remaining before something, then the least remaining share of the limit, then
    /// the longest reset. Policies that do not say what remains come last, in their order.
    static func bindingFirst(_ policies: [QuotaPolicy]) -> [QuotaPolicy] {
        guard policies.count > 1 else { return policies }
        let order = policies.indices.sorted { a, b in
            if policies[a].bindsBefore(policies[b]) { return true }
            return !policies[b].bindsBefore(policies[a]) && a < b
        }
        return order.map { policies[$0] }
    }

    private func bindsBefore(_ other: QuotaPolicy) -> Bool {
        guard let mine = remaining else { return false }
        guard let others = other.remaining else { return true }
        if (mine == 0) != (others == 0) { return mine == 0 }
        if share != other.share { return share < other.share }
        if limit == nil, other.limit == nil, mine != others { return mine < others }
        return resetAfter ?? .zero > other.resetAfter ?? .zero
    }

    private var share: Double {
        guard let limit, limit > 0, let remaining else { return 1 }
        return Double(remaining) / Double(limit)
    }
}
