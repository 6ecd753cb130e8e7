/// Requests that want a permit. Walks take turns: one with many pages under way at once does not keep the others
/// waiting (start-time fair queueing, with every request as long as the next). Within a walk earlier pages go first.
struct Turns: Sendable {
    private struct Entry: Sendable {
        var exchange: UInt64
        var place: UInt64
        let walk: UInt64
        let round: UInt64
    }

    private var entries: [Entry] = []
    /// The round of the request that left last.
    private var round: UInt64 = 0
    /// Walks that had their turn in that round.
    private var served: [UInt64] = []

    var first: UInt64? { entries.first?.exchange }
    var exchanges: [UInt64] { entries.map(\.exchange) }
    var isEmpty: Bool { entries.isEmpty }

    mutating func append(_ exchange: UInt64, walk: UInt64, place: UInt64) {
        var (exchange, place) = (exchange, place)
        var turn = served.contains(walk) ? round &+ 1 : round
        for index in entries.indices where entries[index].walk == walk {
            turn = max(turn, entries[index].round &+ 1)
            guard entries[index].place > place else { continue }
            swap(&entries[index].exchange, &exchange)
            swap(&entries[index].place, &place)
        }
        let entry = Entry(exchange: exchange, place: place, walk: walk, round: turn)
        var index = entries.endIndex
        while index > 0, entries[index - 1].round > turn { index -= 1 }
        entries.insert(entry, at: index)
    }

    mutating func removeFirst() -> UInt64? {
        guard !entries.isEmpty else { return nil }
        let entry = entries.removeFirst()
        if entry.round != round {
            round = entry.round
            served.removeAll(keepingCapacity: true)
        }
        served.append(entry.walk)
        return entry.exchange
    }

    mutating func remove(_ exchange: UInt64) { entries.removeAll { $0.exchange == exchange } }

    mutating func removeAll() -> [UInt64] {
        defer { entries.removeAll() }
        return entries.map(\.exchange)
    }
}
