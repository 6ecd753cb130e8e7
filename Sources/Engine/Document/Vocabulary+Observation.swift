/// What can be seen of a client at work.
extension Vocabulary {
    private static let level = Key(
        "level", .text(.one(of: EventLevel.allCases.map(\.rawValue))), "What is told: that and what is worse.",
        default: .string(EventLevel.info.rawValue))

    static let log: ObjectShape = .init(
        title: "Log",
        description:
            "What happens, as lines of text: without secrets, never waited for. Lines that a full or closed file "
            + "does not take are dropped and counted.",
        keys: [
            level,
            Key(
                "fd", .integer(0...1_048_576), "The file descriptor of the process that they are written to.",
                default: .int(2)),
            Key("file", .text(.line(1...4096)), "The path of a file that they are appended to, instead."),
            Key(
                "format", .text(.one(of: LogPlan.Form.allCases.map(\.rawValue))),
                "JSON Lines, or lines for people. When absent: for people on a terminal, else JSON."),
        ], exclusive: [["fd", "file"]])

    static let observationKeys: [Key] = [
        Key(
            "log", .object(log), "Where what happens is written down, besides what the variable PENSTOCK_LOG says.",
            examples: [
                .object([.init(name: "level", value: .string("info")), .init(name: "file", value: .string("pull.log"))])
            ])
    ]

    static let traceparent = Key(
        "traceparent", .filledLine,
        "The header of that name (W3C Trace Context) on every request to the base URL's origin, so that the server's "
            + "traces hang together with the program's.",
        examples: [.string("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")])

    static let traceOptions: ObjectShape = .init(
        title: "Trace options", description: "What penstock_client_trace() tells.",
        keys: [
            Key(
                "curl", .flag,
                "Each request also as a line for a shell (\"curl\"), with the variables $SECRET_1, $SECRET_2… for what is secret.",
                default: .bool(false))
        ])

    static let eventsOptions: ObjectShape = .init(
        title: "Events options", description: "What penstock_client_events() and penstock_sync_events() tell.",
        keys: [level])
}

/// What a trace tells.
public struct TraceOptions: Sendable {
    public var withCurl = false

    public static func parse(_ value: JSONValue) throws(Failure) -> TraceOptions {
        let place = DocumentPlace(value)
        try place.check(.object(Vocabulary.traceOptions))
        var options = TraceOptions()
        options.withCurl = place["curl"]?.value.bool ?? false
        return options
    }
}

/// What a queue of events tells.
public struct EventsOptions: Sendable {
    public var level = EventLevel.info
    public init() {}

    public static func parse(_ value: JSONValue) throws(Failure) -> EventsOptions {
        let place = DocumentPlace(value)
        try place.check(.object(Vocabulary.eventsOptions))
        var options = EventsOptions()
        if let level = place["level"]?.value.string.flatMap(EventLevel.init(rawValue:)) { options.level = level }
        return options
    }
}
