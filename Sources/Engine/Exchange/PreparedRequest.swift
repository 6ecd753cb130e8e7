/// A request with its page token in place, before credentials: those come at every send, for the origin it goes to.
struct PreparedRequest: Sendable {
    var method: String
    var url: WebURL
    var headers: [(name: String, value: ConfigText)] = []
    var secretQuery: [(name: String, secret: Secret)] = []
    var body: [UInt8]?
    var bodySecrets: [Secret] = []
    var idempotent: Bool
    var acceptedStatuses: [Int] = []
    /// A redirect led to another origin. What it leads to from there gets no credentials, though it be the base URL's
    /// own origin again: a stranger chose it (Go's CVE-2024-45336).
    var hasStrayed = false
    var limits: TransferLimits
    var reportsHead = false

    /// RFC 9110 section 9.2.2.
    static func isIdempotent(_ method: String) -> Bool {
        switch method {
        case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE": true
        default: false
        }
    }

    mutating func encode(_ body: RequestPlan.Body) {
        let type: String
        switch body {
        case .json(let value):
            var writer = JSONWriter()
            writer.value(value)
            self.body = writer.bytes
            type = "application/json"
        case .form(let items):
            let pairs = items.map {
                PercentEncoding.formField($0.name) + "=" + PercentEncoding.formField($0.value.reveal())
            }
            self.body = Array(pairs.joined(separator: "&").utf8)
            type = "application/x-www-form-urlencoded"
        case .text(let text, let contentType):
            self.body = Array(text.reveal().utf8)
            type = contentType
        case .template(let template): return encode(.json(template.skeleton))
        }
        if !has(header: "content-type") { headers.append((name: "Content-Type", value: .plain(type))) }
    }

    func has(header name: String) -> Bool {
        headers.contains { ASCII.lowercased($0.name) == name }
    }

    /// What goes on the wire. Credentials and configured headers go to the base URL's origin only; any other origin
    /// gets the request as a stranger would send it.
    func signed(for source: Source) -> TransferRequest {
        var url = url
        var sent: [(name: String, value: String)] = []
        if url.origin == source.baseURL.origin, !hasStrayed {
            sent = headers.map { (name: $0.name, value: $0.value.reveal()) }
            for item in secretQuery { url.setQuery(item.name, item.secret.reveal()) }
            if case .fixed(let credentials) = source.auth {
                for credential in credentials {
                    let value = credential.prefix + credential.secret.reveal()
                    switch credential.slot {
                    case .header(let name):
                        sent.removeAll { ASCII.lowercased($0.name) == ASCII.lowercased(name) }
                        sent.append((name: name, value: value))
                    case .query(let name): url.setQuery(name, value)
                    default: break
                    }
                }
            }
        } else {
            url = url.without(secretQuery, of: source)
            sent = headers.filter {
                !$0.value.isSecret && ["accept", "content-type"].contains(ASCII.lowercased($0.name))
            }
            .map { (name: $0.name, value: $0.value.reveal()) }
        }
        if !sent.contains(where: { ASCII.lowercased($0.name) == "accept" }) {
            sent.append((name: "Accept", value: "application/json"))
        }
        var request = TransferRequest(
            method: method, url: url.withoutFragment, headers: sent, body: body, limits: limits,
            freshConnection: !idempotent)
        request.reportsHead = reportsHead
        return request
    }
}
