internal import Engine

/// Permits that hosts hold, by number. A number is used once, so giving one back twice harms nobody.
struct Permits: Sendable {
    private struct Entry: Sendable {
        var permit: Limiter.Permit?
        var generation: UInt64 = 0
    }
    private var entries: [Entry] = []
    private var free: [Int] = []

    private static let indexBits: UInt64 = 24

    /// Nil when more are held than numbers go to.
    mutating func add(_ permit: Limiter.Permit) -> UInt64? {
        let index: Int
        if let last = free.popLast() {
            index = last
        } else {
            guard entries.count < (1 << Self.indexBits) else { return nil }
            entries.append(Entry())
            index = entries.count - 1
        }
        entries[index].permit = permit
        entries[index].generation &+= 1
        return entries[index].generation << Self.indexBits | UInt64(index)
    }

    mutating func remove(_ number: UInt64) -> Limiter.Permit? {
        let index = Int(truncatingIfNeeded: number & ((1 << Self.indexBits) - 1))
        guard index < entries.count, entries[index].generation == number >> Self.indexBits,
            let permit = entries[index].permit
        else { return nil }
        entries[index].permit = nil
        free.append(index)
        return permit
    }
}
