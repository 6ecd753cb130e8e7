/// Counts and the last events: what is kept of all that happens, always.
public struct Recorder: Sendable {
    public struct Entry: Sendable {
        public let number: UInt64
        public let event: Event
    }

    private(set) var tallies: [Tally] = []
    private(set) var tokensRenewed: Int64 = 0
    private(set) var tokensFailed: Int64 = 0
    private(set) var breakersOpened: Int64 = 0
    private var ring: [Entry] = []
    private var last: UInt64 = 0
    private let most: Int

    /// - Parameter trace: How many events are kept.
    public init(trace: Int = 256) {
        most = max(1, trace)
    }

    /// Its number, from 1.
    @discardableResult public mutating func take(_ event: Event, names: [String]) -> UInt64 {
        last &+= 1
        if let stream = event.stream {
            while tallies.count <= stream, tallies.count < names.count {
                tallies.append(Tally(name: names[tallies.count]))
            }
            if tallies.indices.contains(stream) { tallies[stream].take(event.kind) }
        }
        switch event.kind {
        case .token(nil): tokensRenewed += 1
        case .token: tokensFailed += 1
        case .breaker(let note): if note.to == "open" { breakersOpened += 1 }
        case .page, .abandoned, .spent, .cursor: return last
        default: break
        }
        keep(Entry(number: last, event: event))
        return last
    }

    private mutating func keep(_ entry: Entry) {
        if ring.count < most { return ring.append(entry) }
        ring[next] = entry
        next = next + 1 == most ? 0 : next + 1
    }
    private var next = 0

    /// The oldest first.
    public var entries: [Entry] { Array(ring[next...] + ring[..<next]) }
}
