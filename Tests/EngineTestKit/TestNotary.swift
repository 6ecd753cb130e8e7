public import Engine

/// A date that stands still unless there is a store of tokens, and signatures that anybody can tell from the bytes and the key.
public struct TestNotary: Notary {
    private let tokens: SimulatedTokens?
    private let client: Int
    public init(_ tokens: SimulatedTokens? = nil, client: Int = 0) {
        self.tokens = tokens
        self.client = client
    }
    public var date: WallTime {
        let start = WallTime(epochSeconds: 1_800_000_000)
        return tokens.map { start + Timespan(nanoseconds: $0.now.nanoseconds) } ?? start
    }
    public func isReady(for wish: TokenWish, _ place: TokenPlace) -> Bool {
        tokens?.isReady(for: wish, by: client) ?? true
    }
    public func keptToken(_ place: TokenPlace) throws(Failure) -> KeptToken? { try tokens?.read(place) }
    public func keep(_ token: KeptToken, _ place: TokenPlace) throws(Failure) { try tokens?.write(token, place) }
    public func reserve(_ place: TokenPlace) throws(Failure) -> Bool { tokens?.reserve(place, by: client) ?? true }
    public func giveBack(_ place: TokenPlace) { tokens?.giveBack(place, by: client) }
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
