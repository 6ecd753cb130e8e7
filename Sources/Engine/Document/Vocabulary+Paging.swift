extension Vocabulary {
    static let pagination: Shape.Definition = .init(
        "pagination", "How pages follow each other. A text is short for {\"type\": text}."
    ) { .choice([.text(.one(of: pagingObjects.compactMap(\.tag))), .tagged(pagingObjects)]) }

    /// The parameters that a style uses when the document names none.
    enum UsualParameter {
        static let offset = "offset"
        static let offsetSize = "limit"
        static let page = "page"
        static let pageSize = "per_page"
        static let cursor = "cursor"
        static let cursorSize = "limit"
    }
    static let firstPage: Int64 = 1

    private static let pagingObjects: [ObjectShape] = [
        ObjectShape(
            title: "Cursor", tag: "cursor", description: "A token out of each response goes into the next request.",
            keys: token(UsualParameter.cursor) + [
                from(
                    "The token. When absent: the usual places in the body, such as next_cursor, meta.next_cursor or next_page_token."
                )
            ] + [
                Key(
                    "start", .text(.line(1...4096)),
                    "The token of the first request, where the API wants one there too. None when absent.",
                    examples: [.string("*"), .string("-1")]), size(UsualParameter.cursorSize),
            ] + flags + stops + [
                Key(
                    "empty_token", .text(.one(of: ["end", "token"])),
                    "Whether an empty text as token ends the walk or is sent like any other.", default: .string("end"))
            ] + bounds,
            exclusive: slotOrParam),
        ObjectShape(
            title: "Offset", tag: "offset", description: "A counter of records.",
            keys: token(UsualParameter.offset) + counter(start: 0) + [size(UsualParameter.offsetSize)] + flags + stops
                + bounds,
            exclusive: slotOrParam),
        ObjectShape(
            title: "Page number", tag: "page", description: "A counter of pages.",
            keys: token(UsualParameter.page) + counter(start: firstPage) + [
                size(UsualParameter.pageSize),
                Key("last_page", .named(valueSource), "The number of the last page, as the API counts its pages."),
                Key("total_pages", .named(valueSource), "How many pages there are."),
            ] + flags + stops + bounds,
            exclusive: slotOrParam),
        ObjectShape(
            title: "Next URL", tag: "next_url", description: "A URL out of each response is requested next, as it is.",
            keys: [
                from("The URL. When absent: the usual places in the body, such as next, links.next or paging.next."),
                keepQuery, size(nil),
            ] + flags + stops + bounds),
        ObjectShape(
            title: "Link header", tag: "link", description: "The Link header (RFC 8288) names the next URL.",
            keys: [
                Key("rel", .text(.line(1...256)), "The relation of the link.", default: .string(defaultRelation)),
                keepQuery, size(nil),
            ] + flags + stops + bounds),
        ObjectShape(
            title: "Detection", tag: "detect", description: "The first response decides.", keys: [size(nil)] + bounds),
        ObjectShape(title: "One page", tag: "none", description: "There is one page.", keys: []),
    ]

    private static let keepQuery: Key = .init(
        "keep_query", .flag,
        "Whether a next URL gets those query parameters of the stream that it lacks, for APIs whose links forget filters.",
        default: .bool(pagingDefaults.keepsQuery))

    static let defaultRelation = "next"
    private static let pagingDefaults = PagingPlan(style: .detect)
    static let slotOrParam = [["param", "slot"]]

    private static func token(_ usual: String) -> [Key] {
        [
            Key(
                "param", .text(.line(1...1024)), "The query parameter that carries it: short for a slot.",
                default: .string(usual)),
            Key("slot", .named(slot), "Where it goes in the request."),
        ]
    }

    private static func from(_ description: String) -> Key { Key("from", .named(valueSource), description) }

    private static func counter(start: Int64) -> [Key] {
        [
            Key("start", .integer(0...1_000_000_000_000), "The counter of the first page.", default: .int(start)),
            Key(
                "send_first", .flag, "Whether the first request carries the counter too.",
                default: .bool(pagingDefaults.sendFirst)),
        ]
    }

    private static func size(_ usual: String?) -> Key {
        let count = Shape.integer(1...1_000_000)
        let parameter = Key(
            "param", .text(.line(1...1024)), "The query parameter that carries it: short for a slot.",
            default: usual.map { .string($0) })
        let shape = ObjectShape(
            title: "Page size", description: "How many records a page is asked to have.",
            keys: [
                Key("value", count, "How many.", required: true), parameter,
                Key("slot", .named(slot), "Where it goes in the request."),
            ], exclusive: slotOrParam, needsOneOf: usual == nil ? ["param", "slot"] : [])
        return Key(
            "size", usual == nil ? .object(shape) : .choice([count, .object(shape)]),
            "How many records a page is asked to have. The server's choice when absent.",
            examples: [.object([.init(name: "value", value: .int(100)), member("param", usual ?? "per_page")])])
    }

    private static let flags: [Key] = [
        Key(
            "has_more", .named(valueSource),
            "Ends the walk when it is false, 0, \"\", \"false\", \"no\" or an empty list; null and missing say nothing.",
            examples: [.string("has_more")]),
        Key(
            "total", .named(valueSource), "The number of records of the whole walk.", examples: [.string("meta.total")]),
    ]
    private static let stops: [Key] = [
        Key(
            "stop", .list(.object(stopRule), count: 1...32),
            "Each of them ends the walk, besides the rules of the style.",
            examples: [
                .array([
                    .object([
                        .init(
                            name: "source",
                            value: .object([member("link", "next"), member("attribute", "results")])),
                        member("equals", "false"),
                    ])
                ])
            ]),
        Key(
            "stop_on_short_page", .flag,
            "Whether a page with fewer records than asked ends the walk. When absent: for offset and page if \"size\" is "
                + "given and the server does not say otherwise."),
        Key(
            "stop_on_empty_page", .flag, "Whether an empty page ends the walk. When absent: for offset and page."),
        Key(
            "empty_pages", .integer(0...1000),
            "How many empty pages in a row are passed over before one ends the walk.",
            default: .int(pagingDefaults.toleratedEmptyPages)),
        Key(
            "end_statuses", .list(.integer(400...499), count: 0...16),
            "Statuses by which the API says, behind the first page, that there are no more pages; without it they are "
                + "errors.",
            default: .array([]), examples: [.array([.int(404)])]),
        restart,
    ]
    private static let bounds: [Key] = [
        Key("max_pages", .integer(1...1_000_000_000_000), "As the stream's \"max_pages\"."),
        Key("max_records", .integer(1...1_000_000_000_000_000), "As the stream's \"max_records\"."),
        Key(
            "loop_guard", .text(.one(of: ["all", "tokens"])),
            "What may not come twice in a walk: tokens, URLs and whole pages, or tokens and URLs only (for APIs whose "
                + "pages may honestly repeat).",
            default: .string("all")),
    ]

    static let slot: Shape.Definition = .init("slot", "Where a value goes in a request.") { .object(slotObject) }
    private static let slotObject: ObjectShape = .init(
        title: "Slot", description: "Where a value goes in a request.",
        keys: [
            Key(
                "in", .text(.one(of: ["query", "header", "json", "graphql", "form", "path", "url"])),
                "A query parameter, a header, a member of the JSON body, a GraphQL variable, a form field, a {placeholder} of "
                    + "the path, or the whole URL.", required: true),
            Key(
                "name", .choice([.text(.line(1...1024)), .list(.text(.line(1...1024)), count: 1...16)]),
                "Its name; for json also a list of names from the top of the body. Not for url.",
                examples: [.string("page_token"), .array([.string("page"), .string("after")])]),
        ])
}
