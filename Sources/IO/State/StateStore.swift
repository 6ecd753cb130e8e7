package import Engine

/// What runs and tokens need of a state, wherever it is kept: `StateFile` in SQLite's tables, `KeyedState` over anything
/// that has documents by name.
package protocol StateStore: AnyObject, Sendable {
    /// For messages: `the state file "state.db"`.
    var shown: String { get }
    var generation: UInt64 { get }
    /// A question costs next to nothing: nobody needs to put many into one.
    var isNear: Bool { get }

    // MARK: leases

    /// One writer for each stream, until the process ends or the state is closed.
    func lease(_ name: String) throws(Failure)
    /// False: somebody has it.
    func reserve(_ name: String) throws(Failure) -> Bool
    func letGo(_ name: String)

    // MARK: streams

    func entry(_ name: String) throws(Failure) -> StateFile.Entry?
    func entries() throws(Failure) -> [StateFile.Entry]
    /// In the order of their numbers.
    func pieces(of name: String) throws(Failure) -> [StateFile.Piece]
    /// All of it or nothing; durable when it returns, as far as the store promises that.
    func commit(
        _ changes: [(entry: StateFile.Entry, piece: StateFile.Piece?)],
        seen: [(stream: String, records: SeenRecords.Waiting)]
    ) throws(Failure)
    /// A stream goes on to another file.
    ///
    /// - Parameters:
    ///   - kept: The entry of the file that it leaves, which takes that one's commits along. Nil: nothing is left of them.
    ///   - changed: Entries of other files of it.
    func begin(
        _ entry: StateFile.Entry, leaving kept: StateFile.Entry?, _ changed: [StateFile.Entry]
    ) throws(Failure)
    /// A stream is done, and files of it are gone.
    func commit(_ entry: StateFile.Entry, forgetting names: [String]) throws(Failure)
    /// Forgets a stream, or all of them. Files stay.
    func reset(_ name: String?) throws(Failure)

    // MARK: runs

    func beginRun(_ name: String) throws(Failure) -> Int64
    func endRun(_ id: Int64, result: String, records: Int64, pages: Int64, message: String?) throws(Failure)
    /// The last ones first.
    func runs(atMost count: Int64) throws(Failure) -> [StateFile.Run]

    // MARK: seen records

    /// What fingerprints are keyed with, made once for a state: nobody else can make two of them the same.
    func fingerprintKey() throws(Failure) -> UInt64
    /// Of those that are known.
    func contents(of keys: [Fingerprint], in stream: String) throws(Failure) -> SeenRecords.Waiting

    // MARK: schemas

    /// What the records of a stream looked like, as texts: of the runs before ("known"), of the one under way ("running").
    func schemaTexts(of stream: String) throws(Failure) -> [String: String]
    func keep(schemaTexts texts: [String: String], of stream: String) throws(Failure)

    // MARK: tokens

    /// What their names are made with, once for a state. Fails where others may read what is in it.
    func tokenSalt() throws(Failure) -> String
    func token(_ name: String) throws(Failure) -> KeptToken?
    /// Durable when it returns.
    func keep(_ token: KeptToken, _ name: String) throws(Failure)
}

extension StateStore {
    package func commit(_ changes: [(entry: StateFile.Entry, piece: StateFile.Piece?)]) throws(Failure) {
        try commit(changes, seen: [])
    }

    func beingWritten(_ name: String, _ who: String = "another run") -> Failure {
        Failure(.state, "the stream \"\(name)\" is being written by \(who) with \(shown): let it end first")
    }

    func damaged(_ what: String) -> Failure {
        Failure(.storage, "\(shown) is damaged: what it has of \(what) can't be read; restore it, or reset the stream")
    }

    func unknown(_ name: String) -> Failure {
        var writer = JSONWriter()
        writer.string(name)
        return Failure(.invalidArgument, "the state has no stream \(writer.text)")
    }
}

/// Opening a state, wherever that is.
package enum States {
    package static func open(_ place: StatePlace) throws(Failure) -> any StateStore {
        switch place {
        case .file(let path): return try StateFile(path: path)
        case .redis(let redis): return try KeyedState(try RedisStore(redis))
        case .host(let name): return try KeyedState(try HostStores.open(name))
        }
    }

    /// - Parameter text: A path, a URL of Redis, or "host:" and a name.
    package static func open(_ text: String) throws(Failure) -> any StateStore {
        switch StatePlace.parse(text) {
        case .success(let place): return try open(place)
        case .failure(let flaw): throw Failure(.invalidArgument, "the state can't be opened: \(flaw.text)")
        }
    }
}
