// What the server allows, and what requests cost.
extension Vocabulary {
    static let limits: Shape.Definition = .init(
        "limits", "\"10/s\", one limit, or a list of limits that all hold at once."
    ) {
        .choice([
            .text(.rate), .keyed(limitObjects), .list(.choice([.text(.rate), .keyed(limitObjects)]), count: 1...32),
        ])
    }
    private static let limitObjects: [ObjectShape] = [
        rate(
            "Rate limit", "requests",
            "Without \"burst\": never more than \"requests\" in any window of length \"per\", as the server "
                + "counts. With it: a token bucket, so many on average and up to \"burst\" at once.",
            example: 10),
        rate(
            "Cost limit", "points",
            "As a rate limit, but for what requests cost (\"cost\" of streams and requests; 1 when absent).",
            example: 1000),
        ObjectShape(
            title: "Spacing", description: "So long from one request to the next. What was late is not made up for.",
            keys: [
                Key(
                    "spacing", .duration(.milliseconds(1) ... .seconds(366 * 86_400)), "How long.", required: true,
                    examples: [.string("250ms")]),
                counting(default: .send),
            ] + classes),
        ObjectShape(
            title: "Concurrency limit", description: "Requests under way at once.",
            keys: [
                Key(
                    "concurrent", .choice([.integer(1...10_000), .text(.one(of: ["auto"]))]),
                    "How many. \"auto\": as many as each server bears, where nobody says it: fewer after a 429, a 503 or "
                        + "when answers come slower than they used to, more only when all are used. Of a source's "
                        + "limits only, and about all requests.", required: true),
                Key(
                    "at_most", .integer(1...10_000), "Of \"auto\": never more than that.",
                    default: .int(LimitPlan.mostAdaptiveByDefault)),
            ] + classes),
    ]

    private static func rate(_ title: String, _ unit: String, _ description: String, example: Int64) -> ObjectShape {
        ObjectShape(
            title: title, description: description,
            keys: [
                Key(unit, .integer(1...most), "How many.", required: true, examples: [.int(example)]),
                Key(
                    "per", .duration(.milliseconds(1) ... .seconds(366 * 86_400)), "In how long.", required: true,
                    examples: [.string("1s"), .string("1h")]),
                Key("burst", .integer(1...most), "How many at once."),
                Key(
                    "strict", .flag,
                    "Never more than that in any window of length \"per\", in spite of the burst: the rest comes "
                        + "slower by as much.", default: .bool(false)),
                Key(
                    "aligned", .flag,
                    "The server counts anew at times that it tells in its responses: from then on all may be used "
                        + "again. Any window of that length until it tells.", default: .bool(false)),
                counting(default: .response),
            ] + classes,
            exclusive: [["burst", "aligned"]], dependent: [("strict", "burst")])
    }

    /// Also what one request may cost.
    static let most: Int64 = 1_000_000_000

    private static func counting(default value: LimitPlan.Guard) -> Key {
        Key(
            "guard", .text(.one(of: LimitPlan.Guard.allCases.map(\.rawValue))),
            "From when on a request counts, as the server counts it at some moment between the two: held until the "
                + "response and counted from there, which no latency can undo, or counted when it is sent, which is faster "
                + "by the latency.", default: .string(value.rawValue))
    }

    private static let classes: [Key] = [
        Key("for", .object(coverage), "Which requests the limit is about. All when absent."),
        Key(
            "each", .text(.one(of: LimitPlan.Each.allCases.map(\.rawValue))),
            "A budget of that size for each host or stream, not one for all."),
    ]
    private static let coverage: ObjectShape = .init(
        title: "Requests of a limit",
        description:
            "Requests that are in every list given. Requests of one kind that must wait keep no others waiting.",
        keys: [
            Key(
                "methods",
                .list(.text(.one(of: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])), count: 1...7),
                "Their methods.", examples: [.array([.string("POST"), .string("PUT"), .string("DELETE")])]),
            Key(
                "paths", .list(.text(.line(1...1024)), count: 1...100),
                "Their paths below the base URL, without the query; * stands for any run of characters.",
                examples: [.array([.string("/search/*")])]),
            Key(
                "streams", .list(.text(.line(1...128)), count: 1...1000), "The streams they belong to.",
                examples: [.array([.string("users")])]),
            Key(
                "hosts", .list(.text(.line(1...255)), count: 1...100),
                "Their hosts, with the port where it is not the usual one; * stands for any run of characters.",
                examples: [.array([.string("*.example.com")])]),
        ], needsOneOf: ["methods", "paths", "streams", "hosts"])

    // MARK: of streams and requests

    static let cost: Key = .init(
        "cost", .choice([.integer(1...most), .object(costObject)]),
        "What one request costs, for limits that count points.", default: .int(RequestCost().estimate),
        examples: [
            .int(5),
            .object([
                .init(name: "estimate", value: .int(10)),
                .init(name: "actual", value: object("body", "extensions.cost.actualQueryCost")),
            ]),
        ])
    private static let costObject: ObjectShape = .init(
        title: "Cost", description: "What is expected, and what the response says that it came to.",
        keys: [
            Key("estimate", .integer(1...most), "Taken when the request is sent.", required: true),
            Key(
                "actual", .choice([.text(.path), .keyed(actualCosts)]),
                "Where the response says it; a text is short for {\"body\": text}. The estimate stays where it doesn't."
            ),
        ])
    private static let actualCosts: [ObjectShape] = [
        ObjectShape(
            title: "Body", description: "A number in the body.",
            keys: [Key("body", .text(.path), "Its path.", required: true)]),
        ObjectShape(
            title: "Header", description: "A header of the response.",
            keys: [Key("header", .text(.headerName), "Its name.", required: true)]),
    ]

    static let priority: Key = .init(
        "priority", .text(.one(of: Priority.allCases.map(\.rawValue))),
        "Who goes first where the limits are not enough for all. Nobody starves: of 21 turns \"high\" gets 16, "
            + "\"normal\" 4 and \"low\" one, if all want them.", default: .string(Priority.normal.rawValue))
}
