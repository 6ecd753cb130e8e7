extension Vocabulary {
    static func errors(_ place: String) -> Key {
        Key(
            "errors", .list(.named(errorRule), count: 0...100),
            "What certain answers mean. The first rule that fits counts. \(place)", default: .array([]),
            examples: [
                .array([
                    .object([
                        .init(
                            name: "body",
                            value: .object([member("path", "ok"), .init(name: "=", value: .bool(false))])),
                        .init(name: "also_on_2xx", value: .bool(true)), member("action", "fail"),
                        .init(name: "message", value: object("body", "error")),
                    ])
                ])
            ])
    }

    private static let errorRule: Shape.Definition = .init(
        "error_rule", "A kind of answer and what it means; all conditions that are given must hold."
    ) { .object(errorRuleObject) }

    private static let errorRuleObject: ObjectShape = .init(
        title: "Error rule",
        description:
            "For every status but 2xx and redirects that are followed, unless \"status\" or \"also_on_2xx\" says "
            + "otherwise.",
        keys: [
            Key(
                "status",
                .choice([
                    statusOrClass, .text(.one(of: statusClasses)),
                    .list(.choice([statusOrClass, .text(.one(of: statusClasses))]), count: 1...100),
                ]),
                "One of these statuses, or classes of statuses.",
                examples: [.int(404), .array([.int(400), .string("5xx")])]),
            Key("body", .object(bodyTest), "A value in the body; of several that the path matches one is enough."),
            Key("text_contains", .text(.line(1...1024)), "The body has this text in it, byte for byte."),
            Key("header", .object(headerTest), "A header of the response."),
            Key("also_on_2xx", .flag, "The rule is for answers of 2xx, too.", default: .bool(false)),
            Key(
                "action", .text(.one(of: ErrorRule.Action.allCases.map(\.rawValue))),
                "retry: again, after \"wait\" or a backoff. rate_limited: as a 429, so that everybody waits. ignore: an "
                    + "empty page; the stop rules decide how it goes on. fail: an error at once. end: the last page, and "
                    + "empty. renew_auth: as a 401, once more with a new token, for sources whose credentials are tokens. start_over: the cursor "
                    + "has expired; the walk goes on from page one, and what came before is left out by its key, with a "
                    + "warning. The stream needs a \"key\" for that, and must get further each time.",
                required: true),
            Key(
                "wait",
                .choice([
                    .duration(waitBounds), .keyed(waits),
                    .list(.choice([.duration(waitBounds), .keyed(waits)]), count: 1...16),
                ]),
                "For retry and rate_limited: how long; of a list the first that gives a value. What the server says "
                    + "otherwise, or a backoff, when absent.",
                examples: [.string("30s"), .object([member("header", "X-Reset"), member("unit", "epoch_s")])]),
            Key(
                "message", .object(messagePlace), "Where the API's own message is, for the error.",
                examples: [object("body", "error.message")]),
        ],
        needsOneOf: ["status", "body", "text_contains", "header"])

    private static let statusOrClass = Shape.integer(200...599)
    static let statusClasses = ["2xx", "3xx", "4xx", "5xx"]
    static let waitBounds: ClosedRange<Timespan> = .zero ... .seconds(366 * 86_400)

    private static let plainValue = Shape.choice([.line, .number, .flag, .null])
    private static let conditions: [Key] = [
        Key(
            "=", .choice([.line, .number, .flag, .null, .list(plainValue, count: 1...1000)]),
            "It is this, or one of these."),
        Key("contains", .text(.line(1...1024)), "It is a text with this in it."),
        Key("exists", .flag, "Whether it is there; null is there."),
    ]
    private static let oneCondition = [["=", "contains", "exists"]]
    private static let bodyTest: ObjectShape = .init(
        title: "Body test", description: "What a value in the body must be.",
        keys: [Key("path", .text(.pathOfMany), "Where it is.", required: true)] + conditions,
        exclusive: oneCondition, needsOneOf: oneCondition[0])
    private static let headerTest: ObjectShape = .init(
        title: "Header test", description: "What a header must be.",
        keys: [Key("name", .text(.headerName), "Its name.", required: true)] + conditions,
        exclusive: oneCondition, needsOneOf: oneCondition[0])
    private static let messagePlace: ObjectShape = .init(
        title: "Message", description: "Where a message is.",
        keys: [Key("body", .text(.pathOfMany), "Its path; the first match counts.", required: true)])

    private static let waitKeys: [Key] =
        [
            Key(
                "unit", .text(.one(of: ResetFormat.allCases.map(\.rawValue))),
                "What the value is: a length of time (delta_s, delta_ms, duration), a point in time (epoch_s, epoch_ms, "
                    + "http_date, iso8601), a rate in requests a second (per_second: the time between two of them), or told "
                    + "by its form.", default: .string(ResetFormat.auto.rawValue))
        ] + waitLimits
    private static let waitLimits: [Key] = [
        Key("min", .duration(waitBounds), "Never shorter."),
        Key("max", .duration(waitBounds), "Never longer."),
    ]
    private static let waits: [ObjectShape] = [
        ObjectShape(
            title: "Wait from a header", description: "A header says it.",
            keys: [Key("header", .text(.headerName), "Its name.", required: true)] + waitKeys),
        ObjectShape(
            title: "Wait from the body", description: "A value in the body says it.",
            keys: [Key("body", .text(.path), "Its path.", required: true)] + waitKeys),
        ObjectShape(
            title: "Wait until", description: "For limits that are counted by the day.",
            keys: [
                Key(
                    "until", .text(.one(of: ["midnight"])), "The next midnight of UTC, by the server's clock.",
                    required: true)
            ] + waitLimits),
    ]
}
