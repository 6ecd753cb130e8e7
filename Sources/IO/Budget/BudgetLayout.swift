internal import Engine

/// Where in a budget's memory what stands, in words of 64 bits.
struct BudgetLayout: Sendable {
    // Before them: what IO says of the file.
    static let headerWords = 16
    static let textWord = 32
    static let textBytes = 2048
    /// What stands below is never changed by a change.
    static let firstChangeable = textWord + textBytes / 8 + 16
    static let slotCount = 256
    static let ticketCount = 512
    static let ticketWords = 4
    static let changeCount = 2048
    /// A window of more is kept in slots of per/128.
    static let exact: Int64 = 4096

    // Words of a rule.
    static let inFlight = 0
    static let logged = 1
    /// Where the log begins, in entries.
    static let head = 2
    static let entries = 3
    /// When the bucket is full again.
    static let fullAt = 4
    static let pausedUntil = 5
    static let ruleWords = 8

    /// The process that changes something just now, in a cache line of its own.
    let lock = 16
    let committed = BudgetLayout.textWord + BudgetLayout.textBytes / 8
    let tickets = BudgetLayout.firstChangeable
    let ticketNumber = BudgetLayout.firstChangeable + 1
    let firstTicket: Int
    let changes: Int
    let count: Int

    private let firstRule: Int
    private let firstSlot: Int
    private let slotWords: Int
    private let logs: [(first: Int, capacity: Int)]

    init(_ plan: BudgetPlan) {
        var next = BudgetLayout.firstChangeable + 8
        firstRule = next
        next += plan.rules.count * Self.ruleWords
        firstTicket = next
        next += Self.ticketCount * Self.ticketWords
        firstSlot = next
        slotWords = (2 + plan.rules.count + 7) & ~7
        next += Self.slotCount * slotWords
        var logs: [(Int, Int)] = []
        for rule in plan.rules {
            var capacity = 0
            if case .window(let most, _) = rule.kind {
                capacity = most > Self.exact ? 136 : Int(most) + 1
            }
            logs.append((next, capacity))
            next += 2 * capacity
        }
        self.logs = logs
        changes = next
        count = next + 2 * Self.changeCount
    }

    func rule(_ number: Int) -> Int { firstRule + number * Self.ruleWords }
    func log(_ number: Int) -> (first: Int, capacity: Int) { logs[number] }

    /// Of a process: whether it is there, what it waits on, what it holds of each rule.
    func slot(_ slot: Int) -> Int { firstSlot + slot * slotWords }
    func signal(slot: Int) -> Int { firstSlot + slot * slotWords + 1 }
    func held(slot: Int, rule: Int) -> Int { firstSlot + slot * slotWords + 2 + rule }
}
