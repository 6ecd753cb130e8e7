// Where values come from, and what is done to them on the way.
extension Vocabulary {
    static let valueSource: Shape.Definition = .init(
        "value_source", "Where a value comes from. A text is short for {\"body\": text}."
    ) { .choice([.text(.path), .keyed(valueSources)]) }

    /// By name, since the sources hold it themselves.
    private static let numberSource: Shape.Definition = .init(
        "number_source", "A whole number, or where one comes from. A text is short for {\"body\": text}."
    ) { .choice([.integer(-1_000_000_000_000...1_000_000_000_000), .text(.path), .keyed(valueSources)]) }

    /// All of them; `"param"` last, since fields have a form of their own for it.
    static let valueSources: [ObjectShape] =
        responseSources + [
            ObjectShape(
                title: "Constant", description: "A value that the document gives.",
                keys: [Key("value", .named(scalar), "It.", required: true)] + changes),
            ObjectShape(
                title: "Parameter value", description: "A value that comes through the API.",
                keys: [Key("param", .text(.parameter), "Its name.", required: true)] + changes),
        ]

    static let responseSources: [ObjectShape] = [
        ObjectShape(
            title: "Body", description: "A value in the body.",
            keys: [Key("body", .text(.path), "Its path.", required: true, examples: [.string("meta.next_cursor")])]
                + changes),
        ObjectShape(
            title: "Header", description: "A header of the response.",
            keys: [Key("header", .text(.headerName), "Its name.", required: true)] + changes),
        ObjectShape(
            title: "Link", description: "A link of the Link header (RFC 8288).",
            keys: [
                Key("link", .text(.line(1...256)), "Its relation.", required: true, examples: [.string("next")]),
                Key("attribute", .text(.line(1...256)), "One of its attributes instead of its URL."),
            ] + changes),
        ObjectShape(
            title: "Last record", description: "A field of the last record of the page.",
            keys: [Key("last_record", .text(.path), "The path of the field within the record.", required: true)]
                + changes),
        ObjectShape(
            title: "First record", description: "A field of the first record of the page.",
            keys: [Key("first_record", .text(.path), "The path of the field within the record.", required: true)]
                + changes),
        ObjectShape(
            title: "Found in a list", description: "A field of the first object of a list that fits.",
            keys: [
                Key(
                    "find", .text(.path), "The path of the list in the body.", required: true,
                    examples: [.string("links")]),
                Key(
                    "where", .map(names: .path, values: .named(scalar)),
                    "What the object's members are, by their paths within it.", required: true,
                    examples: [object("rel", "next")]),
                Key("take", .text(.path), "The path within it of what is taken.", default: .string(defaultTake)),
            ] + changes),
        ObjectShape(
            title: "Page value", description: "Something about the request itself and the page that answers it.",
            keys: [
                Key(
                    "page", .text(.one(of: ValueSource.PageValue.allCases.map(\.rawValue))),
                    "\"token\": what the page was asked for with (a token, a page number, an offset); \"size\": how "
                        + "many records were asked for; \"index\": how many pages came before; \"count\": how many records "
                        + "it has; \"received\": how many came in the walk, this page's too; \"restart\": what the walk started "
                        + "again with (\"index\" and \"received\" count from there).", required: true)
            ] + changes),
        ObjectShape(
            title: "Query parameter", description: "One parameter cut out of a URL that comes from elsewhere.",
            keys: [
                Key("query_param", .text(.line(1...1024)), "Its name.", required: true),
                Key("of", .named(valueSource), "Where the URL comes from.", required: true),
            ] + changes),
        ObjectShape(
            title: "First of several", description: "The first that is there and not empty.",
            keys: [Key("or", .list(.named(valueSource), count: 1...32), "In this order.", required: true)] + changes),
        ObjectShape(
            title: "Sum", description: "Whole numbers added up. Nothing when one of them is not there.",
            keys: [
                Key(
                    "add",
                    .list(.named(numberSource), count: 1...32), "Numbers, and where numbers come from.", required: true,
                    examples: [.array([.string("meta.page"), .int(1)])])
            ] + changes),
    ]
    static let defaultTake = "href"

    /// What may stand beside every source; done in this order.
    private static let changes: [Key] = [
        Key("default", .named(scalar), "When it is not there, null or empty."),
        Key(
            "format", .text(.one(of: ValueSource.Format.allCases.map(\.rawValue))),
            "What it becomes: a number or a text, which differ in a JSON body. As it stood when absent."),
        Key(
            "encode", .text(.one(of: ["percent"])),
            "Percent-encoded (RFC 3986), for a value that becomes part of a URL's text; slots encode by themselves."),
    ]

    // MARK: stop rules

    static let stopRule: ObjectShape = .init(
        title: "Stop rule", description: "A test of a value. One that can't be made ends nothing.",
        keys: [
            Key("source", .named(valueSource), "The value.", required: true),
            Key(
                "is", .text(.one(of: stopTests.map(\.name))),
                "What it has to be: empty (missing, null, \"\", [] or {}), true or false (also as texts), 0 (also as a "
                    + "text), or a URL that leads to the page it stands on."),
            Key(
                "equals", .choice([.line, .number, .flag, .keyed(valueSources)]),
                "What it has to be equal to: a constant, or another value (as an object). A number and its text are equal."
            ),
            Key(
                "at_least", .named(numberSource),
                "The number that it has to reach: a constant, or another value."),
        ], exclusive: [["is", "equals", "at_least"]], needsOneOf: ["is", "equals", "at_least"])

    static let stopTests: [(name: String, test: StopRule.Test)] = [
        ("empty", .empty), ("true", .isTrue), ("false", .isFalse), ("0", .zero), ("this_url", .thisURL),
    ]
}
