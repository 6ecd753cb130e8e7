extension Vocabulary {
    static let stream: Shape.Definition = .init("stream", "One endpoint that yields records.") { .object(streamObject) }

    static let streamObject: ObjectShape = .init(
        title: "Stream", description: "One endpoint that yields records.",
        keys: [
            Key("description", .text(.block), "For people. Ignored."),
            path,
            Key(
                "method", .text(.one(of: ["GET", "POST"])), "Of every page's request.",
                default: .string(streamDefaults.request.method)),
            Key("query", .named(query), "Kept on every page."),
            Key("headers", .named(headers), "Sent with every page's request."),
        ] + bodies + [
            Key(
                "idempotent", .flag,
                "Sending it twice does no harm, so it may be retried. By the method when absent: true for GET, false "
                    + "for POST. A POST that only reads is true."),
            streamKey,
            records,
            Key(
                "missing_records", .text(.one(of: ["error", "empty"])),
                "What a body without the record list is: an error, or an empty page.", default: .string("error")),
            key, duplicates, errors("Before the source's."),
            Key(
                "pagination", .named(pagination),
                "How pages follow each other. Found from the first response when absent.",
                default: .string("detect"), examples: [.string("cursor")]),
            Key(
                "over", .named(over), "What the stream is walked over, such as the records of a parent stream.",
                examples: [.object([member("stream", "users"), member("key", "id"), member("as", "user_id")])]),
            incremental, cost, expect,
            Key("timeouts", .named(timeoutsPart), "Instead of the source's, key by key."),
            Key("caps", .named(capsPart), "Instead of the source's, key by key."),
        ] + walk,
        exclusive: [["json", "graphql", "form", "text"], ["fields", "form"], ["fields", "text"]],
        dependent: [("content_type", "text")])

    private static let streamDefaults = Stream(name: "", request: RequestPlan())

    private static let path: Key = .init(
        "path", .text(.line(0...4096)),
        "Joined to the base URL, or an absolute URL. A {name} in it is a parameter or the pagination's slot; {page.token} "
            + "and {page.size} stand for themselves.",
        required: true, examples: [.string("/users"), .string("/users/{user_id}/posts")])

    private static let bodies: [Key] = [
        Key(
            "json", .any,
            "The body, sent as JSON. Texts in it may have places; one that is nothing but a place, \"{page.size}\", becomes "
                + "the value itself: a number is a number, and what has no value yet is null.",
            examples: [.object([member("status", "open")])]),
        Key("graphql", .object(graphQL), "The body, as a GraphQL request; POST unless \"method\" says otherwise."),
        Key(
            "fields", .list(.object(jsonField), count: 1...1000),
            "Members of the JSON body that not every request carries, or whose values come from responses."),
        Key("form", .named(form), "The body, as form fields."),
        Key("text", .text(.block), "The body, as text."),
        Key("content_type", .filledLine, "Of a text body.", default: .string(defaultContentType)),
    ]
    private static let graphQL: ObjectShape = .init(
        title: "GraphQL request",
        description: "Errors in the answer are told; without data, or without the records, they fail the page.",
        keys: [
            Key(
                "query", .text(.block), "The document. A query (not a mutation) is idempotent.", required: true,
                examples: [.string("query($after: String) { users(after: $after) { nodes { id } } }")]),
            Key(
                "variables", .map(names: .line(1...1024), values: .any),
                "By name. The cursor's is {\"slot\": {\"in\": \"graphql\", \"name\": \"after\"}} or \"{page.token}\"."),
            Key("operationName", .text(.line(1...1024)), "Which operation of the document."),
        ])
    private static let jsonField: ObjectShape = .init(
        title: "Body field", description: "A member of the JSON body, and which requests carry it.",
        keys: [
            Key(
                "in", .text(.one(of: ["json", "graphql"])), "A member of the body, or a GraphQL variable.",
                required: true),
            Key(
                "name", .choice([.text(.line(1...1024)), .list(.text(.line(1...1024)), count: 1...16)]),
                "Its name, or a list of names from the top.", required: true),
            Key("value", .named(textValue), "The value.", required: true),
        ] + presence)
    static let defaultContentType = "text/plain; charset=utf-8"

    /// How far and how fast a walk goes: of a stream, and of a paginator instead of the stream's.
    private static let walk: [Key] = [
        Key("max_pages", .integer(1...1_000_000_000_000), "The walk ends after so many pages. No limit when absent."),
        Key(
            "max_records", .integer(1...1_000_000_000_000_000),
            "The walk ends after so many records. No limit when absent."),
        Key(
            "read_ahead", .choice([.integer(0...1000), .object(readAhead)]),
            "What may be under way or ready before the host takes it: a number of pages, or pages and bytes. 0 fetches "
                + "on demand. With \"parallel\" twice that many pages when absent.",
            default: .int(Stream.defaultReadAhead)),
        Key(
            "parallel", .integer(1...mostParallel),
            "How many pages are under way at once, as far as the limits and \"read_ahead\" allow; for the paginations "
                + "\"offset\" and \"page\". Once the first page has shown how long pages are: exactly the pages there are "
                + "if the server tells of them (\"total\", \"last_page\", \"total_pages\" or a Link header with "
                + "rel=\"last\"), else so many ahead, and what is asked for beyond the end is ignored.",
            default: .int(streamDefaults.parallel), examples: [.int(8)]),
        Key(
            "order", .text(.one(of: ["pages", "any"])),
            "With \"parallel\": whether pages are handed over in their order, or as they come.",
            default: .string("pages")),
        lookAhead, priority,
    ]
    static let mostParallel: Int64 = 256

    private static let lookAhead: Key = .init(
        "look_ahead", .flag,
        "Whether the request for a page leaves as soon as it is known what to ask for, which is before the page in front "
            + "of it is handed over; and before its body is in, where the head of the response says all that matters (a "
            + "Link header, a cursor in a header). False: when the host asks for the page.",
        default: .bool(streamDefaults.lookAhead))

    private static let readAhead: ObjectShape = .init(
        title: "Read-ahead", description: "Whichever is reached first.",
        keys: [
            Key("pages", .integer(0...1000), "Pages.", default: .int(Stream.defaultReadAhead)),
            Key("bytes", .size(0...(1 << 40)), "Decoded bytes.", default: .int(streamDefaults.readAheadBytes)),
        ])

    static let request: ObjectShape = .init(
        title: "Request", description: "A single request.",
        keys: [
            Key(
                "method", .text(.one(of: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])), "The method.",
                default: .string(RequestPlan().method)),
            path,
            Key("params", .named(parameters), "Besides the client's, and before them."),
            Key("query", .named(query), "Query parameters."),
            Key("headers", .named(headers), "Header fields."),
        ] + bodies + [
            Key(
                "idempotent", .flag,
                "Sending it twice does no harm, so it may be retried. By the method when absent (RFC 9110 section 9.2.2)."
            ),
            Key(
                "idempotency_key", .choice([.flag, .text(.line(1...255))]),
                "Sent as Idempotency-Key, or in the header that the source names: the server carries the request out once "
                    + "however often it arrives, so it may be retried. True: one is made. A key that is kept and given again "
                    + "serves after a restart, too. By the source's \"idempotency_key\" when absent."),
            Key(
                "accept_status", statuses, "Statuses of 400 and more that are an answer, not an error.",
                default: .array([])),
            cost, priority,
            Key("timeouts", .named(timeoutsPart), "Instead of the source's, key by key."),
            Key("caps", .named(capsPart), "Instead of the source's, key by key."),
        ],
        exclusive: [["json", "graphql", "form", "text"], ["fields", "form"], ["fields", "text"]],
        dependent: [("content_type", "text")])

    // MARK: options

    static let parameters: Shape.Definition = .init(
        "parameters", "Values for {\"param\": name} and {name} in paths. A list is for \"over\"."
    ) {
        .map(
            names: .parameter,
            values: .choice([.line, .number, .flag, .list(.choice([.filledLine, .number]), count: 0...100_000)]))
    }

    static let clientOptions: ObjectShape = .init(
        title: "Client options", description: "What a client adds to its source document.",
        keys: [
            Key(
                "params", .named(parameters), "Values of the document's parameters.", default: .object([]),
                examples: [object("base_url", "https://sandbox.example.com")]),
            Key(
                "secrets", .text(.one(of: ["read", "skip"])),
                "Whether secrets are read and checked at once. Without them a document can be checked and explained "
                    + "(where there are none, as in CI), but no request can be sent.", default: .string("read")),
            Key(
                "env_file", .text(.line(1...4096)),
                "A file of NAME=value lines for variables that the process's environment does not have. Read only when named "
                    + "here.", examples: [.string(".env")]),
            traceparent, hosts,
        ] + observationKeys)

    static let paginatorOptions: ObjectShape = .init(
        title: "Paginator options", description: "Which stream is walked, and how far.",
        keys: [
            Key(
                "stream", .choice([.text(.line(1...4096)), .named(stream)]),
                "The name of a stream of the source; a path that begins with \"/\"; or a stream described on the spot.",
                required: true, examples: [.string("users"), object("path", "/users")]),
            Key("params", .named(parameters), "Besides the client's, and before them.", default: .object([])),
            Key("query", .named(query), "Query parameters of every page, instead of the stream's of the same name."),
            Key(
                "checkpoint", .text(.block),
                "Where an earlier walk stood: the text that one of its pages had. The walk goes on behind that page. Of a "
                    + "stream that is read incrementally, when that page was the last one: the next run begins where that "
                    + "one ended. Refused when what the stream asks for, its pagination, its records or its key have changed "
                    + "since. Keys of records seen before it are not known."),
        ] + walk)

    static let job: ObjectShape = .init(
        title: "Job", description: "One run of one or more sources into files.",
        keys: [
            Key("source", sourceOrFile, "The one source of the job: short for \"sources\" with one element."),
            Key("streams", jobStreams, "With \"source\": which of its streams. All when absent."),
            Key("params", .named(parameters), "With \"source\": values of its parameters.", default: .object([])),
            Key("sources", .list(.object(jobSource), count: 1...1000), "All at once, each with its own limits."),
            Key(
                "limiter", .named(limiter),
                "A budget of all sources together, besides the limits of each. With \"share\" it is one with other processes, "
                    + "and runs that are killed and begun anew keep within it, too.",
                examples: [
                    .object([
                        member("limits", "10/s"), .init(name: "share", value: object("file", "/run/example.budget")),
                    ])
                ]),
            Key("output", .object(jobOutput), "Where the records go.", required: true),
            Key(
                "state", state,
                "What keeps where each stream stands: a file (SQLite; made when missing), redis://…?prefix=…, or \"host:\" and "
                    + "the name of a store that the program has registered. With it a run that was interrupted, however that "
                    + "came, is taken up where its files end: each record is in them exactly once. Without it it begins anew.",
                examples: [.string("state.db"), .string("redis://127.0.0.1:6379/0?prefix=shop"), .string("host:mine")]),
            Key(
                "max_duration", .duration(.milliseconds(1) ... .seconds(366 * 86_400)),
                "The run stops in good order when so much time has passed, and goes on with the next one.",
                examples: [.string("55m")]),
            commitEvery, batchRecords, jobDrift,
        ] + observationKeys,
        exclusive: [["source", "sources"], ["streams", "sources"], ["params", "sources"]],
        needsOneOf: ["sources", "source"],
        dependent: [("max_duration", "state"), ("commit_every", "state"), ("drift", "state")])

    private static let sourceOrFile = Shape.choice([.text(.line(1...4096)), .named(sourceDocument)])
    static let sourceDocument: Shape.Definition = .init("source", "A source document.") { .object(source) }
    private static let jobStreams = Shape.list(.text(.name), count: 1...10_000)

    private static let jobSource: ObjectShape = .init(
        title: "Source of a job", description: "A source and which of its streams are run.",
        keys: [
            Key(
                "name", .text(.name),
                "Goes into file names. When absent: the document's own name, or that of its file; needed where both "
                    + "are missing and the job has several sources."),
            Key("source", sourceOrFile, "The document, or the path of its file.", required: true),
            Key("streams", jobStreams, "Which of its streams. All when absent."),
            Key("params", .named(parameters), "Values of its parameters.", default: .object([])),
            Key("limiter", .named(limiter), "A budget of this source, as the job's \"limiter\" is of all."),
        ])

    private static let jobOutput: ObjectShape = .init(
        title: "Output", description: "JSON Lines files, one for each stream.",
        keys: [
            Key("directory", .text(.line(1...4096)), "Where they go. Made when missing.", required: true), outputRuns,
            outputCompress, outputRotate, outputCanonicalHash,
        ])

    static let example = JSONValue.object([
        member("base_url", "https://api.example.com/v1"),
        .init(
            name: "auth",
            value: .object([member("type", "bearer"), .init(name: "token", value: object("env", "EXAMPLE_TOKEN"))])),
        .init(
            name: "limits",
            value: .array([
                .object([
                    .init(name: "requests", value: .int(10)), member("per", "1s"),
                    .init(name: "burst", value: .int(50)),
                ]),
                .object([.init(name: "requests", value: .int(5000)), member("per", "1h")]),
                .object([.init(name: "concurrent", value: .int(8))]),
            ])),
        .init(
            name: "streams",
            value: .object([
                .init(
                    name: "users",
                    value: .object([
                        member("path", "/users"), member("records", "data"), member("key", "id"),
                        .init(
                            name: "pagination",
                            value: .object([
                                member("type", "cursor"), member("param", "cursor"),
                                .init(name: "from", value: object("body", "next_cursor")),
                                .init(
                                    name: "size",
                                    value: .object([member("param", "limit"), .init(name: "value", value: .int(100))])),
                            ])),
                    ])),
                .init(
                    name: "events",
                    value: .object([
                        member("path", "/events"),
                        .init(
                            name: "pagination",
                            value: .object([
                                member("type", "offset"),
                                .init(name: "size", value: .object([.init(name: "value", value: .int(100))])),
                            ])),
                    ])),
                member("teams", "/teams"),
            ])),
    ])
}
