extension Vocabulary {
    static let expect: Key = .init(
        "expect", .object(expectObject),
        "What a run expects of the stream's data. What does not hold is told, and by default the stream has failed.",
        examples: [.object([.init(name: "complete", value: .bool(true))])])

    private static let paths = Shape.list(.text(.path), count: 1...100)

    private static let expectObject: ObjectShape = .init(
        title: "Expectations", description: "What the data of a run are held against, once they are in their file.",
        keys: [
            Key(
                "complete", .flag, "As many records as the server says there are (\"total\"), duplicates counted.",
                default: .bool(false)),
            Key("min_records", .integer(0...1_000_000_000_000), "So many records at least."),
            Key("not_null", paths, "Values that every record has."),
            Key(
                "unique", paths,
                "Values that, together, no two records have; of the first 5,000,000. (A stream's \"key\" "
                    + "leaves such records out.)"),
            Key(
                "range", .map(names: .path, values: .object(rangeObject)),
                "Bounds of numbers, by their path. What is null or not there is not looked at."),
            Key(
                "pattern", .map(names: .path, values: .filledLine),
                "How texts look, by their path; * is any text. What is null or not there is not looked at."),
            Key("fresh", .object(freshObject), "How old the newest record may be."),
            drift,
            Key(
                "on_fail", .text(.one(of: ["fail", "warn"])),
                "Whether the stream has failed then. Its records are in its file either way.", default: .string("fail")),
        ])

    private static let rangeObject: ObjectShape = .init(
        title: "Range", description: "Bounds of a number; both are allowed values.",
        keys: [Key("min", .number, "No less."), Key("max", .number, "No more.")])

    private static let freshObject: ObjectShape = .init(
        title: "Freshness", description: "How old the newest record may be, by the clock of this machine.",
        keys: [
            Key("path", .text(.path), "A time (RFC 3339) in every record.", required: true),
            Key(
                "within", .duration(.seconds(1) ... .seconds(3660 * 86_400)), "How old it may be.", required: true,
                examples: [.string("24h")]),
        ])
}
