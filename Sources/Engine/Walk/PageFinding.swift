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
    let restart: Restart?

    /// That the walk started again, or does behind this page.
    struct Restart: Sendable {
        /// How often before.
        let number: Int64
        /// What the page was asked for from.
        let value: String?
        /// What those behind it are asked for from.
        let next: String?
    }

    init(
        pagination: JSONValue? = nil, records: JSONPath? = nil, size: (name: String, value: Int64)? = nil,
        beyond: String? = nil, restart: Restart? = nil
    ) {
        self.pagination = pagination
        self.records = records
        self.size = size
        self.beyond = beyond
        self.restart = restart
    }

    func with(beyond: String) -> PageFinding {
        PageFinding(pagination: pagination, records: records, size: size, beyond: beyond, restart: restart)
    }

    func with(restart: Restart) -> PageFinding {
        PageFinding(pagination: pagination, records: records, size: size, beyond: beyond, restart: restart)
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
        if let restart {
            writer.name("restart")
            writer.object { object in
                object.member("number", restart.number)
                object.member("value", restart.value)
                object.member("next", restart.next)
            }
        }
    }
}
