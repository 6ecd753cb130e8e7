/// Repeatable chance (SplitMix64). Two of the same seed give the same numbers on every machine.
public struct Seeded: RandomNumberGenerator, Sendable {
    private var state: UInt64
    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// From 0 up to, but not including, `bound`.
    public mutating func below(_ bound: Int64) -> Int64 { Int64(next() % UInt64(max(bound, 1))) }
    public mutating func below(_ bound: Int) -> Int { Int(below(Int64(bound))) }
    /// True once in `n` times.
    public mutating func once(in n: Int) -> Bool { below(n) == 0 }
    public mutating func pick<T>(_ all: [T], else other: T) -> T { all.isEmpty ? other : all[below(all.count)] }
}
