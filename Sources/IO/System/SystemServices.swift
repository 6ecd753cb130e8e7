internal import CXXHash
package import Engine
internal import Glibc

/// What the engine asks of the world: jansson's decoding, xxHash's fingerprints keyed by run, the kernel's chance.
package struct SystemServices: Services {
    private let key: UInt64
    private var generator: SplitMix64

    /// 128 bits of the kernel's.
    package static func chance() -> (UInt64, UInt64) {
        var seeds: (UInt64, UInt64) = (0, 0)
        if getentropy(&seeds, MemoryLayout.size(ofValue: seeds)) != 0 {
            seeds.0 = UInt64(truncatingIfNeeded: Clock.now().nanoseconds)
            seeds.1 = UInt64(truncatingIfNeeded: getpid())
        }
        return seeds
    }

    /// - Parameter key: Of fingerprints that outlive the process.
    package init(key known: UInt64? = nil) {
        let seeds = Self.chance()
        key = known ?? seeds.0
        generator = SplitMix64(state: seeds.1)
    }

    package func decode(_ bytes: UnsafeRawBufferPointer) -> JSONValue? { try? Document.decode(bytes) }

    package func fingerprint(_ bytes: UnsafeRawBufferPointer) -> Fingerprint {
        let hash = penstock_xxh3_128(bytes.baseAddress, bytes.count, key)
        return Fingerprint(low: hash.low, high: hash.high)
    }

    package func sha256(_ bytes: UnsafeRawBufferPointer) -> [UInt8] { ByteHash.of(bytes) }

    package mutating func random() -> UInt64 { generator.next() }
}

/// Sebastiano Vigna's SplitMix64: enough for jitter.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
