internal import Engine

/// What a state keeps, as texts of a `KeyedStore`: JSON objects, which may get more members in time.
enum StateDocuments {
    /// Numbers as keys: in the order of the texts, too.
    static func key(_ number: Int64) -> String {
        let digits = String(max(0, number))
        return String(repeating: "0", count: max(0, 19 - digits.utf8.count)) + digits
    }

    private static func read(_ text: String) -> JSONValue? {
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBytes { try? Document.decode($0) }
    }

    private static func text(_ members: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        writer.object(members)
        return writer.text
    }

    static func text(_ entry: StateFile.Entry, at now: String) -> String {
        var entry = entry
        entry.updatedAt = now
        return text { entry.write(to: &$0) }
    }

    static func entry(_ name: String, _ text: String) -> StateFile.Entry? {
        guard let object = read(text) else { return nil }
        return try? StateFile.Entry(name, object)
    }

    static func text(_ piece: StateFile.Piece) -> String {
        text { object in
            object.member("number", piece.number)
            object.member("start", piece.start)
            object.member("end", piece.end)
            object.member("records", piece.records)
            object.member("sha256", piece.hashes)
        }
    }

    static func piece(_ text: String) -> StateFile.Piece? {
        guard let object = read(text), let number = object["number"]?.int, let start = object["start"]?.int,
            let end = object["end"]?.int, let records = object["records"]?.int, let hashes = object["sha256"]?.string
        else { return nil }
        let piece = StateFile.Piece(number: number, start: start, end: end, records: records, hashes: hashes)
        return piece.isPossible ? piece : nil
    }

    static func text(_ run: StateFile.Run) -> String { text { run.write(to: &$0) } }

    static func run(_ text: String) -> StateFile.Run? {
        guard let object = read(text), let stream = object["stream"]?.string,
            let startedAt = object["started_at"]?.string
        else { return nil }
        return StateFile.Run(
            stream: stream, startedAt: startedAt, endedAt: object["ended_at"]?.string,
            result: object["result"]?.string, records: object["records"]?.int ?? 0, pages: object["pages"]?.int ?? 0,
            message: object["message"]?.string)
    }

    static func text(_ token: KeptToken) -> String {
        text { object in
            object.member("access", token.access.reveal())
            object.member("prefix", token.prefix)
            object.member("refresh", token.refresh?.reveal())
            object.member("asked_at_ms", (token.askedAt - WallTime(epochSeconds: 0)).milliseconds)
            object.member("life_ms", token.life.milliseconds)
        }
    }

    static func token(_ text: String) -> KeptToken? {
        guard let object = read(text), let access = object["access"]?.string, let prefix = object["prefix"]?.string,
            let asked = object["asked_at_ms"]?.int, let life = object["life_ms"]?.int
        else { return nil }
        return KeptToken(
            access: Secret(access), prefix: prefix, askedAt: WallTime(epochSeconds: 0) + .milliseconds(asked),
            life: .milliseconds(life), refresh: object["refresh"]?.string.map { Secret($0) })
    }
}
