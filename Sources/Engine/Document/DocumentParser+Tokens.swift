// Tokens: who is asked for them, with what, and where they go.

extension DocumentParser {
    /// Nil: that type asks for no token.
    mutating func token(_ place: DocumentPlace, of source: Source) throws(Failure) -> (Slot, TokenPlan)? {
        var plan = TokenPlan(pointer: place.pointer.described)
        let type = place["type"]?.value.string ?? ""
        switch type {
        case "host_token": plan.host = place["name"]?.value.string
        case "token_request": try tokenRequest(place, &plan, source)
        case "oauth2_client_credentials", "oauth2_refresh_token", "oauth2_password", "oauth2_jwt_bearer":
            try oauth(String(type.dropFirst("oauth2_".count)), place, &plan, source)
        default: return nil
        }
        let slot = try slot(ofCredential: place, defaultHeader: "Authorization")
        if place["prefix"] != nil {
            plan.prefix = try prefix(place)
        } else if case .header(let name) = slot, ASCII.equalsIgnoringCase(name, "Authorization") {
            plan.prefix = nil
        } else {
            plan.prefix = ""
        }
        if let life = place["life"]?.value.string.flatMap(DurationText.parse) { plan.life = life }
        if let attempts = place["attempts"]?.value.int { plan.retry.maxAttempts = attempts }
        if let timeout = place["timeout"]?.value.string.flatMap(DurationText.parse) {
            plan.limits.total = timeout
            plan.limits.connect = min(plan.limits.connect, timeout)
        }
        plan.limits.maxBodyBytes = Int64(TokenAnswer.mostBytes)
        plan.pace = try place["limits"].map { place throws(Failure) in try Self.limits(place) }
        if let store = place["store"] { plan.store = try self.store(store, of: place, plan) }
        return (slot, plan)
    }

    /// Where it is kept, and under which name: other places, clients, users or rights are another token. Passwords and
    /// keys don't count, because a new one must not lose the refresh token that the old one led to; where a request is
    /// free in form nobody knows which of its texts those are.
    private mutating func store(
        _ store: DocumentPlace, of place: DocumentPlace, _ plan: TokenPlan
    ) throws(Failure) -> TokenPlace {
        let isReference = store["env"] != nil || store["file"] != nil
        var path = isReference ? try secret(store).reveal() : try parameter(orText: store)
        if context.skipsSecrets, path.isEmpty { path = "unread" }
        guard !path.isEmpty, !path.utf8.contains(where: ASCII.isControl) else {
            throw store.failure("expected the path of a file, or a URL of Redis")
        }
        _ = try Self.statePlace(path, store)
        let type = place["type"]?.value.string ?? ""
        let isFree = type == "token_request"
        var identity = JSONWriter()
        let client = try optional(place["client_id"])
        identity.array { list in
            list.string(type)
            list.string(client.reveal())
            list.string(plan.refreshToken?.reveal() ?? "")
            for call in [plan.first, plan.renewal].compactMap(\.self) {
                list.array { call.write(to: &$0, withSecrets: isFree) }
            }
        }
        return TokenPlace(file: path, identity: Secret(identity.text))
    }

    private mutating func parameter(orText place: DocumentPlace) throws(Failure) -> String {
        guard let text = place.value.string else { return try parameter(place) }
        return text
    }

    // MARK: the free form

    private mutating func tokenRequest(
        _ place: DocumentPlace, _ plan: inout TokenPlan, _ source: Source
    ) throws(Failure) {
        var call = TokenCall(url: try tokenURL(place["url"] ?? place, source))
        call.method = place["method"]?.value.string ?? call.method
        call.headers = try headers(place["headers"])
        call.query = try pairs(place["query_fields"])
        if let form = place["form_fields"] { call.body = .form(try pairs(form)) }
        if let body = place["json_body"] { call.body = .json(try json(body)) }
        if call.body != nil, call.method == "GET" {
            throw (place["method"] ?? place).failure("a GET has no body to put that in")
        }
        if let basic = place["basic"] {
            let (username, password) = (try optional(basic["username"]), try optional(basic["password"]))
            call.basic = try self.basic(username, password, basic)
            call.basicParts = Self.basicParts(username, password, basic["username"])
            if call.headers.contains(where: { ASCII.equalsIgnoringCase($0.name, "Authorization") }) {
                throw basic.failure("the header \"Authorization\" is given, too")
            }
        }
        plan.first = call
        if let path = place["token"].flatMap(Self.jsonPath) { plan.places.token = path }
        if let path = place["expires"].flatMap(Self.jsonPath) { plan.places.expires = path }
        if let form = place["expires_format"]?.value.string.flatMap(TokenPlaces.Expiry.init) {
            plan.places.expiry = form
        }
    }

    // MARK: OAuth 2

    private mutating func oauth(
        _ grant: String, _ place: DocumentPlace, _ plan: inout TokenPlan, _ source: Source
    ) throws(Failure) {
        var call = TokenCall(url: try tokenURL(place["token_url"] ?? place, source))
        var fields: [RequestPlan.NamedText] = []
        func add(_ name: String, _ text: String) { fields.append(.init(name: name, value: .plain(text))) }
        for name in ["scope", "audience", "resource"] {
            guard let given = place[name], let text = given.value.string else { continue }
            fields.append(.init(name: name, value: try literal(text, given)))
        }
        let more = try pairs(place["fields"])
        let client = try self.client(place, grant, &call)
        var own: [RequestPlan.NamedText] = []
        switch grant {
        case "password":
            own.append(.init(name: "grant_type", value: .plain("password")))
            for name in ["username", "password"] {
                own.append(.init(name: name, value: .secret(try filled(place[name] ?? place))))
            }
        case "jwt_bearer":
            own.append(.init(name: "grant_type", value: .plain("urn:ietf:params:oauth:grant-type:jwt-bearer")))
            call.assertion = try assertion(place, field: "assertion", call.url)
        case "refresh_token": plan.refreshToken = try filled(place["refresh_token"] ?? place)
        default: own.append(.init(name: "grant_type", value: .plain(grant)))
        }
        func body(_ own: [RequestPlan.NamedText]) -> TokenCall.Body {
            // What the document adds goes before what is usual.
            .form((own + fields + client).filter { usual in !more.contains { $0.name == usual.name } } + more)
        }
        if grant != "refresh_token" {
            call.body = body(own)
            plan.first = call
        }
        guard grant == "refresh_token" || grant == "password" else { return }
        var renewal = call
        if let url = place["refresh_url"] { renewal.url = try tokenURL(url, source) }
        renewal.body = body([.init(name: "grant_type", value: .plain("refresh_token"))])
        plan.renewal = renewal
    }

    /// How the client shows who it is: fields of the form, or a header.
    private mutating func client(
        _ place: DocumentPlace, _ grant: String, _ call: inout TokenCall
    ) throws(Failure) -> [RequestPlan.NamedText] {
        guard let id = place["client_id"] else {
            if let orphan = place["client_secret"] ?? (grant == "jwt_bearer" ? nil : place["private_key"]) {
                throw orphan.failure("it means nothing without \"client_id\"")
            }
            return []
        }
        let name = try filled(id)
        let identity = RequestPlan.NamedText(name: "client_id", value: Self.kept(name, id))
        if grant != "jwt_bearer", place["private_key"] != nil {
            call.assertion = try assertion(place, field: "client_assertion", call.url)
            let type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            return [identity, .init(name: "client_assertion_type", value: .plain(type))]
        }
        let method = place["client_auth"]?.value.string ?? "post"
        let secret = try optional(place["client_secret"])
        switch method {
        case "basic":
            // RFC 6749 section 2.3.1: form-encoded before they are joined.
            let pair = PercentEncoding.formField(name.reveal()) + ":" + PercentEncoding.formField(secret.reveal())
            call.basic = Secret(Base64.encode(Array(pair.utf8)))
            call.basicParts = [secret]
            return []
        case "none":
            if !secret.isEmpty, let place = place["client_secret"] {
                throw place.failure("\"client_auth\" is \"none\": the secret would not be sent")
            }
            return [identity]
        default:
            return [identity] + (secret.isEmpty ? [] : [.init(name: "client_secret", value: .secret(secret))])
        }
    }

    private mutating func assertion(
        _ place: DocumentPlace, field: String, _ url: WebURL
    ) throws(Failure) -> AssertionPlan {
        let key = try privateKey(place["private_key"] ?? place)
        let client = try place["client_id"].map { place throws(Failure) in Self.kept(try self.filled(place), place) }
        var issuer = client
        if let given = place["issuer"] { issuer = Self.kept(try filled(given), given) }
        guard let issuer else {
            throw place.failure("missing key \"issuer\" (or \"client_id\")", at: place.pointer.appending("issuer"))
        }
        var plan = AssertionPlan(field: field, key: key, issuer: issuer, audience: url.withoutFragment)
        if let name = place["algorithm"]?.value.string, let known = SignatureAlgorithm(rawValue: name) {
            plan.algorithm = known
        }
        if let problem = references.problem(ofKey: key, plan.algorithm), !context.skipsSecrets {
            throw (place["private_key"] ?? place).failure(problem, code: .auth)
        }
        plan.keyID = place["key_id"]?.value.string
        if field == "client_assertion" {
            plan.subject = issuer
        } else if let subject = place["subject"] {
            plan.subject = Self.kept(try filled(subject), subject)
        }
        if let audience = place["jwt_audience"]?.value.string { plan.audience = audience }
        if let claims = place["claims"] { plan.claims = try json(claims) }
        // Google and others want the scope in the statement.
        return plan
    }

    /// PEM has line breaks, which no other secret has.
    private mutating func privateKey(_ place: DocumentPlace) throws(Failure) -> Secret {
        let text = try keyText(place)
        if context.skipsSecrets { return text }
        var lines = ""
        var rest = text.reveal()[...]
        while let next = rest.firstIndex(of: "\\") {
            lines += rest[..<next]
            rest = rest[rest.index(after: next)...]
            if rest.first == "n" {
                lines += "\n"
                rest = rest.dropFirst()
            } else {
                lines += "\\"
            }
        }
        lines += rest
        guard lines.hasPrefix("-----BEGIN "), ASCII.contains(lines, "PRIVATE KEY-----") else {
            throw place.failure("the private key is not in PEM (-----BEGIN … PRIVATE KEY-----)", code: .auth)
        }
        return Secret(lines)
    }

    /// A name that stands in the document may be shown.
    private static func kept(_ secret: Secret, _ place: DocumentPlace) -> ConfigText {
        guard let text = place.value.string, Placeholder.names(in: text).isEmpty else { return .secret(secret) }
        return .plain(secret.reveal())
    }

    // MARK: URLs

    private mutating func tokenURL(_ place: DocumentPlace, _ source: Source) throws(Failure) -> WebURL {
        let text: String
        if let given = place.value.string {
            guard case .plain(let filled) = try literal(given, place) else {
                throw place.failure("a URL that holds a secret would be shown in messages: put it into a field")
            }
            text = filled
        } else {
            text = try parameter(place)
        }
        let url: WebURL
        do throws(WebURLError) {
            url = try source.baseURL.resolving(text)
        } catch { throw place.failure(error.reason) }
        if url.fragment != nil { throw place.failure("the URL has a fragment (#…), which is never sent") }
        if source.baseURL.origin.scheme == .https, url.origin.scheme == .http {
            throw place.failure("the token would be asked for over http, readable on the way, for an API on https")
        }
        return url
    }
}
