extension Source {
    /// Reads and checks a source document; looks up what it refers to.
    public static func parse(
        document: JSONValue, options: ClientOptions = ClientOptions(), references: some References
    ) throws(Failure) -> Source {
        let given = DocumentPlace(.object([]), at: JSONPointer().appending("params"))
        return try parse(
            DocumentPlace(document), options.parameters, givenAt: given, references, skipsSecrets: options.skipsSecrets)
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

    public init() {}

    public static func parse(_ value: JSONValue) throws(Failure) -> ClientOptions {
        let place = DocumentPlace(value)
        try place.check(.object(Vocabulary.clientOptions))
        var options = ClientOptions()
        options.parameters.add(place["params"])
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
        source.auth = try auth(place["auth"], headers: source.headers, query: source.query)
        if let limits = place["limits"] { source.limits = try Self.limits(limits) }
        Vocabulary.retry.apply(place["retry"], to: &source.retry)
        if let retry = place["retry"], source.retry.cap < source.retry.base {
            throw (retry["cap"] ?? retry["base"] ?? retry).failure("\"cap\" is below \"base\"")
        }
        source.errors = try Self.errorRules(place["errors"])
        Vocabulary.timeouts.apply(place["timeouts"], to: &source.transfer)
        Vocabulary.caps.apply(place["caps"], to: &source.transfer)
        if let redirects = place["max_redirects"]?.value.int { source.maxRedirects = redirects }
        for origin in place["other_origins"]?.elements ?? [] {
            guard let url = try? WebURL(origin.value.string ?? "") else { throw origin.failure("expected an origin") }
            if !source.otherOrigins.contains(url.origin) { source.otherOrigins.append(url.origin) }
        }

        context.definitions = place["streams"]?.value.members ?? []
        for (name, stream) in place["streams"]?.members ?? [] {
            missingParameters = []
            var plan = try self.stream(stream, name: name, in: source)
            plan.missingParameters = missingParameters ?? []
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

    // MARK: auth

    private mutating func auth(
        _ place: DocumentPlace?, headers: [RequestPlan.NamedText], query: [RequestPlan.NamedText]
    ) throws(Failure) -> Source.Auth {
        var credentials: [Source.Credential] = []
        for element in place?.elements ?? [] {
            guard let credential = try credential(element) else {
                if place?.value.array != nil { throw element.failure("type \"none\" has no place in a list") }
                continue
            }
            if credentials.contains(where: { Self.isSame($0.slot, credential.slot) }) {
                throw element.failure("two credentials go into the same \(Self.described(credential.slot))")
            }
            let isTaken =
                switch credential.slot {
                case .header(let name): headers.contains { ASCII.equalsIgnoringCase($0.name, name) }
                case .query(let name): query.contains { $0.name == name }
                default: false
                }
            if isTaken { throw element.failure("the \(Self.described(credential.slot)) is set by the document, too") }
            credentials.append(credential)
        }
        return credentials.isEmpty ? .none : .fixed(credentials)
    }

    private mutating func credential(_ place: DocumentPlace) throws(Failure) -> Source.Credential? {
        switch place["type"]?.value.string {
        case "api_key":
            let header = place["header"]?.value.string ?? Vocabulary.defaultKeyHeader
            let slot = place["query"]?.value.string.map { Slot.query($0) } ?? .header(header)
            if case .header = slot, place["header"] != nil, let reason = Self.reason(againstHeader: header) {
                throw (place["header"] ?? place).failure("the header can't be set here: \(reason)")
            }
            let value = try filled(place["value"] ?? place)
            return .init(
                slot: slot, prefix: place["prefix"]?.value.string ?? "", secret: value,
                origin: Self.origin(of: place["value"]))
        case "bearer":
            return .init(
                slot: .header("Authorization"), prefix: "Bearer ", secret: try filled(place["token"] ?? place),
                origin: Self.origin(of: place["token"]))
        case "basic":
            let username = try optional(place["username"])
            let password = try optional(place["password"])
            if username.isEmpty, password.isEmpty {
                throw place.failure("\"username\" and \"password\" are both empty", code: .auth)
            }
            if username.utf8.contains(UInt8(ascii: ":")) {
                throw (place["username"] ?? place).failure(
                    "a username can't hold a colon (RFC 7617 section 2)", code: .auth)
            }
            let joined = Base64.encode(Array("\(username):\(password)".utf8))
            return .init(
                slot: .header("Authorization"), prefix: "Basic ", secret: Secret(joined),
                origin: Self.origin(of: place["password"] ?? place["username"]))
        default: return nil
        }
    }

    static let literalOrigin = "the document itself"

    /// For people.
    private static func origin(of place: DocumentPlace?) -> String {
        if let name = place?["env"]?.value.string { return "environment variable \(MessageText.quoted(name))" }
        if let path = place?["file"]?.value.string { return "file \(MessageText.quoted(path))" }
        if let name = place?["param"]?.value.string { return "parameter \(MessageText.quoted(name))" }
        return literalOrigin
    }

    private mutating func optional(_ place: DocumentPlace?) throws(Failure) -> String {
        guard let place else { return "" }
        return try secret(place).reveal()
    }

    private mutating func filled(_ place: DocumentPlace) throws(Failure) -> Secret {
        let secret = try secret(place)
        if secret.isEmpty { throw place.failure("the secret is empty", code: .auth) }
        return secret
    }

    private static func isSame(_ a: Slot, _ b: Slot) -> Bool {
        if case .header(let one) = a, case .header(let other) = b { return ASCII.equalsIgnoringCase(one, other) }
        return a == b
    }

    static func described(_ slot: Slot) -> String {
        switch slot {
        case .query(let name): "query parameter \(MessageText.quoted(name))"
        case .header(let name): "header \(MessageText.quoted(name))"
        case .json(let names): "JSON member \(MessageText.quoted(names.joined(separator: ".")))"
        case .form(let name): "form field \(MessageText.quoted(name))"
        case .path(let name): "path placeholder {\(Sanitized.text(name, most: 80))}"
        case .url: "URL"
        case .placeholder: "request's texts"
        }
    }
}
