extension Source {
    /// Reads and checks a source document; looks up what it refers to.
    public static func parse(
        document: JSONValue, options: ClientOptions = ClientOptions(), references: some References
    ) throws(Failure) -> Source {
        let given = DocumentPlace(.object([]), at: JSONPointer().appending("params"))
        var known: any References = references
        if let path = options.environmentFile, !options.skipsSecrets {
            do throws(ReferenceError) {
                known = ReferencesWithFile(outer: references, file: try EnvironmentFile(try references.file(path.text)))
            } catch {
                throw path.place.failure("the file \(MessageText.quoted(path.text)) \(error.reason)", code: .auth)
            }
        }
        var source = try parse(
            DocumentPlace(document), options.parameters, givenAt: given, known, skipsSecrets: options.skipsSecrets)
        if let trace = options.traceparent {
            source.headers.removeAll { ASCII.equalsIgnoringCase($0.name, "traceparent") }
            source.headers.append(.init(name: "traceparent", value: .plain(trace)))
        }
        try source.check(options.hosts)
        return source
    }

    static func parse(
        _ place: DocumentPlace, _ parameters: Parameters, givenAt given: DocumentPlace, _ references: any References,
        skipsSecrets: Bool = false
    ) throws(Failure) -> Source {
        try place.check(.object(Vocabulary.source))
        var parser = DocumentParser(references: references)
        parser.context.parameters = parameters
        parser.context.skipsSecrets = skipsSecrets
        let source = try parser.source(place)
        for name in parameters.names where !parser.askedParameters.contains(name) {
            throw given.failure(
                "the source document has no parameter \(MessageText.quoted(name))"
                    + NearestName.hint(name, in: parser.askedParameters.sorted()), at: given.pointer.appending(name))
        }
        return source
    }
}

/// What a client adds to its source document.
public struct ClientOptions: Sendable {
    var parameters = Parameters()
    /// Nothing is looked up and nothing can be sent.
    var skipsSecrets = false
    var environmentFile: (text: String, place: DocumentPlace)?
    var traceparent: String?
    public private(set) var log: LogPlan?
    /// The host's own list, besides the document's.
    var hosts: DocumentPlace?

    public init() {}

    public static func parse(_ value: JSONValue) throws(Failure) -> ClientOptions {
        let place = DocumentPlace(value)
        try place.check(.object(Vocabulary.clientOptions))
        var options = ClientOptions()
        options.parameters.add(place["params"])
        if let file = place["env_file"], let path = file.value.string { options.environmentFile = (path, file) }
        options.traceparent = place["traceparent"]?.value.string
        options.log = try place["log"].map { log throws(Failure) in try LogPlan.read(log) }
        options.hosts = place["hosts"]
        options.skipsSecrets = place["secrets"]?.value.string == "skip"
        return options
    }
}

extension DocumentParser {
    mutating func source(_ place: DocumentPlace) throws(Failure) -> Source {
        var transport = Source.defaultTransport
        Vocabulary.connections.apply(place["connections"], to: &transport)
        if let agent = place["user_agent"]?.value.string { transport.userAgent = agent }
        if let connections = place["connections"] { try check(transport, connections) }

        var source = Source(baseURL: try baseURL(place["base_url"] ?? place), transport: transport)
        source.name = place["name"]?.value.string
        source.headers = try headers(place["headers"])
        source.query = try pairs(place["query"])
        try auth(place["auth"], of: &source)
        if let limits = place["limits"] {
            source.limits = try Self.limits(limits, streams: place["streams"]?.members.map(\.name) ?? [])
        }
        try Self.servers(place, &source)
        Vocabulary.retry.apply(place["retry"], to: &source.retry)
        if let retry = place["retry"], source.retry.cap < source.retry.base {
            throw (retry["cap"] ?? retry["base"] ?? retry).failure("\"cap\" is below \"base\"")
        }
        source.errors = try Self.errorRules(place["errors"])
        try Self.check(source.errors, of: source)
        Vocabulary.timeouts.apply(place["timeouts"], to: &source.transfer)
        Vocabulary.caps.apply(place["caps"], to: &source.transfer)
        if let redirects = place["max_redirects"]?.value.int { source.maxRedirects = redirects }
        for origin in place["other_origins"]?.elements ?? [] {
            guard let url = try? WebURL(origin.value.string ?? "") else { throw origin.failure("expected an origin") }
            if !source.otherOrigins.contains(url.origin) { source.otherOrigins.append(url.origin) }
        }

        try source.check(place["hosts"])

        context.definitions = place["streams"]?.value.members ?? []
        for (name, stream) in place["streams"]?.members ?? [] {
            missingParameters = []
            var plan = try self.stream(stream, name: name, in: source)
            plan.missingParameters = missingParameters ?? []
            try Self.check(plan.errors, of: source)
            missingParameters = nil
            source.streams.append(plan)
        }
        source.context = context
        return source
    }

    private mutating func baseURL(_ place: DocumentPlace) throws(Failure) -> WebURL {
        let text: String
        if let literal = place.value.string { text = literal } else { text = try parameter(place) }
        let origin = place["param"]?.value.string.map { "parameter \"\($0)\": " } ?? ""
        do throws(WebURLError) {
            let url = try WebURL(text)
            if url.fragment == nil { return url }
        } catch { throw place.failure(origin + error.reason) }
        throw place.failure("\(origin)the URL has a fragment (#…), which is never sent")
    }

    private func check(_ settings: TransportSettings, _ place: DocumentPlace) throws(Failure) {
        if settings.maxIdleConnections > settings.maxConnections {
            throw (place["idle"] ?? place["total"] ?? place).failure(
                "\"idle\" (\(settings.maxIdleConnections)) is above \"total\" (\(settings.maxConnections))")
        }
        if settings.clientKeyFile != nil, settings.clientCertificateFile == nil, let key = place["client_key_file"] {
            throw key.failure("\"client_key_file\" needs \"client_certificate_file\" beside it")
        }
    }
}
