internal import CCrypto
internal import Engine

/// The tokens of one client that outlive it, each opened when it is needed first.
///
/// `@unchecked Sendable`: used by the client's I/O thread alone.
final class TokenFiles: @unchecked Sendable {
    private var keepers: [any TokenKeeper] = []

    func open(_ place: TokenPlace) throws(Failure) -> any TokenKeeper {
        if let known = keepers.first(where: { $0.place.identity == place.identity && $0.place.file == place.file }) {
            return known
        }
        let opened: any TokenKeeper
        if case .success(.file) = StatePlace.parse(place.file) {
            opened = try TokenDrawer(place)
        } else {
            opened = FarToken(place)
        }
        keepers.append(opened)
        return opened
    }
}

/// Where one token is kept. What is done there must be ready first.
protocol TokenKeeper: AnyObject {
    var place: TokenPlace { get }
    func isReady(for wish: TokenWish) -> Bool
    func read() throws(Failure) -> KeptToken?
    func write(_ token: KeptToken) throws(Failure)
    func reserve() throws(Failure) -> Bool
    func giveBack()
}

/// One token in a state. Which one is known by a name that nothing can be told from: what it was made of may be a
/// password.
final class TokenDrawer: TokenKeeper {
    let place: TokenPlace
    private let state: any StateStore
    private let name: String

    init(_ place: TokenPlace) throws(Failure) {
        self.place = place
        state = try States.open(place.file)
        name = try Self.name(of: place.identity, salt: try state.tokenSalt())
    }

    private static let rounds: Int32 = 100_000

    private static func name(of identity: Secret, salt: String) throws(Failure) -> String {
        let (secret, salt) = (Array(identity.reveal().utf8), Array(salt.utf8))
        var out = [UInt8](repeating: 0, count: 32)
        guard penstock_stretch(secret, secret.count, salt, salt.count, rounds, &out) == 1 else {
            throw Failure(.internalFault, "libcrypto gives no PBKDF2: the token can't be kept")
        }
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: out.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    func isReady(for wish: TokenWish) -> Bool { true }
    func read() throws(Failure) -> KeptToken? { try state.token(name) }
    func write(_ token: KeptToken) throws(Failure) { try state.keep(token, name) }
    func reserve() throws(Failure) -> Bool { try state.reserve("token " + name) }
    func giveBack() { state.letGo("token " + name) }
}
