/// Which known name somebody may have meant.
enum NearestName {
    /// Nil when none is near: a far-fetched guess misleads more than none.
    static func find(_ name: String, in known: some Sequence<String>) -> String? {
        let wanted = Array(ASCII.lowercased(name).utf8)
        guard !wanted.isEmpty, wanted.count <= 64 else { return nil }
        let reach = max(1, wanted.count / 3)
        var best: (name: String, distance: Int)?
        for candidate in known {
            let distance = distance(wanted, Array(ASCII.lowercased(candidate).utf8))
            if distance <= reach, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.name
    }

    /// `; did you mean "x"?`, or nothing.
    static func hint(_ name: String, in known: some Sequence<String>) -> String {
        find(name, in: known).map { "; did you mean \"\($0)\"?" } ?? ""
    }

    /// Edits, two neighbours in the wrong order counting as one (optimal string alignment).
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        guard b.count <= 80 else { return .max }
        var before: [Int] = []
        var previous = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            row.reserveCapacity(b.count + 1)
            for j in b.indices {
                var cost = min(previous[j + 1] + 1, row[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
                row.append(cost)
            }
            before = previous
            previous = row
        }
        return previous[b.count]
    }
}
