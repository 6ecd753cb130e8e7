package import Engine

/// What a stream's records looked like, for the next run to be held against.
package struct StateSchema: Sendable {
    /// Of the runs before.
    package var known = SchemaRecord()
    /// Of the run under way, as far as it was when it was interrupted.
    package var running = SchemaRecord()

    static let parts = ["known", "running"]

    package init() {}

    /// As members of an exported stream.
    package func write(to writer: inout JSONWriter) {
        for (name, record) in [("schema", known), ("schema_of_run", running)] where !record.isEmpty {
            writer.name(name)
            record.write(to: &writer)
        }
    }

    package init(_ stream: JSONValue) {
        self.init()
        if let json = stream["schema"] { known = SchemaRecord(json) }
        if let json = stream["schema_of_run"] { running = SchemaRecord(json) }
    }
}

extension StateStore {
    /// What can't be read of it is not known.
    package func schema(of stream: String) throws(Failure) -> StateSchema {
        let texts = try schemaTexts(of: stream)
        func read(_ part: String) -> SchemaRecord {
            texts[part].flatMap { ProcessReferences().decode($0) }.map { SchemaRecord($0) } ?? SchemaRecord()
        }
        var schema = StateSchema()
        (schema.known, schema.running) = (read("known"), read("running"))
        return schema
    }

    package func keep(_ schema: StateSchema, of stream: String) throws(Failure) {
        var texts: [String: String] = [:]
        if !schema.known.isEmpty { texts["known"] = schema.known.text }
        if !schema.running.isEmpty { texts["running"] = schema.running.text }
        try keep(schemaTexts: texts, of: stream)
    }
}

extension StateFile {
    /// Not with the other tables: a state whose runs look for no schema has none of this, and an older library reads it.
    private static let table = """
        CREATE TABLE IF NOT EXISTS schemas (
            stream TEXT NOT NULL, part TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (stream, part)) WITHOUT ROWID
        """

    private static func hasTable(_ database: SQLite) throws(Failure) -> Bool {
        var count: Int64 = 0
        try database.run("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schemas'") {
            count = $0.int(0)
        }
        return count > 0
    }

    package func schemaTexts(of stream: String) throws(Failure) -> [String: String] {
        try use { database throws(Failure) in
            guard try Self.hasTable(database) else { return [:] }
            var texts: [String: String] = [:]
            try database.run("SELECT part, text FROM schemas WHERE stream = ?", [.text(stream)]) {
                texts[$0.text(0)] = $0.text(1)
            }
            return texts
        }
    }

    package func keep(schemaTexts texts: [String: String], of stream: String) throws(Failure) {
        try use { database throws(Failure) in
            try database.transaction { () throws(Failure) in
                try database.run(Self.table)
                try database.run("DELETE FROM schemas WHERE stream = ?", [.text(stream)])
                for (part, text) in texts {
                    try database.run(
                        "INSERT INTO schemas VALUES (?, ?, ?)", [.text(stream), .text(part), .text(text)])
                }
            }
        }
    }

    static func forgetSchemas(_ stream: String?, _ database: SQLite) throws(Failure) {
        guard try hasTable(database) else { return }
        if let stream {
            try database.run("DELETE FROM schemas WHERE stream = ?", [.text(stream)])
        } else {
            try database.run("DELETE FROM schemas")
        }
    }
}
