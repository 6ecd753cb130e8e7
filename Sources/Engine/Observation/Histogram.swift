/// Durations in log-linear buckets: eight to each doubling of a microsecond, so a quantile is right within an eighth.
struct Histogram: Sendable {
    private static let steps = 3
    private static let size = 40 << steps
    private var counts: [Int64] = []
    private(set) var count: Int64 = 0
    private(set) var sum = Timespan.zero
    private(set) var most = Timespan.zero

    mutating func add(_ span: Timespan) {
        if counts.isEmpty { counts = [Int64](repeating: 0, count: Self.size) }
        let index = Self.index(of: span.nanoseconds / 1000)
        counts[index] = counts[index].addingSaturating(1)
        count = count.addingSaturating(1)
        sum = sum + max(span, .zero)
        most = max(most, span)
    }

    /// Below eight every number has a bucket of its own.
    private static func index(of microseconds: Int64) -> Int {
        guard microseconds >= 8 else { return Int(max(microseconds, 0)) }
        let exponent = 63 - microseconds.leadingZeroBitCount
        let step = Int(microseconds >> Int64(exponent - steps)) & 7
        return min(((exponent - steps + 1) << steps) + step, size - 1)
    }

    /// The first number behind a bucket, in microseconds.
    private static func end(of index: Int) -> Int64 {
        guard index >= 8 else { return Int64(index) + 1 }
        let (octave, step) = (index >> steps, index & 7)
        return Int64(9 + step) << Int64(octave - 1)
    }

    var average: Timespan { count == 0 ? .zero : Timespan(nanoseconds: sum.nanoseconds / count) }

    /// No longer than that were so many of a thousand.
    func quantile(thousandths: Int64) -> Timespan {
        guard count > 0 else { return .zero }
        let rank = max(1, (count.multipliedSaturating(by: thousandths) + 999) / 1000)
        var seen: Int64 = 0
        for (index, count) in counts.enumerated() where count > 0 {
            seen += count
            if index == Self.size - 1 { return most }
            if seen >= rank { return min(most, Timespan(nanoseconds: Self.end(of: index) * 1000)) }
        }
        return most
    }

    /// How many were shorter than 2^`power` microseconds, exactly.
    func below(power: Int) -> Int64 {
        var total: Int64 = 0
        let end = Int64(1) << Int64(power)
        for (index, count) in counts.enumerated() {
            guard Self.end(of: index) <= end else { break }
            total += count
        }
        return total
    }
}
