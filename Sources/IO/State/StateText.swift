internal import CLinux
package import Engine
internal import Glibc

/// What a file is by its commits.
package struct FileVerdict: Sendable, Equatable {
    package var name: String
    package var file: String
    package var bytes: Int64
    package var records: Int64
    package var commits: Int
    /// Nil: it is what was written.
    package var problem: String?
}

/// The state for people and programs.
extension StateStore {
    static var textVersion: Int64 { 1 }

    /// All that it knows, as JSON.
    package func exported() throws(Failure) -> String {
        var streams: [(entry: StateFile.Entry, schema: StateSchema?, pieces: [StateFile.Piece])] = []
        for entry in try entries() {
            let schema = entry.isKept ? nil : try schema(of: entry.name)
            streams.append((entry, schema, try pieces(of: entry.name)))
        }
        let history = try runs(atMost: 1000)
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("penstock_state", Self.textVersion)
            writer.objects("streams", streams) { stream, object in
                object.member("name", stream.entry.name)
                stream.entry.write(to: &object)
                stream.schema?.write(to: &object)
                object.name("pieces")
                object.array { list in for piece in stream.pieces { Self.write(piece, to: &list) } }
            }
            writer.objects("runs", history) { run, object in run.write(to: &object) }
        }
        return writer.text
    }

    private static func write(_ piece: StateFile.Piece, to writer: inout JSONWriter) {
        writer.array { one in
            one.int(piece.number)
            one.int(piece.start)
            one.int(piece.end)
            one.int(piece.records)
            one.string(piece.sha256)
            if let hash = piece.recordsSHA256 { one.string(hash) }
        }
    }

    /// The streams of an exported text, in place of those of the same names.
    package func take(_ text: JSONValue) throws(Failure) {
        guard text["penstock_state"]?.int == Self.textVersion, let streams = text["streams"]?.array else {
            throw Failure(.config, "the text is no exported state of version \(Self.textVersion)")
        }
        var changes: [(StateFile.Entry, [StateFile.Piece])] = []
        var schemas: [(String, StateSchema)] = []
        for (index, stream) in streams.enumerated() {
            func wrong(_ name: String) -> Failure {
                Failure(
                    .config, "at /streams/\(index)/\(name): not what an exported state has there",
                    pointer: "/streams/\(index)/\(name)")
            }
            guard let name = stream["name"]?.string, !name.isEmpty else { throw wrong("name") }
            let entry: StateFile.Entry
            do { entry = try StateFile.Entry(name, stream) } catch { throw wrong(error.name) }
            var pieces: [StateFile.Piece] = []
            for piece in stream["pieces"]?.array ?? [] {
                guard let number = piece[0]?.int, let start = piece[1]?.int, let end = piece[2]?.int,
                    let records = piece[3]?.int, let sha256 = piece[4]?.string
                else { throw wrong("pieces") }
                let read = StateFile.Piece(
                    number: number, start: start, end: end, records: records, sha256: sha256,
                    recordsSHA256: piece[5]?.string)
                guard read.isPossible else { throw wrong("pieces") }
                pieces.append(read)
            }
            changes.append((entry, pieces))
            if !entry.isKept { schemas.append((name, StateSchema(stream))) }
        }
        for (entry, pieces) in changes {
            try lease(entry.stream)
            try begin(entry)
            try commit(pieces.map { (entry, $0) })
        }
        for (name, schema) in schemas { try keep(schema, of: name) }
    }

    // MARK: verify

    /// Reads every file again, and holds it against what was committed.
    package func verdicts() throws(Failure) -> [FileVerdict] {
        var verdicts: [FileVerdict] = []
        for entry in try entries() {
            let pieces = try pieces(of: entry.name)
            var path = entry.file
            var status = stat()
            switch entry.phase {
            case .running: path += ".part"
            // It may be renamed, and the state was not told.
            case .ended, .closing: if stat(path + ".part", &status) == 0 { path += ".part" }
            case .done, .closed: break
            // It may be gone, and the state was not told.
            case .replaced: if stat(path, &status) != 0 { continue }
            }
            verdicts.append(
                FileVerdict(
                    name: entry.name, file: path, bytes: entry.bytes, records: entry.records, commits: pieces.count,
                    problem: Self.problem(of: path, entry, pieces)))
        }
        return verdicts
    }

    private static func problem(of path: String, _ entry: StateFile.Entry, _ pieces: [StateFile.Piece]) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return "can't be opened: \(String(cString: strerror(errno)))" }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return "can't be read" }
        let size = Int64(status.st_size)
        if size < entry.bytes { return "has \(size) bytes, fewer than the \(entry.bytes) that were committed" }
        // While it is written there may be more, which the next run cuts off.
        if size > entry.bytes, entry.phase != .running {
            return "has \(size) bytes, more than the \(entry.bytes) that were committed"
        }
        var place: Int64 = 0
        var records: Int64 = 0
        for piece in pieces {
            guard piece.start == place else { return "lacks the commit from byte \(place)" }
            guard piece.end <= entry.bytes else { return "has commits of more than the \(entry.bytes) bytes" }
            guard let sha256 = try? LineFile.sha256(of: descriptor, from: piece.start, to: piece.end),
                sha256 == piece.sha256
            else {
                let what = "was changed between bytes \(piece.start) and \(piece.end) (commit \(piece.number))"
                let isSame = piece.recordsSHA256.map { $0 == recordsHash(of: descriptor, path, piece) } ?? false
                return what + (isSame ? ", and its records are the same" : "")
            }
            place = piece.end
            records = records.addingSaturating(piece.records)
        }
        guard place == entry.bytes, records == entry.records else {
            return "has commits of \(place) of \(entry.bytes) bytes"
        }
        return nil
    }

    private static func recordsHash(of descriptor: Int32, _ path: String, _ piece: StateFile.Piece) -> String? {
        let name = path.hasSuffix(".part") ? String(path.dropLast(5)) : path
        let compression = Compression.allCases.first { $0 != .none && name.hasSuffix($0.suffix) } ?? .none
        var batch = CanonicalBatch.byLibcrypto()
        var isSound = true
        let isRead = EarlierLines.forEach(of: descriptor, from: piece.start, to: piece.end, compression) { line in
            isSound = isSound && JSONProof.isValue(line) && (try? batch.add(line)) != nil
        }
        return isRead && isSound ? try? batch.takeHex() : nil
    }

    package func verified() throws(Failure) -> String {
        let verdicts = try verdicts()
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("ok", verdicts.allSatisfy { $0.problem == nil })
            writer.objects("streams", verdicts) { verdict, object in
                object.member("name", verdict.name)
                object.member("file", verdict.file)
                object.member("bytes", verdict.bytes)
                object.member("records", verdict.records)
                object.member("commits", verdict.commits)
                object.member("ok", verdict.problem == nil)
                object.member("problem", verdict.problem)
            }
        }
        return writer.text
    }
}
