/// Idempotency keys: random UUIDs (RFC 9562, version 4).
public struct RequestKeys: Sendable {
    private var state: (UInt64, UInt64)

    /// - Parameter seed: 128 bits of chance: keys must be nobody else's, ever.
    public init(seed: (UInt64, UInt64)) { state = seed }

    mutating func next() -> String {
        state.0 &+= 0x9E37_79B9_7F4A_7C15
        state.1 &+= 0xD1B5_4A32_D192_ED03
        let high = Self.mixed(state.0) & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = Self.mixed(state.1) & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        var text: [UInt8] = []
        for (index, digit) in (ASCII.hex(high) + ASCII.hex(low)).utf8.enumerated() {
            if index == 8 || index == 12 || index == 16 || index == 20 { text.append(UInt8(ascii: "-")) }
            text.append(digit)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// SplitMix64's finaliser: a different result for every state.
    private static func mixed(_ state: UInt64) -> UInt64 {
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

extension PreparedRequest {
    mutating func add(key: String, header: String) {
        headers.append((name: header, value: .plain(key)))
        idempotencyKey = key
        keyHeader = nil
    }
}
