extension Vocabulary {
    static let records: Key = .init(
        "records", .choice([.text(.pathOfMany), .object(recordsObject)]),
        "Where the records are in the body; \"\" is the whole body. When absent: a bare list, else \"data\", "
            + "\"results\", \"items\" or \"records\", else the object as one record.",
        examples: [
            .string("data"), .string("data[*].node"),
            .object([
                member("path", "data"),
                .init(
                    name: "filter",
                    value: .object([member("path", "status"), member("op", "!="), member("value", "deleted")])),
            ]),
        ])

    static let key: Key = .init(
        "key", .choice([.text(.path), .list(.text(.path), count: 1...16)]),
        "What tells records apart, within a record: a path, or several together. A record whose key came before in the "
            + "walk is left out; one that has no key (a part is missing or null) is kept, with a warning.",
        examples: [.string("id"), .array([.string("account.id"), .string("date")])])

    private static let duplicatesDefaults = DuplicatesPlan()
    static let duplicates: Key = .init(
        "duplicates", .choice([.text(.one(of: ["drop", "keep"])), .object(duplicatesMemory)]),
        "With a \"key\": whether a record that comes twice in a walk is handed over once or twice, or how many keys are "
            + "remembered for that.",
        default: .string("drop"))
    private static let duplicatesMemory: ObjectShape = .init(
        title: "Remembered keys", description: "A key takes about 32 bytes of memory.",
        keys: [
            Key("max_keys", .integer(2...1_000_000_000), "How many.", default: .int(duplicatesDefaults.maxKeys)),
            Key(
                "when_full", .text(.one(of: ["forget", "fail"])),
                "Forget the older half, with a warning, or end the walk with an error.", default: .string("forget")),
            Key(
                "across_runs", .flag,
                "In a job with a state: a record that an earlier run wrote is left out when it comes again with the same "
                    + "content, whatever the order of its members. One that has changed passes, as an update. The job's "
                    + "output keeps its runs then (\"runs\": \"keep\").",
                default: .bool(false)),
        ])

    private static let pathsOfMany = Shape.list(.text(.pathOfMany), count: 1...32)
    private static let recordsObject: ObjectShape = .init(
        title: "Records",
        description:
            "Where the records are and what becomes of them: shape, filter, duplicates (\"key\"), additions, in "
            + "this order. Stop rules count what the server sent.",
        keys: [
            Key("path", .text(.pathOfMany), "Where they are. Found by detection when no place is given."),
            Key("or", pathsOfMany, "The first of these places that is there and not null."),
            Key("union", pathsOfMany, "All of these places, one after the other."),
            Key("shape", .named(shape), "How the value there becomes records. A text is short for {\"type\": text}."),
            Key("filter", .named(filter), "Only the records for which this holds are handed over."),
            Key(
                "add", .map(names: .line(1...256), values: .named(addition)),
                "Members that each record is given, behind its own. A record that has one of them already is an error.",
                examples: [.object([member("source", "crm"), .init(name: "tenant", value: object("param", "tenant"))])]),
        ],
        exclusive: [["path", "or", "union"]])

    // MARK: shapes

    static let defaultScalarField = "value"
    private static let shape: Shape.Definition = .init("shape", "How the value at the records' place becomes records.")
    {
        .choice([.text(.one(of: ["object_map", "scalars", "rows_with_header", "columns"])), .tagged(shapes)])
    }
    private static let shapes: [ObjectShape] = [
        ObjectShape(
            title: "Object map", tag: "object_map", description: "The values of an object are the records.",
            keys: [
                Key(
                    "key_field", .text(.line(1...256)),
                    "A member that each record is given with its name in the object."),
                Key(
                    "value_field", .text(.line(1...256)),
                    "The value goes into this member of a new record, for values that are no objects."),
            ]),
        ObjectShape(
            title: "Scalars", tag: "scalars", description: "A list of plain values; each is wrapped in an object.",
            keys: [
                Key("field", .text(.line(1...256)), "The member for the value.", default: .string(defaultScalarField))
            ]),
        ObjectShape(
            title: "Rows with a header", tag: "rows_with_header",
            description: "A list of lists. A row may have fewer values than there are names, not more.",
            keys: [
                Key(
                    "names", .text(.pathOfMany),
                    "Where the body has the names: a list, or \"columns[*].name\". The first row when absent.")
            ]),
        ObjectShape(
            title: "Columns", tag: "columns",
            description: "An object of lists of equal length: the record number n has the n-th value of each list. "
                + "Members that are no lists are left out.", keys: []),
        ObjectShape(
            title: "Children", tag: "explode",
            description: "The children of each record are the records. Stop rules count the parents.",
            keys: [
                Key(
                    "path", .text(.pathOfMany), "Where the children are in a record; missing or null is none.",
                    required: true, examples: [.string("line_items")]),
                Key(
                    "carry", .map(names: .line(1...256), values: .text(.path)),
                    "Members that each child is given: the name there, and the path in the parent. What the parent lacks "
                        + "is left out.",
                    examples: [object("order_id", "id")]),
            ]),
    ]

    // MARK: filters

    private static let operand: Shape.Definition = .init("operand", "What a value is compared with.") {
        .choice([.line, .number, .flag, .null, .object(parameterObject)])
    }
    static let filter: Shape.Definition = .init(
        "filter",
        "A condition on a record's own fields, or conditions joined by and, or, not. Numbers compare as numbers, exactly; "
            + "texts by their code points. What is missing equals nothing, not even null, so \"!=\" holds for it."
    ) { .keyed(filters) }
    private static let filters: [ObjectShape] = [
        ObjectShape(
            title: "All", description: "All of them hold.",
            keys: [Key("and", .list(.named(filter), count: 1...100), "The conditions.", required: true)]),
        ObjectShape(
            title: "Any", description: "One of them holds.",
            keys: [Key("or", .list(.named(filter), count: 1...100), "The conditions.", required: true)]),
        ObjectShape(
            title: "Not", description: "It does not hold.",
            keys: [Key("not", .named(filter), "The condition.", required: true)]),
        ObjectShape(
            title: "Condition", description: "What a field must be.",
            keys: [
                Key("path", .text(.path), "Where the field is in a record.", required: true),
                Key(
                    "op", .text(.one(of: RecordFilter.Operator.allCases.map(\.rawValue))),
                    "How it is compared. \"in\" takes \"values\"; \"exists\" takes neither and holds for null, too.",
                    default: .string(RecordFilter.Operator.equal.rawValue)),
                Key("value", .named(operand), "What it is compared with."),
                Key("values", .list(.named(operand), count: 0...10_000), "One of them, with \"in\"."),
            ], exclusive: [["value", "values"]]),
    ]

    // MARK: additions

    private static let addition: Shape.Definition = .init("addition", "What a member is given.") {
        .choice([
            .line, .number, .flag, .null,
            .keyed([
                parameterObject,
                ObjectShape(
                    title: "Added value of the walk",
                    description: "What the stream is walked over, or carries along, as it stood in its parent.",
                    keys: [Key("over", .text(.parameter), "Its name.", required: true, examples: [.string("user_id")])]),
                ObjectShape(
                    title: "Added constant", description: "Any JSON value.",
                    keys: [Key("value", .any, "The value.", required: true)]),
            ]),
        ])
    }
}
