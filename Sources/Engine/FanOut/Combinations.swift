/// What the next walk is made for: the values of one dimension as they come, or each combination of several. The first
/// one is taken from as its values come; those of the others are needed again and again and are kept.
struct Combinations: Sendable {
    enum Next: Sendable {
        case bindings([OverBinding], from: Checkpoint?)
        case problem(Failure)
        /// The parents' pages have not brought it yet.
        case later
        case end
    }

    static let mostKept = 1_000_000

    var intakes: [Intake]
    /// Of the first dimension.
    private var current: (bindings: [OverBinding], from: Checkpoint?)?
    /// Where the others stand.
    private var positions: [Int]

    init(_ dimensions: [OverPlan.Dimension]) {
        intakes = dimensions.map { Intake($0) }
        positions = [Int](repeating: 0, count: max(0, dimensions.count - 1))
    }

    /// All values that came are taken.
    var isAtEnd: Bool { intakes[0].isEmpty && current == nil }

    mutating func next() -> Next {
        var kept: [[OverBinding]] = []
        for (position, intake) in zip(positions, intakes.dropFirst()) {
            guard intake.isOver else { return .later }
            guard position < intake.entries.count else { return .end }
            switch intake.entries[position] {
            case .problem(let failure): return .problem(failure)
            case .bindings(let bindings, _): kept.append(bindings)
            }
        }
        guard let first = intakes.first else { return .end }
        if current == nil {
            switch intakes[0].next() {
            case .problem(let failure): return .problem(failure)
            case .bindings(let bindings, let from): current = (bindings, from)
            case nil: return first.isOver ? .end : .later
            }
        }
        let bindings = (current?.bindings ?? []) + kept.joined()
        let from = current?.from
        advance()
        return .bindings(bindings, from: from)
    }

    /// The last dimension turns fastest.
    private mutating func advance() {
        var place = positions.count
        while place > 0 {
            place -= 1
            positions[place] += 1
            if positions[place] < intakes[place + 1].entries.count { return }
            positions[place] = 0
        }
        current = nil
    }

    /// A page of a parent is in. True: it is used up, and the next one may come.
    mutating func add(_ facts: PageFacts, to index: Int, unusable: (Int, String) -> Failure?) -> Bool {
        for given in facts.given {
            guard !intakes[index].isOver else { break }
            switch given {
            case .values(let values): intakes[index].add(values, inherited: facts.over.filter { !$0.isWindow })
            case .unusable(let record, let reason):
                if let failure = unusable(record, reason) { intakes[index].fail(failure) }
            }
        }
        intakes[index].before = facts.checkpoint
        if facts.checkpoint?.isEnd ?? false { intakes[index].isToldTheEnd = true }
        if index > 0 {
            if intakes[index].count > Self.mostKept {
                intakes[index].fail(
                    Failure(
                        .limit,
                        "over: \"\(intakes[index].dimension.name)\" has more than \(Self.mostKept) values, "
                            + "which only the first of a product may"))
            }
            return true
        }
        guard !intakes[0].isEmpty else { return true }
        intakes[0].pending.append(facts.bytes)
        return false
    }
}
