package import Engine

/// What earlier runs of a stream wrote, by key and content: in the state, since it outlives them, and in memory only what
/// waits for its commit.
///
/// `@unchecked Sendable`: used by the writer thread alone once it is made.
package final class SeenRecords: @unchecked Sendable {
    package typealias Waiting = [Fingerprint: Fingerprint]

    /// With four words each behind its command: Redis before version 7 takes no more than a million.
    static let mostWaiting = 100_000

    enum Verdict {
        case new, changed, unchanged
    }

    private let state: any StateStore
    private let name: String
    private let identity: RecordIdentity
    private let services: SystemServices
    private(set) var waiting: Waiting = [:]
    /// Of records that are about to be judged, where one question for many costs less.
    private var looked: Waiting = [:]
    private var asked: Set<Fingerprint> = []

    init(_ name: String, _ rules: RecordRules, in state: any StateStore) throws(Failure) {
        self.name = name
        self.state = state
        identity = try RecordIdentity(rules)
        services = SystemServices(key: try state.fingerprintKey())
    }

    /// It counts as written from now on, unless it is unchanged.
    func judge(_ record: UnsafeRawBufferPointer) throws(Failure) -> Verdict {
        // Without a key it is kept, as within a walk.
        guard let (key, content) = identity.of(record, services: services) else { return .new }
        let known: Fingerprint?
        if let one = waiting[key] ?? looked[key] {
            known = one
        } else if asked.contains(key) {
            known = nil
        } else {
            known = try state.contents(of: [key], in: name)[key]
        }
        if known == content { return .unchanged }
        waiting[key] = content
        return known == nil ? .new : .changed
    }

    /// They are about to be judged.
    func expect(_ page: Page) throws(Failure) {
        if state.isNear { return }
        asked = []
        for index in 0..<page.recordCount {
            if let (key, _) = identity.of(page.record(index), services: services) { asked.insert(key) }
        }
        looked = try state.contents(of: Array(asked), in: name)
    }

    /// They are committed.
    func forgetWaiting() { waiting = [:] }
}

extension StateFile {
    static let tablesOfVersion2 = [
        // Half a fingerprint in each column.
        """
        CREATE TABLE IF NOT EXISTS seen (
            stream TEXT NOT NULL, key1 INTEGER NOT NULL, key2 INTEGER NOT NULL, content1 INTEGER NOT NULL,
            content2 INTEGER NOT NULL, PRIMARY KEY (stream, key1, key2)) WITHOUT ROWID
        """,
        "CREATE TABLE IF NOT EXISTS numbers (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    ]

    package func fingerprintKey() throws(Failure) -> UInt64 {
        let new = SystemServices.chance().0
        return try use { database throws(Failure) in
            try database.run(
                "INSERT OR IGNORE INTO numbers VALUES ('fingerprints', ?)", [.int(Int64(bitPattern: new))])
            var key: Int64 = 0
            try database.run("SELECT value FROM numbers WHERE name = 'fingerprints'") { key = $0.int(0) }
            return UInt64(bitPattern: key)
        }
    }

    package func contents(of keys: [Fingerprint], in stream: String) throws(Failure) -> SeenRecords.Waiting {
        try use { database throws(Failure) in
            var found = SeenRecords.Waiting()
            for key in keys {
                try database.run(
                    "SELECT content1, content2 FROM seen WHERE stream = ? AND key1 = ? AND key2 = ?",
                    [.text(stream), .int(Int64(bitPattern: key.low)), .int(Int64(bitPattern: key.high))]
                ) { row in
                    found[key] = Fingerprint(low: UInt64(bitPattern: row.int(0)), high: UInt64(bitPattern: row.int(1)))
                }
            }
            return found
        }
    }

    static func write(_ records: SeenRecords.Waiting, of stream: String, _ database: SQLite) throws(Failure) {
        for (key, content) in records {
            let numbers = [key.low, key.high, content.low, content.high]
            try database.run(
                "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?)",
                [.text(stream)] + numbers.map { .int(Int64(bitPattern: $0)) })
        }
    }
}
