/// Who waits for a limiter, in the order in which they may go: first come, first served within a priority, and
/// priorities by turns (self-clocked fair queueing), so that the low one does not starve.
struct Line: Sendable {
    struct Entry: Sendable {
        let ticket: Limiter.Ticket
        let demand: Limiter.Demand
        fileprivate let turn: UInt64
        /// Budgets of its scope, by bit, that it had to wait for once. Those behind may not take from them any more:
        /// otherwise many that want one budget each would keep out the one that wants both.
        fileprivate(set) var marks: UInt64 = 0
        /// It could have gone, but for another limiter.
        fileprivate(set) var wasReady = false
        fileprivate(set) var returns: UInt8 = 0
    }

    private(set) var entries: [Entry] = []
    private var lastTicket: UInt64 = 0
    /// The turn of the one that left last.
    private var turn: UInt64 = 0
    private var lastTurn: (high: UInt64, normal: UInt64, low: UInt64) = (0, 0, 0)

    mutating func join(_ demand: Limiter.Demand) -> Limiter.Ticket {
        lastTicket &+= 1
        let ticket = Limiter.Ticket(number: lastTicket)
        let last = self[demand.priority]
        let entry = Entry(ticket: ticket, demand: demand, turn: max(last, turn) &+ demand.priority.stride)
        self[demand.priority] = entry.turn
        var index = entries.endIndex
        while index > 0, entries[index - 1].turn > entry.turn { index -= 1 }
        entries.insert(entry, at: index)
        return ticket
    }

    func index(of ticket: Limiter.Ticket) -> Int? { entries.firstIndex { $0.ticket == ticket } }

    /// - Parameter served: It goes because it got what it waited for.
    mutating func remove(at index: Int, served: Bool) {
        let entry = entries.remove(at: index)
        if served {
            turn = max(turn, entry.turn)
        } else if self[entry.demand.priority] == entry.turn {
            // A turn that was not had is not paid for.
            self[entry.demand.priority] = entry.turn &- entry.demand.priority.stride
        }
        guard entries.isEmpty else { return }
        turn = 0
        lastTurn = (0, 0, 0)
    }

    mutating func mark(_ index: Int, _ bits: UInt64) {
        entries[index].marks |= bits
        guard entries[index].wasReady else { return }
        entries[index].wasReady = false
        entries[index].returns = entries[index].returns == .max ? .max : entries[index].returns + 1
    }

    mutating func passOver(_ index: Int) { entries[index].wasReady = true }

    private subscript(priority: Priority) -> UInt64 {
        get {
            switch priority {
            case .high: lastTurn.high
            case .normal: lastTurn.normal
            case .low: lastTurn.low
            }
        }
        set {
            switch priority {
            case .high: lastTurn.high = newValue
            case .normal: lastTurn.normal = newValue
            case .low: lastTurn.low = newValue
            }
        }
    }
}
