/// Every key of a source document: shapes, bounds, defaults and descriptions, from which documents are checked and the
/// JSON Schema is written.
enum Vocabulary {
    static let source: ObjectShape = .init(
        title: "Penstock source document",
        description: "One API: where it is, how it is authenticated, what it allows, and its streams. Durations are "
            + "texts with a unit (\"1.5s\", \"24h\"); keys that end in _bytes take a number or a text (\"64MiB\").",
        keys: [
            Key("$schema", .line, "The schema that an editor checks this document with. Ignored."),
            Key("description", .text(.block), "For people. Ignored."),
            Key("name", .text(.name), "A name for messages and files.", examples: [.string("example")]),
            Key(
                "base_url", .choice([.text(.url), .named(parameter)]),
                "Paths are joined to it. A parameter lets sandbox and production share one document.", required: true,
                examples: [.string("https://api.example.com/v1"), object("param", "base_url")]),
            Key(
                "auth", .choice([.named(auth), .list(.named(auth), count: 1...8)]),
                "Credentials of every request to the origin of the base URL, and to no other; a list sends several at "
                    + "once. None when absent.",
                examples: [
                    .object([member("type", "bearer"), .init(name: "token", value: object("env", "API_TOKEN"))])
                ]),
            Key("headers", .named(headers), "Sent with every request."),
            Key("query", .named(query), "Query parameters of every request."),
            Key(
                "limits", .named(limits), "What the server allows. All of them hold at once. None when absent.",
                examples: [.string("10/s")]),
        ] + serverKeys + [
            sourceKey,
            Key("retry", .object(retry.shape), "When a failed request is sent again."),
            errors("In this order, before the built-in rules."),
            Key("timeouts", .named(timeoutsPart), "How long a request may take."),
            Key("caps", .named(capsPart), "How large a response may be."),
            Key("connections", .object(connections.shape), "How connections are made and kept."),
            Key(
                "max_redirects", .integer(0...20), "How many redirects one request follows; 0 follows none.",
                default: .int(Source.defaultMaxRedirects)),
            Key(
                "other_origins", .list(.text(.origin), count: 0...100),
                "Origins besides the base URL's that links and redirects may lead to; without credentials.",
                default: .array([]), examples: [.array([.string("https://files.example.com")])]),
            hosts,
            Key(
                "user_agent", .filledLine, "The User-Agent header.",
                default: .string(Source.defaultTransport.userAgent)),
            Key(
                "streams", .map(names: .name, values: .choice([.text(.line(1...4096)), .named(stream)])),
                "The endpoints that yield records, by name. A text is short for {\"path\": text}.",
                default: .object([]), examples: [.object([member("users", "/users")])]),
        ])

    static let hosts: Key = .init(
        "hosts", .list(.text(.line(1...256)), count: 1...1000),
        "The only hosts that base URL, other_origins and token requests may be on, whatever parameters say; * stands for any "
            + "text. All when absent.", examples: [.array([.string("api.example.com"), .string("*.example.net")])])

    /// The other JSON texts that functions take, as "$defs" of the schema.
    static let otherTexts: [(String, Shape)] = [
        ("acquire", .object(acquire)), ("client_options", .object(clientOptions)),
        ("events_options", .object(eventsOptions)), ("job", .object(job)),
        ("limiter", limiter.shape()),
        ("paginator_options", .object(paginatorOptions)), ("request", .object(request)),
        ("trace_options", .object(traceOptions)),
    ]

    static let retry: Settings<RetryPlan> = .init(
        "Retries", "Exponential backoff with jitter; a server's Retry-After comes first.", defaults: RetryPlan(),
        [
            .integer("attempts", \.maxAttempts, 1...100, "How often a request is sent at most; the first one counts."),
            .duration(
                "base", \.base, .milliseconds(1) ... .seconds(3600),
                "The backoff after the first failure; doubled each time."),
            .duration("cap", \.cap, .milliseconds(1) ... .seconds(86_400), "The longest backoff."),
            .duration(
                "max_retry_after", \.maxRetryAfter, .zero ... .seconds(604_800),
                "The longest wait that a server may ask for; above it the request fails and says when to come back."),
            .duration(
                "max_elapsed", \.maxElapsed, .milliseconds(1) ... .seconds(604_800),
                "All attempts and backoffs of one request, without the waits that the server asked for."),
            .duration(
                "max_throttle_wait", \.maxThrottleWait, .zero ... .seconds(604_800),
                "All waits of one request that the server asked for."),
            .integer(
                "budget_percent", \.budgetPercent, 0...1000,
                "How many repetitions there may be for a hundred requests to the host in the last ten seconds, whoever makes "
                    + "them; further ones are put off."),
            .integer(
                "budget_least", \.budgetLeast, 0...1_000_000,
                "Repetitions a second that are allowed besides that share."),
            .statuses("statuses", \.statuses, "HTTP statuses that are tried again, besides connection errors."),
        ])

    static let statuses = Shape.list(.integer(400...599), count: 0...200)

    static let timeoutsPart: Shape.Definition = .init("timeouts", "How long a request may take.") {
        .object(timeouts.shape)
    }
    static let capsPart: Shape.Definition = .init("caps", "How large a response may be.") { .object(caps.shape) }
    private static let timeoutBounds = Timespan.milliseconds(1) ... .seconds(86_400)
    static let timeouts: Settings<TransferLimits> = .init(
        "Timeouts", "Each of them has an end.", defaults: TransferLimits(),
        [
            .duration("connect", \.connect, timeoutBounds, "Name lookup, connection and TLS."),
            .duration(
                "first_byte", \.firstByte, timeoutBounds,
                "From the end of the request to the first byte of the response."),
            .duration("idle", \.idle, timeoutBounds, "The longest silence in the middle of a response."),
            .duration("total", \.total, timeoutBounds, "One attempt as a whole."),
        ])

    static let caps: Settings<TransferLimits> = .init(
        "Caps", "A response that is larger fails and is not retried.", defaults: TransferLimits(),
        [
            .size("max_body_bytes", \.maxBodyBytes, 1...(1 << 40), "Of the body, decoded."),
            .size("max_wire_bytes", \.maxWireBytes, 1...(1 << 40), "Of the body as it comes over the wire."),
            .integer(
                "max_ratio", \.maxRatio, 1...1_000_000,
                "Decoded bytes for each byte on the wire, once more than 1 MiB is decoded."),
            .size("max_header_bytes", \.maxHeaderBytes, 256...(16 << 20), "Of all header fields together."),
            .integer("max_headers", \.maxHeaders, 1...100_000, "Header fields of one response."),
        ])

    static let connections: Settings<TransportSettings> = .init(
        "Connections", "Fixed for the life of a client.", defaults: Source.defaultTransport,
        exclusive: [["proxy", "environment_proxy", "block_private"]],
        [
            .count("idle", \.maxIdleConnections, 0...10_000, "Connections kept open between requests."),
            .count("total", \.maxConnections, 1...10_000, "Connections open at once."),
            .duration(
                "idle_expiry", \.idleExpiry, .milliseconds(1) ... .seconds(86_400),
                "How long an idle connection is kept."),
            .flag("http2", \.http2, "HTTP/2 where the server offers it over TLS."),
            .text(
                "ca_file", \.caFile, .line(1...4096), "A PEM file of certificate authorities, instead of the system's."),
            .text(
                "client_certificate_file", \.clientCertificateFile, .line(1...4096),
                "A PEM file for TLS client authentication."),
            .text(
                "client_key_file", \.clientKeyFile, .line(1...4096),
                "The PEM file of its key, where that is not in the same file."),
            .text("proxy", \.proxy, .proxy, "None when absent.", examples: [.string("http://proxy.example.com:3128")]),
            .flag(
                "environment_proxy", \.useEnvironmentProxy, "Take the proxy from https_proxy, http_proxy and no_proxy."),
            .flag(
                "block_private", \.blockPrivate,
                "Connect to no loopback, private, link-local or reserved address, whatever name leads there: for documents and "
                    + "parameters that others wrote. It looks at addresses when it connects, so it can't be had with a proxy."
            ),
            .flag(
                "insecure_skip_verify", \.insecureSkipVerify,
                "Accept ANY certificate: whoever is on the way reads the credentials. For tests only."),
        ])

    // MARK: texts

    static let parameter: Shape.Definition = .init("parameter", "A value that comes through the API.") {
        .object(parameterObject)
    }
    static let parameterObject: ObjectShape = .init(
        title: "Parameter", description: "Filled in from \"params\" of the client's or paginator's options.",
        keys: [
            Key("param", .text(.parameter), "Its name.", required: true),
            Key("default", .named(scalar), "When it is not given. Without a default it must be."),
        ])
    static let scalar: Shape.Definition = .init("scalar", "A text, a number, or true or false.") {
        .choice([.line, .number, .flag])
    }
    static let references: [ObjectShape] = [
        parameterObject,
        ObjectShape(
            title: "Environment variable", description: "A secret, read and checked when the client is opened.",
            keys: [Key("env", .text(.variable), "Its name.", required: true)]),
        ObjectShape(
            title: "File",
            description: "A secret, read and checked when the client is opened; one line break at its end is cut off.",
            keys: [Key("file", .text(.line(1...4096)), "Its path.", required: true)]),
    ]
    /// A text that need not be secret.
    static let textValue: Shape.Definition = .init(
        "text",
        "A literal, in which {page.token}, {param.name}, {env.NAME}, {over.name} and other places are filled in; a "
            + "parameter; a secret from the environment or a file; or a value source, which looks at the response before. Any other brace "
            + "stands for itself; {{page.token}} is the text {page.token}. Texts of single requests and of a paginator's options "
            + "are taken as they are."
    ) { .choice([.line, .number, .flag, .keyed(references + [overValue, windowValue] + responseSources)]) }
    static let secret: Shape.Definition = .init(
        "secret", "Better a reference than a literal: {\"env\": …}, {\"file\": …} or {\"param\": …}. Never echoed."
    ) { .choice([.line, .keyed(references)]) }

    static let headers: Shape.Definition = .init("headers", "Header fields by name.") {
        .map(
            names: .headerName,
            values: .choice([
                .line, .number, .flag, .keyed(references + [overValue, windowValue] + responseSources + [field]),
            ]))
    }
    static let query: Shape.Definition = .init("query", "Query parameters by name; a list repeats the name.") {
        .map(
            names: .line(1...1024),
            values: .choice([
                .line, .number, .flag, .keyed(references + [overValue, windowValue] + responseSources + [listField]),
                .list(.named(textValue), count: 0...1000),
            ]))
    }
    private static let field = fieldObject(.named(textValue))
    private static let listField = fieldObject(
        .choice([
            .line, .number, .flag, .keyed(references + [overValue, windowValue] + responseSources),
            .list(.named(textValue), count: 0...1000),
        ]))
    private static func fieldObject(_ value: Shape) -> ObjectShape {
        ObjectShape(
            title: "Field", description: "A value, and which requests carry it.",
            keys: [Key("value", value, "The value.", required: true)] + presence)
    }
    static let presence: [Key] = [
        Key(
            "when", .text(.one(of: RequestPlan.When.allCases.map(\.rawValue))),
            "Which requests of a walk carry it.", default: .string(RequestPlan.When.always.rawValue)),
        Key(
            "omit_empty", .flag,
            "Left out when the value is empty or not there. When false, a value that a response should have given and did "
                + "not is an error.", default: .bool(false)),
    ]
    static let form: Shape.Definition = .init("form", "Form fields by name; a list repeats the name.") { .named(query) }

    // MARK: making

    static func member(_ name: String, _ text: String) -> JSONValue.Member { .init(name: name, value: .string(text)) }
    static func object(_ name: String, _ text: String) -> JSONValue { .object([member(name, text)]) }
}
