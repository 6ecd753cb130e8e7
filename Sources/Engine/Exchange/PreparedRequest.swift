/// A request with its page token in place, before credentials: those come at every send, for the origin it goes to.
struct PreparedRequest: Sendable {
    var method: String
    var url: WebURL
    var headers: [(name: String, value: ConfigText)] = []
    var secretQuery: [(name: String, secret: Secret)] = []
    var body: [UInt8]?
    /// What the body was encoded from, where a credential may join it.
    var bodyForm: BodyForm?
    var bodySecrets: [Secret] = []
    /// What the source's tokens were when it was sent last.
    var tokens: [Token] = []
    var idempotent: Bool
    /// What the server tells repetitions by.
    var idempotencyKey: String?
    /// The header of a key that is still to be made.
    var keyHeader: String?
    /// Connections broke under it.
    var avoidsReuse = false
    var acceptedStatuses: [Int] = []
    /// A redirect led to another origin. What it leads to from there gets no credentials, though it be the base URL's
    /// own origin again: a stranger chose it (Go's CVE-2024-45336).
    var hasStrayed = false
    var limits: TransferLimits
    var reportsHead = false

    enum BodyForm: Sendable {
        case form
        case json(JSONValue)
    }

    struct Token: Sendable {
        var prefix: String
        var secret: Secret
        var generation: UInt64
    }

    static func hasUsualBody(_ method: String) -> Bool { ["POST", "PUT", "PATCH"].contains(method) }

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
            bodyForm = .json(value)
            type = "application/json"
        case .form(let items):
            let pairs = items.map {
                PercentEncoding.formField($0.name) + "=" + PercentEncoding.formField($0.value.reveal())
            }
            self.body = Array(pairs.joined(separator: "&").utf8)
            bodyForm = .form
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
}
