internal import CCrypto
internal import Engine

/// The token files of one client, each opened when it is needed first.
///
/// `@unchecked Sendable`: used by the client's I/O thread alone.
final class TokenFiles: @unchecked Sendable {
    private var files: [TokenFile] = []

    func open(_ place: TokenPlace) throws(Failure) -> TokenFile {
        if let known = files.first(where: { $0.place.identity == place.identity && $0.place.file == place.file }) {
            return known
        }
        let opened = try TokenFile(place)
        files.append(opened)
        return opened
    }
}

/// One token in a state file. Which one is known by a name that nothing can be told from: what it was made of may be a
/// password.
final class TokenFile {
    let place: TokenPlace
    private let state: any StateStore
    private let name: String

    init(_ place: TokenPlace) throws(Failure) {
        self.place = place
        state = try StateFile(path: place.file)
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

    func read() throws(Failure) -> KeptToken? { try state.token(name) }
    func write(_ token: KeptToken) throws(Failure) { try state.keep(token, name) }
    func reserve() throws(Failure) -> Bool { try state.reserve("token " + name) }
    func giveBack() { state.letGo("token " + name) }
}
