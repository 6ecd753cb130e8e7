internal import CLinux
package import Engine
internal import Glibc

/// Tokens in a state file.
extension StateFile {
    package func tokenSalt() throws(Failure) -> String {
        try checkMode()
        let fresh = SystemServices.chance()
        // Not with the other tables: a state without tokens has none of this.
        return try use { database throws(Failure) in
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

    /// Somebody else's records are one thing, tokens another.
    private func checkMode() throws(Failure) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw Self.failure("can't be read", path) }
        let others = status.st_mode & 0o077
        guard others == 0 else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            throw Failure(
                .storage,
                "the state file \"\(path)\" has mode 0\(mode): a token would be there for others to read (chmod 600)")
        }
    }

    package func token(_ name: String) throws(Failure) -> KeptToken? {
        try use { database throws(Failure) in
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
    package func keep(_ token: KeptToken, _ name: String) throws(Failure) {
        try use { database throws(Failure) in
            try database.run(
                "INSERT OR REPLACE INTO tokens VALUES (?, ?, ?, ?, ?, ?)",
                [
                    .text(name), .text(token.access.reveal()), .text(token.prefix),
                    token.refresh.map { .text($0.reveal()) } ?? .null,
                    .int((token.askedAt - WallTime(epochSeconds: 0)).milliseconds), .int(token.life.milliseconds),
                ])
        }
    }
}
