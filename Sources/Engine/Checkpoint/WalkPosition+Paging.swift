extension Paging.Standing {
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("pages", pages)
            writer.member("received", received)
            if receivedBefore > 0 { writer.member("received_before", receivedBefore) }
            writer.member("delivered", delivered)
            writer.member("position", position)
            if emptyRun > 0 { writer.member("empty_run", emptyRun) }
            writer.member("largest", largest)
            writer.member("size", size)
            writer.member("total", total)
            writer.member("highest_total", highestTotal)
            writer.member("last_counter", lastCounter)
            if firstWasShort {
                writer.name("first_was_short")
                writer.bool(true)
            }
            if !warned.isEmpty {
                writer.name("warned")
                writer.array { list in for word in warned.sorted() { list.string(word) } }
            }
        }
    }

    init(_ value: JSONValue) throws(CheckpointProblem) {
        self.init()
        pages = try Self.count("pages", value) ?? 0
        received = try Self.count("received", value) ?? 0
        receivedBefore = try Self.count("received_before", value) ?? 0
        delivered = try Self.count("delivered", value) ?? 0
        emptyRun = try Self.count("empty_run", value) ?? 0
        largest = try Self.count("largest", value) ?? 0
        size = try Self.count("size", value)
        total = try Self.count("total", value)
        highestTotal = try Self.count("highest_total", value)
        // Counters begin where the document says, maybe below zero.
        position = value["position"]?.int ?? 0
        lastCounter = value["last_counter"]?.int
        firstWasShort = value["first_was_short"]?.bool ?? false
        warned = Set((value["warned"]?.array ?? []).compactMap(\.string))
    }

    static func count(_ name: String, _ value: JSONValue) throws(CheckpointProblem) -> Int64? {
        guard let member = value[name] else { return nil }
        guard let number = member.int, (0...WalkPosition.mostCount).contains(number) else { throw .malformed(name) }
        return number
    }
}

extension WalkPosition.Found {
    /// What the response added to a plan; what the document says itself comes from the document again.
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("records", records.description)
            switch paging.style {
            case .detect: break
            case .single: writer.member("style", "none")
            case .offset(.query(let name), let start):
                writer.member("style", "offset")
                writer.member("param", name)
                writer.member("start", start)
            case .page(.query(let name), let start):
                writer.member("style", "page")
                writer.member("param", name)
                writer.member("start", start)
            case .cursor(.query(let name), let from) where from.document != nil:
                writer.member("style", "cursor")
                writer.member("param", name)
                Self.write("from", from, to: &writer)
            case .nextURL(let from) where from.document != nil:
                writer.member("style", "next_url")
                Self.write("from", from, to: &writer)
            case .offset, .page, .cursor, .nextURL: break
            }
            Self.write("has_more", paging.hasMore, to: &writer)
            Self.write("total", paging.total, to: &writer)
            if paging.totalIsHint {
                writer.name("total_is_hint")
                writer.bool(true)
            }
            Self.write("last_page", paging.lastPage, to: &writer)
            Self.write("total_pages", paging.totalPages, to: &writer)
        }
    }

    private static func write(_ name: String, _ source: ValueSource?, to writer: inout JSONWriter) {
        guard let document = source?.document else { return }
        writer.name(name)
        writer.value(document)
    }

    /// As it was found: see `plan(over:)` for the document's share.
    convenience init(_ value: JSONValue) throws(CheckpointProblem) {
        guard let records = try? JSONPath(value["records"]?.string ?? "") else { throw .malformed("records") }
        var paging = PagingPlan(style: .detect)
        let slot = Slot.query(value["param"]?.string ?? "")
        switch value["style"]?.string {
        case "none": paging.style = .single
        case "offset": paging.style = .offset(slot: slot, start: value["start"]?.int ?? 0)
        case "page": paging.style = .page(slot: slot, start: value["start"]?.int ?? 0)
        case "cursor":
            guard let from = Self.source(value["from"]) else { throw .malformed("from") }
            paging.style = .cursor(slot: slot, from: from)
        case "next_url":
            guard let from = Self.source(value["from"]) else { throw .malformed("from") }
            paging.style = .nextURL(from: from)
        case nil: break
        default: throw .malformed("style")
        }
        paging.hasMore = Self.source(value["has_more"])
        paging.total = Self.source(value["total"])
        paging.totalIsHint = value["total_is_hint"]?.bool ?? false
        paging.lastPage = Self.source(value["last_page"])
        paging.totalPages = Self.source(value["total_pages"])
        self.init(paging: paging, records: records)
    }

    private static func source(_ value: JSONValue?) -> ValueSource? {
        guard let value else { return nil }
        func path(_ name: String) -> JSONPath? { value[name]?.string.flatMap { try? JSONPath($0) } }
        if let path = path("body") { return .body(path) }
        if let path = path("last_record") { return .lastRecord(path) }
        if let name = value["header"]?.string { return .header(name) }
        return value["link"]?.string.map { .link(relation: $0, attribute: nil) }
    }

    /// The plan of the walk: the document's, and what was found where that says nothing.
    func plan(over document: PagingPlan) -> PagingPlan {
        var plan = document
        if case .detect = document.style { plan.style = paging.style }
        plan.hasMore = document.hasMore ?? paging.hasMore
        if document.total == nil { (plan.total, plan.totalIsHint) = (paging.total, paging.totalIsHint) }
        plan.lastPage = document.lastPage ?? paging.lastPage
        plan.totalPages = document.totalPages ?? paging.totalPages
        return plan
    }
}
