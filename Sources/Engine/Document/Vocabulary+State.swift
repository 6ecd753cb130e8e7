/// Where a state is kept.
extension Vocabulary {
    static let state: Shape = .choice([.text(.line(1...4096)), .object(stateInRedis)])

    private static let stateInRedis: ObjectShape = .init(
        title: "State in Redis",
        description: "As a URL of Redis as text, with the password as a reference.",
        keys: [
            Key(
                "redis", .named(secret),
                "Where it is: redis://[user:password@]host[:port][/database] or unix:///path, with ?prefix=… behind it or not.",
                required: true, examples: [.string("redis://127.0.0.1:6379/0"), object("env", "REDIS_URL")]),
            Key("user", .text(.line(1...200)), "Where the URL has none."),
            Key("password", .named(secret), "Where the URL has none."),
            Key(
                "prefix", .text(.line(1...200)), "In front of all keys: each state has its own.",
                default: .string(RedisPlace.defaultPrefix), examples: [.string("shop")]),
            Key(
                "lease", .duration(RedisPlace.leases),
                "For how long a stream stays its writer's when nothing more is heard of that one.",
                default: .string(RedisPlace.defaultLease.documentText)),
        ])
}
