/// Ends a walk that goes round in a circle.
///
/// Every token, URL and page content of the run is remembered as a 128-bit keyed fingerprint, not just the last one:
/// A-B-A circles are as endless as A-A. 16 bytes each; beyond `most` the oldest knowledge is kept as one mark that
/// moves (Brent's cycle finding): a circle is then found after at most three times its length.
struct LoopGuard: Sendable {
    /// Shared by copies of the walk, of which only the last is ever used: a set of ten thousand fingerprints must not
    /// be copied with every page.
    ///
    /// `@unchecked Sendable`: a walk is used by one thread at a time.
    private final class Memory: @unchecked Sendable {
        var seen: Set<Fingerprint> = []
    }

    private let memory = Memory()
    private var mark: Fingerprint?
    private var sinceMark: Int64 = 0
    private var power: Int64 = 1
    private let most: Int

    init(most: Int = 4_000_000) { self.most = most }

    /// Without seeing it.
    func knows(_ fingerprint: Fingerprint) -> Bool { memory.seen.contains(fingerprint) || mark == fingerprint }

    /// True when it was seen before in this run.
    mutating func hasSeen(_ fingerprint: Fingerprint) -> Bool {
        if memory.seen.count < most { return !memory.seen.insert(fingerprint).inserted }
        if memory.seen.contains(fingerprint) || mark == fingerprint { return true }
        sinceMark += 1
        if sinceMark >= power {
            mark = fingerprint
            sinceMark = 0
            power = power.multipliedSaturating(by: 2)
        }
        return false
    }
}
