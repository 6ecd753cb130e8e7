// Credentials. Their texts are filled in when the document is read: nothing of them differs from page to page.

extension DocumentParser {
    mutating func auth(_ place: DocumentPlace?, of source: inout Source) throws(Failure) {
        var credentials: [Source.Credential] = []
        let elements = try chosen(place)
        for element in elements {
            guard let credential = try credential(element, of: &source) else {
                if elements.count > 1 { throw element.failure("type \"none\" has no place in a list") }
                continue
            }
            if credentials.contains(where: { $0.slot.overlaps(credential.slot) }) {
                throw element.failure("two credentials go into the same \(Self.described(credential.slot))")
            }
            if credentials.contains(where: { $0.slot.needsOtherBody(than: credential.slot) }) {
                throw element.failure(
                    "one credential goes into a form and another into a JSON body: no request has both")
            }
            let isTaken =
                switch credential.slot {
                case .header(let name): source.headers.contains { ASCII.equalsIgnoringCase($0.name, name) }
                case .query(let name): source.query.contains { $0.name == name }
                default: false
                }
            if isTaken { throw element.failure("the \(Self.described(credential.slot)) is set by the document, too") }
            credentials.append(credential)
        }
        source.auth = credentials.isEmpty ? .none : .fixed(credentials)
    }

    private mutating func credential(
        _ place: DocumentPlace, of source: inout Source
    ) throws(Failure) -> Source.Credential? {
        if let (slot, plan) = try token(place, of: source) {
            var credential = Source.Credential(slot: slot, secret: Secret(""))
            credential.origin =
                plan.host.map { "a token from the host's callback \(MessageText.quoted($0))" }
                ?? "a token from \((plan.first ?? plan.renewal)?.url.redacted() ?? "nowhere")"
            if let store = plan.store { credential.origin += ", kept in \(MessageText.quoted(store.file))" }
            credential.token = source.tokens.count
            source.tokens.append(plan)
            return credential
        }
        switch place["type"]?.value.string {
        case "api_key":
            let value = try filled(place["value"] ?? place)
            return .init(
                slot: try slot(ofCredential: place, defaultHeader: Vocabulary.defaultKeyHeader),
                prefix: try prefix(place),
                secret: value, origin: Self.origin(of: place["value"]))
        case "bearer":
            return .init(
                slot: .header("Authorization"), prefix: "Bearer ", secret: try filled(place["token"] ?? place),
                origin: Self.origin(of: place["token"]))
        case "basic":
            let username = try optional(place["username"])
            let password = try optional(place["password"])
            var credential = Source.Credential(
                slot: .header("Authorization"), prefix: "Basic ",
                secret: try basic(username, password, place),
                origin: Self.origin(of: password.isEmpty ? place["username"] : place["password"]))
            credential.parts = Self.basicParts(username, password, place["username"])
            return credential
        case "host_signature":
            guard source.hostSignature == nil else { throw place.failure("the host signs already") }
            let name = place["name"]?.value.string ?? ""
            source.hostSignature = (name, place.pointer.described)
            var credential = Source.Credential(
                slot: .placeholder, secret: Secret(""), origin: "the host's callback \(MessageText.quoted(name))")
            credential.isSignature = true
            return credential
        case "aws_sigv4":
            let plan = try signature(place)
            source.signature = plan
            var credential = Source.Credential(
                slot: .header("Authorization"), secret: Secret(""), origin: Self.origin(of: place["secret_access_key"]))
            credential.isSignature = true
            credential.parts = plan.secrets
            return credential
        default: return nil
        }
    }

    private mutating func signature(_ place: DocumentPlace) throws(Failure) -> SignaturePlan {
        func plain(_ name: String) throws(Failure) -> String {
            guard let given = place[name], let text = given.value.string else { return "" }
            guard case .plain(let filled) = try literal(text, given) else {
                throw given.failure("it is sent in the clear, so it is no secret")
            }
            return filled
        }
        var plan = SignaturePlan(
            keyID: try filled(place["access_key_id"] ?? place), key: try filled(place["secret_access_key"] ?? place),
            region: try plain("region"), service: try plain("service"))
        if let token = place["session_token"] { plan.sessionToken = try filled(token) }
        return plan
    }

    /// RFC 7617 section 2.
    func basic(_ username: Secret, _ password: Secret, _ place: DocumentPlace) throws(Failure) -> Secret {
        if username.isEmpty, password.isEmpty {
            throw place.failure("\"username\" and \"password\" are both empty", code: .auth)
        }
        if username.reveal().utf8.contains(UInt8(ascii: ":")) {
            throw (place["username"] ?? place).failure(
                "a username can't hold a colon (RFC 7617 section 2)", code: .auth)
        }
        return Secret(Base64.encode(Array("\(username.reveal()):\(password.reveal())".utf8)))
    }

    /// What is kept out of messages besides the two joined. A name that stands in the document is nobody's secret, unless
    /// it is all there is: then it is a key.
    static func basicParts(_ username: Secret, _ password: Secret, _ place: DocumentPlace?) -> [Secret] {
        let isKey = password.isEmpty || place?.value.string == nil
        return [password] + (isKey ? [username] : [])
    }

    mutating func slot(ofCredential place: DocumentPlace, defaultHeader: String) throws(Failure) -> Slot {
        if let name = place["query"]?.value.string { return .query(name) }
        if let name = place["form"]?.value.string { return .form(name) }
        if let json = place["json"] { return .json(json.elements.compactMap(\.value.string)) }
        let header = place["header"]?.value.string ?? defaultHeader
        if let given = place["header"], let reason = Self.reason(againstHeader: header) {
            throw given.failure("the header can't be set here: \(reason)")
        }
        return .header(header)
    }

    mutating func prefix(_ place: DocumentPlace) throws(Failure) -> String {
        guard let given = place["prefix"], let text = given.value.string else { return "" }
        guard case .plain(let prefix) = try literal(text, given) else {
            throw given.failure("a prefix is not secret: what is stands in the value")
        }
        return prefix
    }

    static let literalOrigin = "the document itself"

    /// For people.
    static func origin(of place: DocumentPlace?) -> String {
        if let name = place?["env"]?.value.string { return "environment variable \(MessageText.quoted(name))" }
        if let path = place?["file"]?.value.string { return "file \(MessageText.quoted(path))" }
        if let name = place?["param"]?.value.string { return "parameter \(MessageText.quoted(name))" }
        let places = place?.value.string.map(Placeholder.names(in:)) ?? []
        return places.isEmpty ? literalOrigin : places.map { "{\($0)}" }.joined(separator: ", ")
    }

    mutating func optional(_ place: DocumentPlace?) throws(Failure) -> Secret {
        guard let place else { return Secret("") }
        return try secret(place)
    }

    mutating func filled(_ place: DocumentPlace) throws(Failure) -> Secret {
        let secret = try secret(place)
        if secret.isEmpty { throw place.failure("the secret is empty", code: .auth) }
        return secret
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
