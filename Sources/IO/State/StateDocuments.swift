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

    static func text(_ entry: StateFile.Entry, at now: String) -> String {
        var writer = JSONWriter()
        writer.object { object in
            object.member("phase", entry.phase.rawValue)
            object.member("file", entry.file)
            object.member("checkpoint", entry.checkpoint)
            object.member("bytes", entry.bytes)
            object.member("records", entry.records)
            object.member("pages", entry.pages)
            object.member("commits", entry.commits)
            object.member("updated_at", now)
        }
        return writer.text
    }

    static func entry(_ name: String, _ text: String) -> StateFile.Entry? {
        guard let object = read(text), let file = object["file"]?.string,
            let phase = object["phase"]?.string.flatMap(StateFile.Entry.Phase.init), let bytes = count("bytes", object),
            let records = count("records", object), let pages = count("pages", object),
            let commits = count("commits", object)
        else { return nil }
        return StateFile.Entry(
            name: name, phase: phase, file: file, checkpoint: object["checkpoint"]?.string, bytes: bytes,
            records: records, pages: pages, commits: commits, updatedAt: object["updated_at"]?.string ?? "")
    }

    static func text(_ piece: StateFile.Piece) -> String {
        var writer = JSONWriter()
        writer.object { object in
            object.member("number", piece.number)
            object.member("start", piece.start)
            object.member("end", piece.end)
            object.member("records", piece.records)
            object.member("sha256", piece.hashes)
        }
        return writer.text
    }

    static func piece(_ text: String) -> StateFile.Piece? {
        guard let object = read(text), let number = count("number", object), let start = count("start", object),
            let end = count("end", object), let records = count("records", object),
            let hashes = object["sha256"]?.string, start <= end
        else { return nil }
        return StateFile.Piece(number: number, start: start, end: end, records: records, hashes: hashes)
    }

    static func text(_ run: StateFile.Run) -> String {
        var writer = JSONWriter()
        writer.object { object in
            object.member("stream", run.stream)
            object.member("started_at", run.startedAt)
            object.member("ended_at", run.endedAt)
            object.member("result", run.result)
            object.member("records", run.records)
            object.member("pages", run.pages)
            object.member("message", run.message)
        }
        return writer.text
    }

    static func run(_ text: String) -> StateFile.Run? {
        guard let object = read(text), let stream = object["stream"]?.string,
            let startedAt = object["started_at"]?.string
        else { return nil }
        return StateFile.Run(
            stream: stream, startedAt: startedAt, endedAt: object["ended_at"]?.string,
            result: object["result"]?.string, records: count("records", object) ?? 0,
            pages: count("pages", object) ?? 0, message: object["message"]?.string)
    }

    static func text(_ token: KeptToken) -> String {
        var writer = JSONWriter()
        writer.object { object in
            object.member("access", token.access.reveal())
            object.member("prefix", token.prefix)
            object.member("refresh", token.refresh?.reveal())
            object.member("asked_at_ms", (token.askedAt - WallTime(epochSeconds: 0)).milliseconds)
            object.member("life_ms", token.life.milliseconds)
        }
        return writer.text
    }

    static func token(_ text: String) -> KeptToken? {
        guard let object = read(text), let access = object["access"]?.string, let prefix = object["prefix"]?.string,
            let asked = object["asked_at_ms"]?.int, let life = object["life_ms"]?.int
        else { return nil }
        return KeptToken(
            access: Secret(access), prefix: prefix, askedAt: WallTime(epochSeconds: 0) + .milliseconds(asked),
            life: .milliseconds(life), refresh: object["refresh"]?.string.map { Secret($0) })
    }

    private static func count(_ name: String, _ object: JSONValue) -> Int64? {
        object[name]?.int.flatMap { $0 >= 0 ? $0 : nil }
    }
}

extension Fingerprint {
    /// 32 hexadecimal digits.
    var digits: String {
        func half(_ number: UInt64) -> String {
            let digits = String(number, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }
        return half(high) + half(low)
    }

    init?(digits: String) {
        guard digits.utf8.count == 32, let high = UInt64(digits.prefix(16), radix: 16),
            let low = UInt64(digits.suffix(16), radix: 16)
        else { return nil }
        self.init(low: low, high: high)
    }
}
