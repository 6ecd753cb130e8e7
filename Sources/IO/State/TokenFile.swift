internal import CCrypto
internal import Engine
internal import Glibc

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
    private let state: StateFile
    private let name: String

    init(_ place: TokenPlace) throws(Failure) {
        self.place = place
        let state = try StateFile(path: place.file)
        self.state = state
        try Self.checkMode(place.file)
        let salt = try Self.prepare(state)
        name = try Self.name(of: place.identity, salt: salt)
    }

    /// Somebody else's records are one thing, tokens another.
    private static func checkMode(_ path: String) throws(Failure) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw StateFile.failure("can't be read", path) }
        let others = status.st_mode & 0o077
        guard others == 0 else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            throw Failure(
                .storage,
                "the state file \"\(path)\" has mode 0\(mode): a token would be there for others to read (chmod 600)")
        }
    }

    /// Not with the other tables: a state without tokens has none of this.
    private static func prepare(_ state: StateFile) throws(Failure) -> String {
        let fresh = SystemServices.chance()
        return try state.use { database throws(Failure) in
            var salt = ""
            try database.transaction { () throws(Failure) in
                try database.run(
                    "CREATE TABLE IF NOT EXISTS token_salt (id INTEGER PRIMARY KEY CHECK (id = 1), salt TEXT NOT NULL)")
                try database.run(
                    """
                    CREATE TABLE IF NOT EXISTS tokens (
                        name TEXT PRIMARY KEY, access TEXT NOT NULL, prefix TEXT NOT NULL, refresh TEXT,
                        asked_at_ms INTEGER NOT NULL, life_ms INTEGER NOT NULL) WITHOUT ROWID
                    """)
                let salt = String(fresh.0, radix: 16) + "-" + String(fresh.1, radix: 16)
                try database.run("INSERT OR IGNORE INTO token_salt VALUES (1, ?)", [.text(salt)])
                // What is replaced or deleted is overwritten.
                try database.run("PRAGMA secure_delete = ON")
            }
            try database.run("SELECT salt FROM token_salt") { salt = $0.text(0) }
            return salt
        }
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

    func read() throws(Failure) -> KeptToken? {
        let name = name
        return try state.use { database throws(Failure) in
            var found: KeptToken?
            try database.run(
                "SELECT access, prefix, refresh, asked_at_ms, life_ms FROM tokens WHERE name = ?", [.text(name)]
            ) { row in
                let asked = WallTime(epochSeconds: 0) + .milliseconds(row.int(3))
                found = KeptToken(
                    access: Secret(row.text(0)), prefix: row.text(1), askedAt: asked,
                    life: .milliseconds(row.int(4)), refresh: row.isNull(2) ? nil : Secret(row.text(2)))
            }
            return found
        }
    }

    /// Durable when it returns: the database is in WAL mode, synchronous FULL.
    func write(_ token: KeptToken) throws(Failure) {
        let name = name
        try state.use { database throws(Failure) in
            try database.run(
                "INSERT OR REPLACE INTO tokens VALUES (?, ?, ?, ?, ?, ?)",
                [
                    .text(name), .text(token.access.reveal()), .text(token.prefix),
                    token.refresh.map { .text($0.reveal()) } ?? .null,
                    .int((token.askedAt - WallTime(epochSeconds: 0)).milliseconds), .int(token.life.milliseconds),
                ])
        }
    }

    func reserve() throws(Failure) -> Bool { try state.reserve("token " + name) }
    func giveBack() { state.letGo("token " + name) }
}
