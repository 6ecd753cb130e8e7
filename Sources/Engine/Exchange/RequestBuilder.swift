/// Puts requests together: source, stream, page token and size, each into its slot. Immutable, and a class so that a
/// walk is small to move about.
final class RequestBuilder: Sendable {
    let source: Source
    private let plan: RequestPlan
    private let paging: PagingPlan?
    /// With everything that is the same on every page.
    private let base: WebURL
    private let secretQuery: [(name: String, secret: Secret)]
    private let headers: [(name: String, value: ConfigText)]

    init(source: Source, plan: RequestPlan, paging: PagingPlan?) throws(Failure) {
        self.source = source
        self.plan = plan
        self.paging = paging
        var url: WebURL
        do {
            url = try source.baseURL.appending(path: plan.path)
        } catch {
            throw Failure(.config, "path: \(error.reason)")
        }
        guard url.origin == source.baseURL.origin || source.otherOrigins.contains(url.origin) else {
            throw Failure(.config, "path: \(url.origin) is neither the base URL's origin nor one of other_origins")
        }
        var secrets: [(name: String, secret: Secret)] = []
        for item in source.query + plan.query {
            switch item.value {
            case .plain(let text): url.appendQuery(item.name, text)
            case .secret(let secret): secrets.append((item.name, secret))
            }
        }
        if let size = paging?.size, case .query(let name)? = size.slot { url.setQuery(name, String(size.value)) }
        base = url
        secretQuery = secrets
        headers = RequestBuilder.merged(source.headers, plan.headers)
    }

    /// Whom the body of the requests is written for; nil when there is none.
    var bodyOrigin: Origin? {
        switch paging?.size?.slot {
        case .json, .form: base.origin
        default: plan.body == nil ? nil : base.origin
        }
    }

    func request(token: PageToken?) throws(Failure) -> PreparedRequest {
        var url = base
        var headers = headers
        var body = plan.body
        if let size = paging?.size, let slot = size.slot {
            try put(.counter(size.value), into: slot, url: &url, headers: &headers, body: &body)
        }
        if let token {
            switch token {
            case .url(let next):
                // Followed as it is: it replaces the whole URL, parameters and all.
                url = next
            case .counter, .text, .number:
                if let slot = paging?.tokenSlot {
                    try put(token, into: slot, url: &url, headers: &headers, body: &body)
                }
            }
        }
        var request = PreparedRequest(
            method: plan.method, url: url, headers: headers,
            idempotent: plan.idempotent ?? (PreparedRequest.isIdempotent(plan.method) || plan.idempotencyKey != nil),
            acceptedStatuses: plan.acceptedStatuses, limits: plan.limits ?? source.transfer)
        request.secretQuery = secretQuery
        if let key = plan.idempotencyKey { request.headers.append((name: "Idempotency-Key", value: .plain(key))) }
        if let body { request.encode(body) }
        return request
    }

    /// A next link that repeats the API key is stored, shown and compared without it; it comes back when the request is
    /// sent, if that goes where the key belongs.
    func withoutSecrets(_ token: PageToken) -> PageToken {
        guard case .url(let url) = token else { return token }
        return .url(url.without(secretQuery, of: source))
    }

    private func put(
        _ token: PageToken, into slot: Slot, url: inout WebURL, headers: inout [(name: String, value: ConfigText)],
        body: inout RequestPlan.Body?
    ) throws(Failure) {
        let text = token.shown
        switch slot {
        case .query(let name): url.setQuery(name, text)
        case .header(let name):
            guard HeaderRules.isSafeValue(text) else {
                throw Failure(.data, "the page token has control characters and can't go into the header \(name)")
            }
            headers.removeAll { ASCII.lowercased($0.name) == ASCII.lowercased(name) }
            headers.append((name: name, value: .plain(text)))
        case .json(let path):
            var value: JSONValue = .object([])
            if case .json(let configured)? = body { value = configured }
            switch token {
            case .counter(let number): value.set(.int(number), at: path[...])
            case .number(let text): value.set(.number(text), at: path[...])
            case .text, .url: value.set(.string(text), at: path[...])
            }
            body = .json(value)
        case .form(let name):
            var items: [RequestPlan.NamedText] = []
            if case .form(let configured)? = body { items = configured.filter { $0.name != name } }
            body = .form(items + [RequestPlan.NamedText(name: name, value: .plain(text))])
        case .path, .url:
            throw Failure(.config, "a page token can't go there")
        }
    }

    /// A stream's header replaces the source's of the same name.
    private static func merged(
        _ first: [RequestPlan.NamedText], _ second: [RequestPlan.NamedText]
    ) -> [(name: String, value: ConfigText)] {
        let replaced = Set(second.map { ASCII.lowercased($0.name) })
        return (first.filter { !replaced.contains(ASCII.lowercased($0.name)) } + second).map {
            (name: $0.name, value: $0.value)
        }
    }
}

extension PagingPlan {
    var tokenSlot: Slot? {
        switch style {
        case .offset(let slot, _), .page(let slot, _), .cursor(let slot, _): slot
        case .detect, .single, .nextURL: nil
        }
    }
}

extension Source.Auth {
    var queryNames: [String] {
        guard case .fixed(let credentials) = self else { return [] }
        return credentials.compactMap { if case .query(let name) = $0.slot { name } else { nil } }
    }
}

extension WebURL {
    /// Servers repeat the parameters that they were called with, credentials too, in links and redirects: this URL
    /// without them, whatever the name they now stand under. (A short one may be equal to something else by chance.)
    func without(_ secretQuery: [(name: String, secret: Secret)], of source: Source) -> WebURL {
        guard query != nil else { return self }
        var url = self
        for item in secretQuery { url.removeQuery(item.name) }
        for name in source.auth.queryNames { url.removeQuery(name) }
        let secrets = source.secrets + secretQuery.map(\.secret)
        for item in url.queryItems {
            let holdsSecret = secrets.contains { $0.reveal().utf8.count >= 8 && item.value == $0.reveal() }
            if holdsSecret { url.removeQuery(item.name) }
        }
        return url
    }
}

extension JSONValue {
    /// Gives the member at `path` that value; objects are made on the way.
    mutating func set(_ value: JSONValue, at path: ArraySlice<String>) {
        guard let name = path.first else {
            self = value
            return
        }
        var members = self.members ?? []
        let index = members.firstIndex { $0.name == name }
        var child: JSONValue = index.map { members[$0].value } ?? .object([])
        child.set(value, at: path.dropFirst())
        if let index { members[index].value = child } else { members.append(Member(name: name, value: child)) }
        self = .object(members)
    }
}
