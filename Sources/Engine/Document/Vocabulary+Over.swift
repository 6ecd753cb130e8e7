extension Vocabulary {
    static let over: Shape.Definition = .init(
        "over",
        "What a stream is walked over: once for each record of a parent stream, each item of a list, or each combination "
            + "of several such (a list is short for {\"product\": list}). The values stand under their names: {name} in "
            + "the path, {over.name} in any text of the request, {\"over\": name} as a value of its own in query, "
            + "headers, form and JSON body."
    ) { .choice([.keyed(overObjects), .list(.keyed(dimensions), count: 1...8)]) }

    private static let overObjects: [ObjectShape] = [
        with(fanKeys, parentStream), with(fanKeys, parentStreams), with(fanKeys, itemList),
        ObjectShape(
            title: "Over each combination",
            description: "The first one turns slowest and is read as its values are used; the others are read whole "
                + "before the first walk begins, and kept.",
            keys: [
                Key(
                    "product", .list(.keyed(dimensions), count: 1...8), "What is combined.", required: true,
                    examples: [
                        .array([
                            .object([
                                .init(name: "items", value: .array([.string("eu"), .string("us")])),
                                member("as", "region"),
                            ]), .object([member("stream", "users"), member("key", "id"), member("as", "user_id")]),
                        ])
                    ])
            ] + fanKeys),
    ]
    private static let dimensions: [ObjectShape] = [parentStream, parentStreams, itemList]

    private static func with(_ keys: [Key], _ object: ObjectShape) -> ObjectShape {
        var object = object
        object.keys += keys
        return object
    }

    private static let parentStream: ObjectShape = .init(
        title: "Over a parent stream",
        description:
            "Each record of another stream of this source gives a value. That stream may be walked over another "
            + "one itself; its names can be used, too. Its pages are fetched for this walk, apart from a run of its own.",
        keys: [
            Key("stream", .text(.name), "The parent's name.", required: true, examples: [.string("users")]),
            Key(
                "key", .text(.path), "The value, within the parent's record: a text or number.", required: true,
                examples: [.string("id")]),
            name,
            Key(
                "carry", .map(names: .parameter, values: .choice([.text(.path), .object(piece)])),
                "Further names and their values within the parent's record, or pieces of them. Not with \"batch\".",
                examples: [
                    object("user_name", "name"),
                    .object([
                        .init(
                            name: "owner",
                            value: .object([
                                member("path", "full_name"), member("split", "/"), .init(name: "take", value: .int(0)),
                            ]))
                    ]),
                ]),
        ] + batching, exclusive: [["carry", "batch"], ["separator", "repeat"]],
        dependent: [("separator", "batch"), ("repeat", "batch")])

    private static let parentStreams: ObjectShape = .init(
        title: "Over several parent streams",
        description: "Each record of each of these streams gives a value, one stream after the other.",
        keys: [
            Key(
                "streams", .list(.object(standIn), count: 1...32), "The parents.", required: true,
                examples: [
                    .array([
                        .object([member("stream", "users"), member("key", "id")]),
                        .object([member("stream", "guests"), member("key", "id")]),
                    ])
                ]), name,
        ] + batching, exclusive: [["separator", "repeat"]], dependent: [("separator", "batch"), ("repeat", "batch")])

    static let defaultPiece: Int64 = 0
    private static let piece: ObjectShape = .init(
        title: "Piece of a value", description: "One piece of a compound value, such as \"octo\" of \"octo/hello\".",
        keys: [
            Key("path", .text(.path), "The value, within the parent's record.", required: true),
            Key("split", .text(.line(1...16)), "What stands between the pieces.", required: true),
            Key(
                "take", .integer(-100...100), "Which piece, from 0; negative ones from the end.",
                default: .int(defaultPiece)),
        ])

    private static let itemList: ObjectShape = .init(
        title: "Over the items of a list", description: "A literal list, or a parameter that is one.",
        keys: [
            Key(
                "items",
                .choice([.list(.choice([.filledLine, .number]), count: 1...100_000), .object(parameterList)]),
                "The values.", required: true,
                examples: [.array([.string("eu"), .string("us")]), object("param", "regions")]),
            name,
            Key(
                "else", .object(standIn), "With a parameter: where the values come from when it is not given.",
                examples: [.object([member("stream", "users"), member("key", "id")])]),
        ] + batching, exclusive: [["separator", "repeat"]], dependent: [("separator", "batch"), ("repeat", "batch")])

    private static let name: Key = .init(
        "as", .text(.parameter), "The name that the value stands under.", required: true, examples: [.string("user_id")]
    )

    private static let batching: [Key] = [
        Key("batch", .integer(1...10_000), "So many values go into one request.", default: .int(1)),
        Key(
            "separator", .text(.line(1...16)),
            "Between the values of a batch, where they stand in one text. A JSON body has a list.",
            default: .string(",")),
        Key(
            "repeat", .flag, "A query parameter or form field for each value of a batch instead.",
            default: .bool(false)),
    ]

    private static let parameterList: ObjectShape = .init(
        title: "List parameter", description: "A parameter that is a list; a text or number is a list of one.",
        keys: [Key("param", .text(.parameter), "Its name.", required: true)])

    private static let standIn: ObjectShape = .init(
        title: "Parent", description: "Each record of another stream of this source gives a value.",
        keys: [
            Key("stream", .text(.name), "The parent's name.", required: true),
            Key("key", .text(.path), "The value, within the parent's record.", required: true),
        ])

    private static let overDefaults = OverPlan([])
    private static let fanKeys: [Key] = [
        Key(
            "at_once", .integer(1...1000), "How many walks go on at once.", default: .int(overDefaults.atOnce)),
        Key(
            "order", .text(.one(of: ["parents", "any"])),
            "Whether all pages of one parent come before those of the next, or as they come.",
            default: .string("parents")),
        Key(
            "on_error", .text(.one(of: ["fail", "skip"])),
            "Whether what one parent alone fails with (an HTTP status of 4xx other than 401 and 429, an answer that "
                + "can't be used, no key) ends the walk, or is noted and passed over.", default: .string("fail")),
    ]

    static let overValue: ObjectShape = .init(
        title: "Value of the parent", description: "What the stream is walked over.",
        keys: [
            Key("over", .text(.parameter), "The name of the value, as \"over\" of the stream has it.", required: true)
        ]
    )
}
