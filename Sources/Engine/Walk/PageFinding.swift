/// What is worth telling about a page that few pages have: what detection found, as a document would say it, and how a
/// walk would have gone on that its bounds ended. A class, so that a page without it stays small.
public final class PageFinding: Sendable {
    /// Nil where detection was not asked.
    let pagination: JSONValue?
    let records: JSONPath?
    /// What the response says of its page size, and under which name.
    let size: (name: String, value: Int64)?
    /// What the request behind the last one would have been made with.
    let beyond: String?

    init(
        pagination: JSONValue? = nil, records: JSONPath? = nil, size: (name: String, value: Int64)? = nil,
        beyond: String? = nil
    ) {
        self.pagination = pagination
        self.records = records
        self.size = size
        self.beyond = beyond
    }

    func with(beyond: String) -> PageFinding {
        PageFinding(pagination: pagination, records: records, size: size, beyond: beyond)
    }

    func write(to writer: inout JSONWriter) {
        if let pagination {
            writer.name("detected_pagination")
            writer.value(pagination)
        }
        writer.member("detected_records", records?.description)
        if let size {
            writer.name("detected_size")
            writer.object { object in
                object.member("param", size.name)
                object.member("value", size.value)
            }
        }
        writer.member("beyond", beyond)
    }
}
