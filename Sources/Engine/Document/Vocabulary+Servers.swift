/// How a server's own word on its limits, and its failures, are taken.
extension Vocabulary {
    static let serverKeys: [Key] = [
        Key(
            "server_limits", .choice([.flag, .object(serverLimits)]),
            "What is made of the limits that responses tell of (X-RateLimit-*, RateLimit and their relatives): when "
                + "little remains requests are spread over the time until the reset, and when nothing remains they wait "
                + "for it, so that no request is refused. True: as the defaults say. False: only refusals count.",
            default: .bool(true), examples: [.object([.init(name: "reserve_percent", value: .int(20))])]),
        Key(
            "breaker", .choice([.flag, .object(breaker.shape)]),
            "The circuit breaker: a server that fails is left alone for a while. One for each origin and stream, and one "
                + "for single requests. A walk waits, as far as \"max_elapsed\" of \"retry\" allows; a single request fails at "
                + "once. Refusals because of a limit and other 4xx don't count. False: none.", default: .bool(true)),
    ]

    static let sourceKey: Key = .init(
        "idempotency_key", .choice([.flag, .text(.headerName)]),
        "Every POST and PATCH that is not \"idempotent\" carries a key, a UUID made for it and the same on all its attempts, so "
            + "that the server carries it out once however often it arrives, and it may be retried. A text is the header's "
            + "name; true is short for \"Idempotency-Key\". For servers that know such keys.",
        default: .bool(false), examples: [.bool(true), .string("X-Idempotency-Key")])
    static let streamKey: Key = .init(
        "idempotency_key", .flag, "Whether its requests carry such a key; by the source's when absent.")

    static let serverLimits: ObjectShape = .init(
        title: "Server limits", description: "What is made of the limits that responses tell of.",
        keys: [
            Key(
                "pace", .text(.one(of: ServerLimitsPlan.Pace.allCases.map(\.rawValue))),
                "\"auto\": at full speed while more than a tenth of the limit remains; then at nine tenths of what remains over "
                    + "the time left, but not slower than one in ten seconds while anything remains. \"spread\": so from the "
                    + "start. \"burst\": at full speed to the last.",
                default: .string(ServerLimitsPlan().pace.rawValue)),
            Key(
                "reserve", .integer(0...1_000_000_000),
                "How many requests of each of the server's windows are left to others.",
                default: .int(ServerLimitsPlan().reserve)),
            Key(
                "reserve_percent", .integer(0...99), "The same as a share of the limit; the larger one counts.",
                default: .int(ServerLimitsPlan().reservePercent)),
            Key(
                "profile", .choice([.text(.one(of: ["auto"])), .object(profile)]),
                "Which headers tell. \"auto\": all usual ones, by their names.", default: .string("auto")),
        ])

    private static let profile: ObjectShape = .init(
        title: "Limit headers", description: "The names of the headers that tell of the limit, where they are unusual.",
        keys: [
            Key("limit", .text(.headerName), "How many requests a window has."),
            Key("remaining", .text(.headerName), "How many remain."),
            Key("reset", .text(.headerName), "When the count starts anew."),
            Key(
                "reset_format", .text(.one(of: ResetFormat.allCases.map(\.rawValue))),
                "What the reset is: seconds or milliseconds from now or since 1970, a date, a duration; \"auto\" tells by its "
                    + "form and size.", default: .string(ResetFormat.auto.rawValue)),
        ], needsOneOf: ["remaining", "reset", "limit"])

    static let breaker: Settings<BreakerPlan> = .init(
        "Circuit breaker",
        "Closed, open for a while after too many failures, then half-open for a few probes. Failures are 5xx, connection "
            + "errors, time-outs and bodies that can't be read.", defaults: BreakerPlan(),
        exclusive: [["window", "window_calls"]],
        [
            .integer(
                "failures", \.failures, 0...1000,
                "So many failures in a row open it; 0: they are not counted, which is the default beside \"failure_percent\". The "
                    + "attempts of one page of a stream are never enough on their own, since a page that never works is no server "
                    + "that is down."),
            .integer(
                "failure_percent", \.failurePercent, 0...100,
                "So many failures of a hundred requests in the window open it; 0: they are not counted."),
            .duration("window", \.window, .seconds(1) ... .seconds(86_400), "What \"failure_percent\" looks back on."),
            .integer("window_calls", \.windowCalls, 0...10_000, "So many requests instead of a time; 0: the time."),
            .integer(
                "least_calls", \.leastCalls, 1...10_000, "With fewer requests in the window a percentage opens nothing."
            ),
            .duration(
                "slow_after", \.slowAfter, .milliseconds(1) ... .seconds(86_400),
                "A response that takes as long is slow."),
            .integer(
                "slow_percent", \.slowPercent, 0...100,
                "So many slow ones of a hundred requests in the window open it; 0: they are not counted."),
            .duration(
                "open", \.open, .milliseconds(1) ... .seconds(86_400),
                "How long it stays open the first time, a tenth more or less; twice as long after each probe that failed. Never "
                    + "less than a Retry-After of the failure."),
            .duration("longest_open", \.longestOpen, .milliseconds(1) ... .seconds(86_400), "The longest of these."),
            .integer("probes", \.probes, 1...100, "How many requests have to succeed, half-open, until it closes."),
        ])
}
