extension TokenCall {
    /// As it goes on the wire. Never on a reused connection: a refresh token may be good for one request only, and
    /// libcurl would send it again by itself.
    func request(adding extra: [(name: String, secret: Secret)], limits: TransferLimits) -> TransferRequest {
        var url = url
        for item in query { url.appendQuery(item.name, item.value.reveal()) }
        var sent = headers.map { (name: $0.name, value: $0.value.reveal()) }
        func add(_ name: String, _ value: String) {
            if !sent.contains(where: { ASCII.equalsIgnoringCase($0.name, name) }) { sent.append((name, value)) }
        }
        var bytes: [UInt8]?
        switch body {
        case .form(let fields)?:
            let pairs = fields.map { ($0.name, $0.value.reveal()) } + extra.map { ($0.name, $0.secret.reveal()) }
            let form = pairs.map { PercentEncoding.formField($0.0) + "=" + PercentEncoding.formField($0.1) }
            bytes = Array(form.joined(separator: "&").utf8)
            add("Content-Type", "application/x-www-form-urlencoded")
        case .json(let template)?:
            var writer = JSONWriter()
            writer.value(template.revealed)
            bytes = writer.bytes
            add("Content-Type", "application/json")
        case nil: break
        }
        add("Accept", "application/json")
        if let basic { add("Authorization", "Basic " + basic.reveal()) }
        return TransferRequest(
            method: method, url: url.withoutFragment, headers: sent, body: bytes, limits: limits,
            freshConnection: method != "GET")
    }
}

extension TokenCall {
    /// What makes its token another one than that of a similar request.
    func write(to list: inout JSONWriter, withSecrets: Bool) {
        func field(_ field: RequestPlan.NamedText) {
            if !withSecrets, ["client_secret", "password"].contains(field.name) { return }
            list.string(field.name)
            list.string(field.value.reveal())
        }
        list.string(method)
        list.string(url.text)
        (headers + query).forEach(field)
        switch body {
        case .form(let fields)?: fields.forEach(field)
        case .json(let template)?: list.value(template.revealed)
        case nil: break
        }
        if withSecrets, let basic { list.string(basic.reveal()) }
        if let assertion {
            list.string(assertion.issuer.reveal())
            list.string(assertion.subject?.reveal() ?? "")
            list.string(assertion.audience)
            list.value(assertion.claims.revealed)
        }
    }
}

extension JSONTemplate {
    /// Secrets and all. Of a template without places that only a request knows.
    var revealed: JSONValue {
        switch self {
        case .fixed(let value): value
        case .text(let text): .string(text.fixedText)
        case .array(let elements): .array(elements.map(\.revealed))
        case .object(let members): .object(members.map { .init(name: $0.name, value: $0.value.revealed) })
        }
    }
}

extension AssertionPlan {
    /// RFC 7515 section 3.1, RFC 7523 section 3.
    func text(_ notary: some Notary) throws(Failure) -> Secret {
        let now = notary.date.seconds
        let header: [JSONValue.Member] =
            [.init(name: "alg", value: .string(algorithm.rawValue)), .init(name: "typ", value: .string("JWT"))]
            + (keyID.map { [.init(name: "kid", value: .string($0))] } ?? [])
        var claims: [JSONValue.Member] = [
            .init(name: "iss", value: .string(issuer.reveal())), .init(name: "aud", value: .string(audience)),
            .init(name: "iat", value: .int(now)),
            .init(name: "exp", value: .int(now.addingSaturating(life.nanoseconds / 1_000_000_000))),
            .init(name: "jti", value: .string(Base64.encodeURL(notary.nonce()))),
        ]
        if let subject { claims.append(.init(name: "sub", value: .string(subject.reveal()))) }
        for member in self.claims.revealed.members ?? [] {
            claims.removeAll { $0.name == member.name }
            claims.append(member)
        }
        let signed = [header, claims].map { members in
            var writer = JSONWriter()
            writer.value(.object(members))
            return Base64.encodeURL(writer.bytes)
        }.joined(separator: ".")
        guard let signature = notary.sign(Array(signed.utf8), algorithm, key: key) else {
            throw Failure(.auth, "the private key can't sign with \(algorithm.rawValue)")
        }
        return Secret(signed + "." + Base64.encodeURL(signature))
    }
}

extension Base64 {
    /// RFC 4648 section 5, without padding.
    static func encodeURL(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for byte in encode(bytes).utf8 {
            switch byte {
            case UInt8(ascii: "+"): text.append(UInt8(ascii: "-"))
            case UInt8(ascii: "/"): text.append(UInt8(ascii: "_"))
            case UInt8(ascii: "="): break
            default: text.append(byte)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
