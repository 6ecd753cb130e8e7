internal import CLinux
package import Engine
internal import Glibc

/// The state of streams over runs: a SQLite file (WAL) that many processes may use, with one writer for each stream.
///
/// A commit is one transaction, on disk when `commit` returns. What it says of a file was on disk before.
///
/// `@unchecked Sendable`: the connection is used with the lock held.
package final class StateFile: StateStore, @unchecked Sendable {
    /// Where a stream stands.
    package struct Entry: Sendable, Equatable {
        package enum Phase: String, Sendable {
            /// Its records are on their way into the `.part` file.
            case running
            /// All of them are there; the file has yet to get its name.
            case ended
            case done
            /// More follow, in another file; this one has yet to get its name.
            case closing
            /// A file of the run under way, or of the last one, that was closed before its end.
            case closed
            /// A file of the run before, which goes when the one under way is done.
            case replaced
        }
        package var name: String
        package var phase = Phase.running
        /// The file that it becomes, absolute.
        package var file: String
        package var checkpoint: String?
        /// Of the file, on disk for sure.
        package var bytes: Int64 = 0
        package var records: Int64 = 0
        package var pages: Int64 = 0
        /// How many commits there were.
        package var commits: Int64 = 0
        package var updatedAt = ""
    }

    /// What one commit added to a file.
    package struct Piece: Sendable, Equatable {
        package var number: Int64
        package var start: Int64
        package var end: Int64
        package var records: Int64
        package var sha256: String
        /// Of the records, whatever their order: see `CanonicalBatch`.
        package var recordsSHA256: String?
    }

    static let version: Int64 = 2
    /// "PENS"
    static let applicationID: Int64 = 0x5045_4E53

    package let path: String
    package var shown: String { "the state file \"\(path)\"" }
    package let isNear = true
    package let generation = Fork.generation
    private let database: Lock<SQLiteBox>
    private let leases: Int32

    struct SQLiteBox: @unchecked Sendable {
        let database: SQLite
    }

    package init(path: String) throws(Failure) {
        self.path = path
        try Self.make(path)
        leases = LineFile.uninterrupted {
            Glibc.open(path + "-lease", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        }
        guard leases >= 0 else { throw Self.failure("can't be opened", path + "-lease") }
        do {
            let database = try SQLite(path: path)
            try Self.prepare(database, path)
            self.database = Lock(SQLiteBox(database: database))
        } catch {
            close(leases)
            throw error
        }
    }

    deinit {
        // After fork the leases are the parent's: they are bound to the open file, which the child shares.
        if Fork.isSame(generation) { close(leases) }
    }

    private static let making = Lock<Void>(())

    /// Before SQLite does, so that nobody else can read it: records of the world may stand in it. A file that is there is
    /// not opened: to close it again would take away the locks that SQLite has on it elsewhere in this process, since
    /// POSIX's locks are a process's. (One thread at a time, for the same reason.)
    private static func make(_ path: String) throws(Failure) {
        let failed = making.withLock { _ -> Bool in
            let made = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
            if made >= 0 { close(made) }
            return made < 0 && errno != EEXIST
        }
        if failed { throw Self.failure("can't be opened", path) }
        var status = stat()
        guard lstat(path, &status) == 0 else { throw Self.failure("can't be opened", path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(.storage, "the state file \"\(path)\" can't be opened: it is no regular file")
        }
    }

    private static func prepare(_ database: SQLite, _ path: String) throws(Failure) {
        var (application, version): (Int64, Int64) = (0, 0)
        var tables: Int64 = 0
        try database.run("PRAGMA application_id") { application = $0.int(0) }
        try database.run("PRAGMA user_version") { version = $0.int(0) }
        try database.run("SELECT count(*) FROM sqlite_schema") { tables = $0.int(0) }
        if tables > 0, application != applicationID {
            throw Failure(.storage, "the file \"\(path)\" is a database of another program, not a state file")
        }
        if version > Self.version {
            throw Failure(
                .storage,
                "the state file \"\(path)\" has version \(version), from a newer library; this one reads up to \(Self.version)"
            )
        }
        try database.run("PRAGMA journal_mode = WAL")
        try database.run("PRAGMA synchronous = FULL")
        if version == Self.version { return }
        try database.transaction { () throws(Failure) in
            for statement in tablesOfVersion1 + tablesOfVersion2 { try database.run(statement) }
            try database.run("PRAGMA application_id = \(applicationID)")
            try database.run("PRAGMA user_version = \(Self.version)")
        }
    }

    private static let tablesOfVersion1 = [
        """
        CREATE TABLE IF NOT EXISTS streams (
            name TEXT PRIMARY KEY, phase TEXT NOT NULL, file TEXT NOT NULL, checkpoint TEXT,
            bytes INTEGER NOT NULL, records INTEGER NOT NULL, pages INTEGER NOT NULL, commits INTEGER NOT NULL,
            updated_at TEXT NOT NULL) WITHOUT ROWID
        """,
        """
        CREATE TABLE IF NOT EXISTS pieces (
            stream TEXT NOT NULL, number INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
            records INTEGER NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (stream, number)) WITHOUT ROWID
        """,
        """
        CREATE TABLE IF NOT EXISTS runs (
            id INTEGER PRIMARY KEY, stream TEXT NOT NULL, started_at TEXT NOT NULL, ended_at TEXT, result TEXT,
            records INTEGER NOT NULL DEFAULT 0, pages INTEGER NOT NULL DEFAULT 0, message TEXT)
        """,
        // Where incremental reading stands, of each stream and of each parent within one.
        """
        CREATE TABLE IF NOT EXISTS cursors (
            stream TEXT NOT NULL, parent TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (stream, parent)) WITHOUT ROWID
        """,
    ]

    // MARK: leases

    /// One writer for each stream. It goes with the process, however that ends.
    package func lease(_ name: String) throws(Failure) {
        let place = Int64(Self.place(of: name))
        let code = penstock_lock_byte(leases, place, Int16(F_WRLCK))
        if code == 0 { return }
        guard code == EAGAIN || code == EACCES else {
            errno = code
            throw Self.failure("can't be locked", path + "-lease")
        }
        throw beingWritten(name)
    }

    /// FNV-1a, without the sign.
    private static func place(of name: String) -> UInt64 {
        name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 } >> 2
    }

    /// False: somebody has it.
    package func reserve(_ name: String) throws(Failure) -> Bool {
        let code = penstock_lock_byte(leases, Int64(Self.place(of: name)), Int16(F_WRLCK))
        if code == 0 { return true }
        if code == EAGAIN || code == EACCES { return false }
        errno = code
        throw Self.failure("can't be locked", path + "-lease")
    }

    package func letGo(_ name: String) {
        _ = penstock_lock_byte(leases, Int64(Self.place(of: name)), Int16(F_UNLCK))
    }

    // MARK: streams

    package func entry(_ name: String) throws(Failure) -> Entry? {
        try entries("WHERE name = ?", [.text(name)]).first
    }

    package func entries() throws(Failure) -> [Entry] { try entries("ORDER BY name", []) }

    private func entries(_ condition: String, _ values: [SQLite.Value]) throws(Failure) -> [Entry] {
        let entries = try rows(condition, values)
        if let wrong = entries.first(where: { !$0.isPossible }) { throw damaged("the stream \"\(wrong.name)\"") }
        return entries
    }

    private func rows(_ condition: String, _ values: [SQLite.Value]) throws(Failure) -> [Entry] {
        try use { database throws(Failure) in
            var entries: [Entry] = []
            try database.run(
                "SELECT name, phase, file, checkpoint, bytes, records, pages, commits, updated_at FROM streams \(condition)",
                values
            ) { row in
                entries.append(
                    Entry(
                        name: row.text(0), phase: Entry.Phase(rawValue: row.text(1)) ?? .running, file: row.text(2),
                        checkpoint: row.isNull(3) ? nil : row.text(3), bytes: row.int(4), records: row.int(5),
                        pages: row.int(6), commits: row.int(7), updatedAt: row.text(8)))
            }
            return entries
        }
    }

    package func pieces(of name: String) throws(Failure) -> [Piece] {
        let pieces = try use { database throws(Failure) in
            var pieces: [Piece] = []
            try database.run(
                "SELECT number, start, \"end\", records, sha256 FROM pieces WHERE stream = ? ORDER BY number",
                [.text(name)]
            ) { row in
                pieces.append(
                    Piece(
                        number: row.int(0), start: row.int(1), end: row.int(2), records: row.int(3), hashes: row.text(4)
                    ))
            }
            return pieces
        }
        guard pieces.allSatisfy(\.isPossible) else { throw damaged("a commit of the stream \"\(name)\"") }
        return pieces
    }

    /// Several streams at once cost as much as one.
    package func commit(
        _ changes: [(entry: Entry, piece: Piece?)], seen: [(stream: String, records: SeenRecords.Waiting)]
    ) throws(Failure) {
        try use { database throws(Failure) in
            try database.transaction { () throws(Failure) in
                for (stream, records) in seen { try Self.write(records, of: stream, database) }
                for (entry, piece) in changes {
                    try Self.write(entry, database)
                    guard let piece else { continue }
                    try database.run(
                        "INSERT OR REPLACE INTO pieces VALUES (?, ?, ?, ?, ?, ?)",
                        [
                            .text(entry.name), .int(piece.number), .int(piece.start), .int(piece.end),
                            .int(piece.records),
                            .text(piece.hashes),
                        ])
                }
            }
        }
    }

    static func write(_ entry: Entry, _ database: SQLite) throws(Failure) {
        try database.run(
            "INSERT OR REPLACE INTO streams VALUES (?, ?, ?, ?, ?, ?, ?, ?, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))",
            [
                .text(entry.name), .text(entry.phase.rawValue), .text(entry.file),
                entry.checkpoint.map { .text($0) } ?? .null, .int(entry.bytes), .int(entry.records), .int(entry.pages),
                .int(entry.commits),
            ])
    }

    /// Forgets a stream, or all of them. Files stay.
    package func reset(_ name: String?) throws(Failure) {
        // What is damaged goes, too.
        let known = try rows("ORDER BY name", []).filter { name == nil || $0.name == name || $0.stream == name }
        for entry in known { try lease(entry.stream) }
        try use { database throws(Failure) in
            try database.transaction { () throws(Failure) in
                for (table, column) in [
                    ("pieces", "stream"), ("cursors", "stream"), ("seen", "stream"), ("streams", "name"),
                ] {
                    guard name != nil else {
                        try database.run("DELETE FROM \(table)")
                        continue
                    }
                    for one in known {
                        try database.run("DELETE FROM \(table) WHERE \(column) = ?", [.text(one.name)])
                    }
                }
                try Self.forgetSchemas(name, database)
            }
        }
        if let name, known.isEmpty { throw unknown(name) }
    }

    // MARK: runs

    package func beginRun(_ name: String) throws(Failure) -> Int64 {
        try use { database throws(Failure) in
            var id: Int64 = 0
            try database.run(
                "INSERT INTO runs (stream, started_at) VALUES (?, strftime('%Y-%m-%dT%H:%M:%SZ', 'now')) RETURNING id",
                [.text(name)]
            ) { id = $0.int(0) }
            return id
        }
    }

    package func endRun(_ id: Int64, result: String, records: Int64, pages: Int64, message: String?) throws(Failure) {
        try use { database throws(Failure) in
            try database.run(
                "UPDATE runs SET ended_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now'), result = ?, records = ?, pages = ?, message = ? WHERE id = ?",
                [.text(result), .int(records), .int(pages), message.map { .text($0) } ?? .null, .int(id)])
        }
    }

    package struct Run: Sendable, Equatable {
        package var stream: String
        package var startedAt: String
        package var endedAt: String?
        package var result: String?
        package var records: Int64
        package var pages: Int64
        package var message: String?
    }

    /// The last ones first.
    package func runs(atMost count: Int64) throws(Failure) -> [Run] {
        try use { database throws(Failure) in
            var runs: [Run] = []
            try database.run(
                "SELECT stream, started_at, ended_at, result, records, pages, message FROM runs ORDER BY id DESC LIMIT ?",
                [.int(count)]
            ) { row in
                func text(_ column: Int32) -> String? { row.isNull(column) ? nil : row.text(column) }
                runs.append(
                    Run(
                        stream: row.text(0), startedAt: row.text(1), endedAt: text(2), result: text(3),
                        records: row.int(4),
                        pages: row.int(5), message: text(6)))
            }
            return runs
        }
    }

    // MARK: inside

    func use<R: Sendable>(_ body: (SQLite) throws(Failure) -> R) throws(Failure) -> R {
        guard Fork.isSame(generation) else {
            throw Failure(.state, "the state file belongs to the parent process: open it again after fork()")
        }
        let result = database.withLock { box -> Result<R, Failure> in
            do throws(Failure) { return .success(try body(box.database)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    static func failure(_ what: String, _ path: String) -> Failure {
        Failure(.storage, "the state file \"\(path)\" \(what): \(String(cString: strerror(errno)))")
    }
}
