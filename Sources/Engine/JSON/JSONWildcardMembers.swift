/// The members of an object that a wildcard takes, so that the matches of a repeated name can be taken back when the
/// object ends: the last one counts.
struct JSONWildcardMembers {
    private let targets: [Int]
    private var names: [Range<Int>] = []
    /// How many values and elements each target had before each member: `targets.count` a member.
    private var before: [(values: Int, elements: Int)] = []

    init(_ marked: UnsafePointer<Int32>, _ slice: JSONAutomaton.Slice) {
        targets = (Int(slice.lower)..<Int(slice.upper)).map { Int(marked[$0]) }
    }

    mutating func begin(name: Range<Int>, _ out: borrowing JSONMatches) {
        names.append(name)
        count(out)
    }

    private mutating func count(_ out: borrowing JSONMatches) {
        for target in targets { before.append((out.found[target].values.count, out.found[target].elements.count)) }
    }

    mutating func end(_ lexer: JSONLexer, _ out: inout JSONMatches) {
        guard names.count > 1 else { return }
        count(out)
        var seen: Set<[UInt8]> = []
        // Backwards: the last one of a name is met first, and what is removed never moves what is still to come.
        for i in names.indices.reversed() {
            if seen.insert(lexer.unescape(names[i].lowerBound, names[i].upperBound)).inserted { continue }
            for (k, target) in targets.enumerated() {
                let lower = before[i &* targets.count &+ k]
                let upper = before[(i &+ 1) &* targets.count &+ k]
                out.found[target].remove(
                    values: lower.values..<upper.values, elements: lower.elements..<upper.elements)
            }
        }
    }
}
