/// What a limiter is opened with.
extension Vocabulary {
    static let limiter: Shape.Definition = .init(
        "limiter", "Limits, as in a source document; or an object that says with whom they are shared."
    ) {
        guard case .choice(let shapes) = limits.shape() else { return .named(limits) }
        return .choice(
            shapes.map { shape in
                if case .keyed(let objects) = shape { .keyed(objects + [sharedLimits]) } else { shape }
            })
    }

    private static let sharedLimits: ObjectShape = .init(
        title: "Shared limits",
        description:
            "One budget for many processes. A budget for \"each\" and \"aligned\" windows can't be shared yet.",
        keys: [
            Key("limits", .named(limits), "The limits; the same in all processes.", required: true),
            Key(
                "share", .keyed([shareByFile, shareByRedis]), "With whom. None but this process when absent.",
                examples: [object("file", "/run/example.budget")]),
        ])

    private static let shareByFile: ObjectShape = .init(
        title: "Shared on one host",
        description:
            "Processes of one user on one host that name the same file; no daemon. The file is made when it is not there. "
            + "It keeps what was used, also when all processes have ended.",
        keys: [
            Key(
                "file", .text(.line(1...4096)), "Its path, on a file system of this host; not a symbolic link.",
                required: true),
            Key(
                "lease", .duration(.zero ... .seconds(3600)),
                "For how long a request still counts as under way after its process has died.",
                default: .string(LimiterPlan.defaultLease.documentText)),
        ])

    private static let shareByRedis: ObjectShape = .init(
        title: "Shared through Redis",
        description: "Processes on any hosts that use the same key of the same Redis, by Redis' clock.",
        keys: [
            Key(
                "redis", .named(secret),
                "Where it is: redis://[user:password@]host[:port][/database] or unix:///path; better as a reference "
                    + "when it has a password.",
                required: true, examples: [.string("redis://127.0.0.1:6379/0"), object("env", "REDIS_URL")]),
            Key(
                "key", .text(.line(1...200)), "The name of the budget.", required: true, examples: [.string("example")]),
            Key("user", .text(.line(1...200)), "Where the URL has none."),
            Key("password", .named(secret), "Where the URL has none."),
            Key(
                "away", .text(.one(of: RedisShare.Away.allCases.map(\.rawValue))),
                "What holds while Redis does not answer: this process's part of the limits (by \"workers\"), nothing goes, "
                    + "or the limits as if it were alone.",
                default: .string(RedisShare.Away.localShare.rawValue)),
            Key(
                "workers", .integer(1...100_000), "How many processes share the budget, for \"local_share\".",
                default: .int(RedisShare.defaultWorkers)),
            Key(
                "ahead", .duration(.zero ... .seconds(5)),
                "How long before it can be used a permit may be taken; spares round trips, and keeps the order.",
                default: .string(RedisShare.defaultAhead.documentText)),
            Key(
                "lease", .duration(.seconds(1) ... .seconds(3600)),
                "For how long a request counts as under way when nothing more is heard of its process.",
                default: .string(RedisShare.defaultLease.documentText)),
        ])
}
