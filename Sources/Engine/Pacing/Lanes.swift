/// A client's requests that want a permit, in lanes: those of one lane want the same, and wait for each other.
struct Lanes: Sendable {
    struct Key: Hashable, Sendable {
        var own: Limiter.Demand
        var shared: Limiter.Demand?
        var server: Servers.Scope
    }
    struct Lane: Sendable {
        let key: Key
        var turns = Turns()
        /// In the own limiter's line, as long as somebody waits here.
        var ticket: Limiter.Ticket?
        /// In the shared one's, as long as the own one is ready.
        var sharedTicket: Limiter.Ticket?
        var isReady = false
        /// What its server said when it was asked last.
        var admission = Servers.Admission.now
    }

    var lanes: [Lane] = []

    var isEmpty: Bool { lanes.allSatisfy(\.turns.isEmpty) }

    func index(of ticket: Limiter.Ticket) -> Int? { lanes.firstIndex { $0.ticket == ticket } }

    mutating func index(of key: Key) -> Int {
        if let index = lanes.firstIndex(where: { $0.key == key }) { return index }
        lanes.append(Lane(key: key))
        return lanes.count - 1
    }

    /// A lane remembers who had a turn; not for ever.
    mutating func forgetOld() {
        if lanes.count > 64 { lanes.removeAll { $0.turns.isEmpty } }
    }
}
