public import Engine

/// A date that stands still, and signatures that anybody can tell from the bytes and the key.
public struct TestNotary: Notary {
    public init() {}
    public var date: WallTime { WallTime(epochSeconds: 1_800_000_000) }
    public func sha256(_ bytes: [UInt8]) -> [UInt8] { mixed(bytes) }
    public func hmacSHA256(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] { mixed(key + bytes) }
    public func sign(_ bytes: [UInt8], _ algorithm: SignatureAlgorithm, key: Secret) -> [UInt8]? {
        mixed(Array(key.reveal().utf8) + bytes)
    }
    public func nonce() -> [UInt8] { Array(0..<16) }

    private func mixed(_ bytes: [UInt8]) -> [UInt8] {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return (0..<32).map { UInt8(truncatingIfNeeded: hash >> UInt64($0 % 8 * 8)) }
    }
}
