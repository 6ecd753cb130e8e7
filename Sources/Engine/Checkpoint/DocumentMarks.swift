/// What of a document a checkpoint hangs on, part by part, so that a refusal can say what changed. Limits, retries,
/// credentials, headers, bounds and speed are none of it.
struct DocumentMarks: Sendable, Equatable {
    var request: String
    var pagination: String
    var records: String
    /// Of the stream's parents, too; nil when it is walked over nothing.
    var over: String?
    /// Nil when it is not read incrementally.
    var incremental: String?

    init(_ stream: Stream, _ source: Source) {
        request = Self.request(stream, source).hex
        pagination = stream.outline.pagination.hex
        records = stream.outline.records.hex
        if stream.over != nil {
            var hash = StableHash()
            Self.over(stream, source, &hash)
            over = hash.hex
        }
        if stream.incremental != nil { incremental = stream.outline.incremental.hex }
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("request", request)
            writer.member("pagination", pagination)
            writer.member("records", records)
            writer.member("over", over)
            writer.member("incremental", incremental)
        }
    }

    init?(_ value: JSONValue?) {
        guard let value, let request = value["request"]?.string, let pagination = value["pagination"]?.string,
            let records = value["records"]?.string
        else { return nil }
        (self.request, self.pagination, self.records) = (request, pagination, records)
        over = value["over"]?.string
        incremental = value["incremental"]?.string
    }

    /// The parts that differ, as the document calls them.
    func differences(from other: DocumentMarks) -> [String] {
        var parts: [String] = []
        if request != other.request { parts.append("what is asked for (base URL, path, query or body)") }
        if pagination != other.pagination { parts.append("\"pagination\"") }
        if records != other.records { parts.append("\"records\" or \"key\"") }
        if over != other.over { parts.append("\"over\" or a parent's stream") }
        if incremental != other.incremental { parts.append("\"incremental\"") }
        return parts
    }

    // MARK: the parts

    private static func over(_ stream: Stream, _ source: Source, _ hash: inout StableHash) {
        hash.add(stream.outline.over.hex)
        for dimension in stream.over?.dimensions ?? [] {
            guard case .stream(let first, _) = dimension.origin else { continue }
            for parent in [first] + dimension.further.map(\.stream) {
                hash.add(request(parent, source).hex)
                hash.add(parent.outline.pagination.hex)
                hash.add(parent.outline.records.hex)
                over(parent, source, &hash)
            }
        }
    }

    private static func request(_ stream: Stream, _ source: Source) -> StableHash {
        let plan = stream.request
        var hash = StableHash()
        hash.add(plan.method)
        hash.add(source.baseURL.normalized)
        hash.add(plan.path)
        for value in plan.pathValues { hash.add(value.name) }
        add(source.query + plan.query, &hash)
        switch plan.body {
        case .json(let value): hash.add(value)
        case .template(let template):
            hash.add(template.skeleton)
            for text in template.texts { add(.template(text), &hash) }
        case .form(let fields): add(fields, &hash)
        case .text(let text, let type):
            add(text, &hash)
            hash.add(type)
        case nil: hash.add("-")
        }
        for field in plan.jsonFields {
            for name in field.place { hash.add(name) }
            hash.add(field.value.skeleton)
            for text in field.value.texts { add(.template(text), &hash) }
        }
        return hash
    }

    private static func add(_ items: [RequestPlan.NamedText], _ hash: inout StableHash) {
        for item in items {
            hash.add(item.name)
            add(item.value, &hash)
            hash.add(item.when.rawValue)
        }
    }

    /// A secret may be renewed: that it is there is all that counts.
    private static func add(_ text: ConfigText, _ hash: inout StableHash) {
        switch text {
        case .plain(let text): hash.add(text)
        case .secret: hash.add("(secret)")
        case .template(let template):
            for piece in template.pieces {
                switch piece {
                case .text(let text): hash.add(text)
                case .secret: hash.add("(secret)")
                case .value: hash.add("{}")
                }
            }
        }
    }
}

/// A stream's definition, as far as a checkpoint hangs on it.
struct StreamOutline: Sendable, Equatable {
    var pagination = StableHash.of(EmptyCollection())
    var records = StableHash.of(EmptyCollection())
    var over = StableHash.of(EmptyCollection())
    var incremental = StableHash.of(EmptyCollection())

    init() {}

    init(_ definition: JSONValue) {
        if let value = definition["pagination"] { pagination.add(value) }
        for name in ["records", "missing_records", "key", "duplicates"] {
            guard let value = definition[name] else { continue }
            records.add(name)
            records.add(value)
        }
        if case .object(let members)? = definition["incremental"] {
            incremental.add(.object(members.filter { $0.name != "at_once" }))
        }
        guard case .object(let members)? = definition["over"] else { return }
        // How fast, and what becomes of failures.
        over.add(.object(members.filter { !["at_once", "order", "on_error"].contains($0.name) }))
    }
}
