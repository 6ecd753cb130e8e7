/// What is to come of a schema that changes from run to run.
extension Vocabulary {
    private static let mode = Shape.text(.one(of: DriftPlan.Mode.allCases.map(\.rawValue)))

    static let drift: Key = .init(
        "drift", .choice([mode, .object(driftObject)]),
        "Runs with a state keep the schema of each stream: its fields, their types, and how many records have them. What "
            + "is not as in the run before is told (an event \"schema_drift\", the results, figures). \"fail\": any change makes the stream fail, "
            + "and the schema before stays the one that counts, until a run with \"tell\" takes the new one. \"off\": nobody looks.",
        default: .string(DriftPlan.Mode.tell.rawValue),
        examples: [
            .string("fail"), .object([.init(name: "fail_on", value: .array([.string("gone"), .string("type")]))]),
        ])

    private static let driftObject: ObjectShape = .init(
        title: "Drift", description: "Which changes of a schema count, and how closely records are looked at.",
        keys: [
            Key(
                "fail_on",
                .list(.text(.one(of: SchemaChange.Kind.allCases.map(\.rawValue))), count: 0...4),
                "Changes that make the stream fail: fields that are new or gone, values of another type, and a share of "
                    + "values that are null or not there which has moved. Others are told. Its records are in its file either way.",
                default: .array([])),
            Key(
                "null_percent", .integer(1...100),
                "By how many percent of the records the share of null has to move, besides being more than chance.",
                default: .int(20)),
            Key(
                "sample", .integer(1...10_000),
                "Behind the first 1,000 records one in so many is looked at; 1: every one.", default: .int(16)),
        ])

    /// Of a job.
    static let jobDrift: Key = .init(
        "drift", mode,
        "Whether changes of the streams' schemas are told, make a stream fail, or are not looked for, in place of what its "
            + "\"expect\" says. Needs a \"state\".",
        examples: [.string("fail")])
}
