package import Engine

/// What the streams' records looked like, for the next run to be held against.
extension StateFile {
    /// Of one stream.
    package struct Schema: Sendable {
        /// Of the runs before.
        package var known = SchemaRecord()
        /// Of the run under way, as far as it was when it was interrupted.
        package var running = SchemaRecord()

        package init() {}
    }

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

    package func schemas(of stream: String? = nil) throws(Failure) -> [String: Schema] {
        let rows = try use { database throws(Failure) -> [(String, String, String)] in
            guard try Self.hasTable(database) else { return [] }
            var rows: [(String, String, String)] = []
            try database.run(
                "SELECT stream, part, text FROM schemas" + (stream == nil ? "" : " WHERE stream = ?"),
                stream.map { [.text($0)] } ?? []
            ) { rows.append(($0.text(0), $0.text(1), $0.text(2))) }
            return rows
        }
        var schemas: [String: Schema] = [:]
        for (name, part, text) in rows {
            guard let json = ProcessReferences().decode(text) else { continue }
            if part == "known" { schemas[name, default: Schema()].known = SchemaRecord(json) }
            if part == "running" { schemas[name, default: Schema()].running = SchemaRecord(json) }
        }
        return schemas
    }

    package func keep(_ schema: Schema, of stream: String) throws(Failure) {
        try use { database throws(Failure) in
            try database.transaction { () throws(Failure) in
                try database.run(Self.table)
                for (part, record) in [("known", schema.known), ("running", schema.running)] {
                    if record.isEmpty {
                        try database.run(
                            "DELETE FROM schemas WHERE stream = ? AND part = ?", [.text(stream), .text(part)])
                    } else {
                        try database.run(
                            "INSERT OR REPLACE INTO schemas VALUES (?, ?, ?)",
                            [.text(stream), .text(part), .text(record.text)])
                    }
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

extension StateFile.Schema {
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
