extension PagingPlan {
    /// As "pagination" of a document says it, as far as detection finds such things; nil for what it never finds.
    var document: JSONValue? {
        var members: [JSONValue.Member] = []
        func add(_ name: String, _ value: JSONValue?) {
            if let value { members.append(.init(name: name, value: value)) }
        }
        switch style {
        case .detect: return nil
        case .single: return Vocabulary.object("type", "none")
        case .offset(.query(let name), let start):
            add("type", .string("offset"))
            add("param", .string(name))
            if start != 0 { add("start", .int(start)) }
        case .page(.query(let name), let start):
            add("type", .string("page"))
            add("param", .string(name))
            if start != Vocabulary.firstPage { add("start", .int(start)) }
        case .cursor(.query(let name), let from):
            guard let from = from.document else { return nil }
            add("type", .string("cursor"))
            add("param", .string(name))
            add("from", from)
        case .nextURL(.link(let relation, nil)):
            add("type", .string("link"))
            if relation != Vocabulary.defaultRelation { add("rel", .string(relation)) }
        case .nextURL(let from):
            guard let from = from.document else { return nil }
            add("type", .string("next_url"))
            add("from", from)
        case .offset, .page, .cursor: return nil
        }
        add("has_more", hasMore?.document)
        // A total that is only reported would end a counted walk if the document named it.
        if !totalIsHint || !isCounted { add("total", total?.document) }
        add("last_page", lastPage?.document)
        add("total_pages", totalPages?.document)
        return .object(members)
    }
}

extension ValueSource {
    /// As a document says it; nil for what detection never finds.
    var document: JSONValue? {
        switch self {
        case .body(let path): Vocabulary.object("body", path.description)
        case .header(let name): Vocabulary.object("header", name)
        case .link(let relation, nil): Vocabulary.object("link", relation)
        case .lastRecord(let path): Vocabulary.object("last_record", path.description)
        default: nil
        }
    }
}
