/// So many at once.
struct Gate: Sendable {
    let most: Int64
    private(set) var inFlight: Int64 = 0

    init(most: Int64) { self.most = max(1, most) }

    func earliest(_ cost: Int64) -> Limiter.Earliest {
        if cost > most { return .never }
        return inFlight.addingSaturating(cost) <= most ? .now : .afterRelease
    }

    mutating func take(_ cost: Int64) { inFlight = inFlight.addingSaturating(cost) }
    mutating func release(_ cost: Int64) { inFlight -= cost }
}
