internal import CLinux
package import Engine
internal import Glibc

/// A state as documents of a `KeyedStore`:
///
/// | collection | key | document |
/// |---|---|---|
/// | `meta` | `version`, `fingerprints`, `token_salt` | a text |
/// | `streams` | the stream | where it stands |
/// | `pieces/<stream>` | the commit's number, 19 digits | what it added to the file |
/// | `seen/<stream>` | the key's fingerprint | the content's |
/// | `schemas/<stream>` | `known`, `running` | what the records looked like |
/// | `runs` | when it began, 19 digits | a run; the last thousand |
/// | `tokens` | a name | a token |
package final class KeyedState: StateStore {
    package let generation = Fork.generation
    package let isNear = false
    package var shown: String { store.shown }

    let store: any KeyedStore
    private let keeper: LeaseKeeper
    private let book = Lock(Book())

    private struct Book {
        var isMarked = false
        var isPruned = false
        var begun: [Int64: (stream: String, at: String)] = [:]
    }

    static let version = "1"
    static let mostRuns = 1000

    init(_ store: any KeyedStore) throws(Failure) {
        self.store = store
        keeper = LeaseKeeper(store)
        guard let version = try store.get(["version"], in: "meta")["version"] else { return }
        guard version == Self.version else {
            throw Failure(
                .storage,
                "\(store.shown) has version \(Sanitized.text(version, most: 20)), from a newer library; this one reads \(Self.version)"
            )
        }
        book.withLock { $0.isMarked = true }
    }

    deinit {
        if Fork.isSame(generation) { keeper.end() }
    }

    // MARK: leases

    private static func lease(ofStream name: String) -> String { "stream:" + name }

    package func lease(_ name: String) throws(Failure) {
        try check()
        guard case .held(let other) = try keeper.acquire(Self.lease(ofStream: name)) else { return }
        let who = other.map { "another run (\(Sanitized.text($0, most: 120)))" } ?? "another run"
        var failure = beingWritten(name, who)
        failure.message += "; if it is gone without a word, its lease ends within \(store.lease.shown)"
        throw failure
    }

    package func reserve(_ name: String) throws(Failure) -> Bool {
        try check()
        return try keeper.acquire(name) == .granted
    }

    package func letGo(_ name: String) {
        if Fork.isSame(generation) { keeper.release(name) }
    }

    // MARK: streams

    package func entry(_ name: String) throws(Failure) -> StateFile.Entry? {
        try check()
        guard let text = try store.get([name], in: "streams")[name] else { return nil }
        return try entry(name, text)
    }

    package func entries() throws(Failure) -> [StateFile.Entry] {
        try check()
        var entries: [StateFile.Entry] = []
        for (name, text) in try store.scan("streams") { entries.append(try entry(name, text)) }
        return entries.sorted { $0.name < $1.name }
    }

    package func pieces(of name: String) throws(Failure) -> [StateFile.Piece] {
        try check()
        var pieces: [StateFile.Piece] = []
        for (_, text) in try store.scan("pieces/" + name) {
            guard let piece = StateDocuments.piece(text) else { throw damaged("a commit of the stream \"\(name)\"") }
            pieces.append(piece)
        }
        return pieces.sorted { $0.number < $1.number }
    }

    private func entry(_ name: String, _ text: String) throws(Failure) -> StateFile.Entry {
        guard let entry = StateDocuments.entry(name, text) else { throw damaged("the stream \"\(name)\"") }
        return entry
    }

    package func commit(
        _ changes: [(entry: StateFile.Entry, piece: StateFile.Piece?)],
        seen: [(stream: String, records: SeenRecords.Waiting)]
    ) throws(Failure) {
        var list: [KeyedChange] = []
        for (stream, records) in seen {
            for (key, content) in records {
                list.append(.put(collection: "seen/" + stream, key: key.hex, value: content.hex))
            }
        }
        let now = Self.now().text
        for (entry, piece) in changes {
            list.append(.put(collection: "streams", key: entry.name, value: StateDocuments.text(entry, at: now)))
            guard let piece else { continue }
            list.append(
                .put(
                    collection: "pieces/" + entry.name, key: StateDocuments.key(piece.number),
                    value: StateDocuments.text(piece)))
        }
        try write(list, of: changes.map(\.entry.stream))
    }

    package func reset(_ name: String?) throws(Failure) {
        try check()
        // What is damaged goes, too.
        let known = try store.scan("streams").map(\.key).filter {
            name == nil || $0 == name || Self.stream(of: $0) == name
        }
        if let name, known.isEmpty { throw unknown(name) }
        let streams = Set(known.map(Self.stream(of:))).sorted()
        for stream in streams { try lease(stream) }
        try write(
            known.flatMap { name -> [KeyedChange] in
                [
                    .clear(collection: "pieces/" + name), .clear(collection: "seen/" + name),
                    .clear(collection: "schemas/" + name),
                    .delete(collection: "streams", key: name),
                ]
            }, of: streams)
    }

    private static func stream(of name: String) -> String { StateFile.Entry(name: name, file: "").stream }

    // MARK: runs

    package func beginRun(_ name: String) throws(Failure) -> Int64 {
        let now = Self.now()
        let id = now.milliseconds << 20 | Int64(SystemServices.chance().0 & 0xF_FFFF)
        let isFirst = book.withLock { book in
            book.begun[id] = (name, now.text)
            defer { book.isPruned = true }
            return !book.isPruned
        }
        var changes: [KeyedChange] = []
        if isFirst {
            let keys = try store.scan("runs").map(\.key).sorted()
            changes = keys.dropLast(Self.mostRuns - 1).map { .delete(collection: "runs", key: $0) }
        }
        let run = StateFile.Run(stream: name, startedAt: now.text, records: 0, pages: 0)
        changes.append(.put(collection: "runs", key: StateDocuments.key(id), value: StateDocuments.text(run)))
        try write(changes, of: [])
        return id
    }

    package func endRun(
        _ id: Int64, result: String, records: Int64, pages: Int64, message: String?
    ) throws(Failure) {
        guard let begun = book.withLock({ $0.begun.removeValue(forKey: id) }) else { return }
        let run = StateFile.Run(
            stream: begun.stream, startedAt: begun.at, endedAt: Self.now().text, result: result, records: records,
            pages: pages, message: message)
        try write([.put(collection: "runs", key: StateDocuments.key(id), value: StateDocuments.text(run))], of: [])
    }

    package func runs(atMost count: Int64) throws(Failure) -> [StateFile.Run] {
        try check()
        let all = try store.scan("runs").sorted { $0.key > $1.key }
        return all.prefix(Int(clamping: count)).compactMap { StateDocuments.run($0.value) }
    }

    // MARK: seen records

    package func fingerprintKey() throws(Failure) -> UInt64 {
        let text = try once("fingerprints") { String(SystemServices.chance().0) }
        guard let key = UInt64(text) else { throw damaged("the key of its fingerprints") }
        return key
    }

    package func contents(of keys: [Fingerprint], in stream: String) throws(Failure) -> SeenRecords.Waiting {
        try check()
        var found = SeenRecords.Waiting()
        for (key, content) in try store.get(keys.map(\.hex), in: "seen/" + stream) {
            guard let key = Fingerprint(hex: key), let content = Fingerprint(hex: content) else {
                throw damaged("the records that the stream \"\(stream)\" has seen")
            }
            found[key] = content
        }
        return found
    }

    // MARK: schemas

    package func schemaTexts(of stream: String) throws(Failure) -> [String: String] {
        try check()
        return try store.get(StateSchema.parts, in: "schemas/" + stream)
    }

    package func keep(schemaTexts texts: [String: String], of stream: String) throws(Failure) {
        let collection = "schemas/" + stream
        try write(
            StateSchema.parts.map { part in
                texts[part].map { .put(collection: collection, key: part, value: $0) }
                    ?? .delete(collection: collection, key: part)
            }, of: [stream])
    }

    // MARK: tokens

    package func tokenSalt() throws(Failure) -> String {
        try once("token_salt") {
            let fresh = SystemServices.chance()
            return String(fresh.0, radix: 16) + "-" + String(fresh.1, radix: 16)
        }
    }

    package func token(_ name: String) throws(Failure) -> KeptToken? {
        try check()
        guard let text = try store.get([name], in: "tokens")[name] else { return nil }
        guard let token = StateDocuments.token(text) else { throw damaged("a token") }
        return token
    }

    package func keep(_ token: KeptToken, _ name: String) throws(Failure) {
        // Under no lease: who has lost it all the same has the token that counts now.
        try write([.put(collection: "tokens", key: name, value: StateDocuments.text(token))], under: [])
    }

    // MARK: inside

    /// A text that is made once for a state, by one of those who need it.
    private func once(_ name: String, _ make: () -> String) throws(Failure) -> String {
        try check()
        let lease = "meta:" + name
        for _ in 0..<100 {
            if let known = try store.get([name], in: "meta")[name] { return known }
            guard try keeper.acquire(lease) == .granted else {
                poll(nil, 0, 50)
                continue
            }
            defer { keeper.release(lease) }
            // It may have come between the look and the lease.
            if let known = try store.get([name], in: "meta")[name] { return known }
            let text = make()
            try write([.put(collection: "meta", key: name, value: text)], under: [lease])
            return text
        }
        throw Failure(.state, "\(shown) is being set up by somebody else who does not come to an end")
    }

    func write(_ changes: [KeyedChange], of streams: [String]) throws(Failure) {
        try write(changes, under: streams.map(Self.lease(ofStream:)))
    }

    private func write(_ changes: [KeyedChange], under leases: [String]) throws(Failure) {
        try check()
        var all = changes
        let isMarked = book.withLock(\.isMarked)
        if !isMarked { all.append(.put(collection: "meta", key: "version", value: Self.version)) }
        switch keeper.claims(leases) {
        case .failure(let lost): throw self.lost(lost.lease)
        case .success(let claims):
            switch try store.commit(all, under: claims, of: keeper.holder) {
            case .done: if !isMarked { book.withLock { $0.isMarked = true } }
            case .lost(let lease):
                keeper.lose(lease)
                throw self.lost(lease)
            }
        }
    }

    private func lost(_ lease: String) -> Failure {
        let name = lease.hasPrefix("stream:") ? "stream \"\(lease.dropFirst(7))\"" : "token"
        return Failure(
            .state,
            "the \(name) is this run's no longer in \(shown): nothing was heard of it for \(store.lease.shown), or the store has "
                + "forgotten it; nothing more is committed, and the next run goes on behind the last commit")
    }

    private func check() throws(Failure) {
        guard Fork.isSame(generation) else {
            throw Failure(.state, "\(shown) belongs to the parent process: open it again after fork()")
        }
    }

    static func now() -> (milliseconds: Int64, text: String) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let seconds = max(0, Int64(now.tv_sec))
        let text = WallTime(epochSeconds: seconds).text
        return (seconds &* 1000 &+ Int64(now.tv_nsec) / 1_000_000, text)
    }
}
