/// What credentials need of the world besides bytes: the date, and cryptography that is none of ours. IO answers with
/// the system's clock and libcrypto, a simulation with whatever it likes.
public protocol Notary: Sendable {
    var date: WallTime { get }
    func sha256(_ bytes: [UInt8]) -> [UInt8]
    func hmacSHA256(_ bytes: [UInt8], key: [UInt8]) -> [UInt8]
    /// RSASSA-PKCS1-v1_5 as it is, ECDSA as r and s in 64 bytes (RFC 7518 section 3). Nil: the key does not fit.
    func sign(_ bytes: [UInt8], _ algorithm: SignatureAlgorithm, key: Secret) -> [UInt8]?
    /// 16 bytes that nobody can guess.
    func nonce() -> [UInt8]
    /// What the program around us gives under that name.
    func token(ofHost name: String) throws(Failure) -> HostToken
    /// Header fields that make that request a signed one.
    func fields(ofHost name: String, for request: TransferRequest) throws(Failure) -> [(name: String, value: String)]
    /// Whether that can be done there now, by the function below that does it. Where the store is far away it is begun with
    /// this question, and can be done a moment later, with what came of it.
    func isReady(for wish: TokenWish, _ place: TokenPlace) -> Bool
    /// Nil: none was kept there.
    func keptToken(_ place: TokenPlace) throws(Failure) -> KeptToken?
    /// On disk when it returns.
    func keep(_ token: KeptToken, _ place: TokenPlace) throws(Failure)
    /// False: another process is about to ask for that token.
    func reserve(_ place: TokenPlace) throws(Failure) -> Bool
    func giveBack(_ place: TokenPlace)
}

/// A token that the host gave.
public struct HostToken: Sendable {
    public var text: Secret
    /// Nil: it does not say.
    public var life: Timespan?
    public init(text: Secret, life: Timespan?) {
        self.text = text
        self.life = life
    }
}

extension Notary {
    public func isReady(for wish: TokenWish, _ place: TokenPlace) -> Bool { true }
    public func keptToken(_ place: TokenPlace) throws(Failure) -> KeptToken? { nil }
    public func keep(_ token: KeptToken, _ place: TokenPlace) throws(Failure) {}
    public func reserve(_ place: TokenPlace) throws(Failure) -> Bool { true }
    public func giveBack(_ place: TokenPlace) {}
    public func token(ofHost name: String) throws(Failure) -> HostToken {
        throw Failure(.state, "the host has set no callback of that name")
    }
    public func fields(
        ofHost name: String, for request: TransferRequest
    ) throws(Failure) -> [(name: String, value: String)] {
        throw Failure(.state, "the host has set no callback of that name")
    }
}

public enum SignatureAlgorithm: String, Sendable, CaseIterable {
    case rs256 = "RS256"
    case es256 = "ES256"
}

/// For clients whose credentials sign nothing.
public struct NoNotary: Notary {
    public init() {}
    public var date: WallTime { WallTime(epochSeconds: 0) }
    public func sha256(_ bytes: [UInt8]) -> [UInt8] { [] }
    public func hmacSHA256(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] { [] }
    public func sign(_ bytes: [UInt8], _ algorithm: SignatureAlgorithm, key: Secret) -> [UInt8]? { nil }
    public func nonce() -> [UInt8] { [] }
}
