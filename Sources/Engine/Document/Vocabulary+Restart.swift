extension Vocabulary {
    static let restart: Key = .init(
        "restart", .object(restartObject),
        "How the walk goes on where the API gives no deeper pages: from page one, with a value of the last record in the "
            + "request.",
        examples: [
            .object([
                .init(name: "after_records", value: .int(10_000)),
                .init(name: "from", value: object("last_record", "updated_at")), member("param", "updated_at_gte"),
            ])
        ])

    private static let restartObject: ObjectShape = .init(
        title: "Restart",
        description:
            "For APIs that give the first so many records of a result and no more. The API has to give them in the order "
            + "of the value, rising or falling. Everything else of the request stays; \"first_page\" fields go out again. "
            + "A value that does not change from one restart to the next, or comes back, ends the walk with an error. A record "
            + "that changes during the walk comes again under its key and is left out, unless the value is a part of the key.",
        keys: [
            Key(
                "after_records", .integer(1...1_000_000_000_000),
                "So many records are given. The walk starts again where another full page would reach beyond them.",
                examples: [.int(10_000)]),
            Key(
                "after_pages", .integer(1...1_000_000_000_000), "So many pages are given.", examples: [.int(100)]),
            Key(
                "from", .named(valueSource), "The value, of the last page before the restart.", required: true,
                examples: [object("last_record", "updated_at")]),
            Key(
                "param", .text(.line(1...1024)),
                "The query parameter that carries the value: short for a slot. {page.restart} in a text of the request "
                    + "is the value, too, and then \"start\" is needed."),
            Key("slot", .named(slot), "Where it goes in the request. Not url or path."),
            Key(
                "start", .choice([.filledLine, .number, .object(parameterObject)]),
                "What requests carry there before the first restart. Nothing when absent.",
                examples: [.string("1970-01-01T00:00:00Z"), object("param", "since")]),
            Key(
                "inclusive", .flag,
                "Whether records with that very value come again, as with \"at or after\"; the stream's \"key\" tells "
                    + "them, so none is lost or doubled. False: only those beyond it, for values that no two records share.",
                default: .bool(true)),
        ], exclusive: slotOrParam, needsOneOf: ["after_records", "after_pages"])
}
