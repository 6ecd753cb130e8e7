/// Puts requests together: source, stream, page token and size, each into its slot. Immutable, and a class so that a
/// walk is small to move about.
final class RequestBuilder: Sendable {
    let source: Source
    private let plan: RequestPlan
    private let paging: PagingPlan?
    /// With everything that is the same on every page; where the path has places, not what is sent.
    private let base: WebURL
    private let hasPathPlaces: Bool
    private let secretQuery: [(name: String, secret: Secret)]
    private let headers: [(name: String, value: ConfigText)]
    /// What differs from page to page.
    private let query: [RequestPlan.NamedText]
    private let changingHeaders: [RequestPlan.NamedText]
    /// What the requests need to know of the response before.
    let carried: [ValueSource]

    init(source: Source, plan: RequestPlan, paging: PagingPlan?) throws(Failure) {
        self.source = source
        self.plan = plan
        self.paging = paging
        hasPathPlaces = plan.path.utf8.contains(UInt8(ascii: "{"))
        carried = plan.carried
        let items = source.query + plan.query
        query = items.filter { !$0.isFixed }
        secretQuery = items.filter(\.isFixed).compactMap { item in
            if case .secret(let secret) = item.value { (item.name, secret) } else { nil }
        }
        let path = hasPathPlaces ? String(plan.path.map { $0 == "{" || $0 == "}" ? "_" : $0 }) : plan.path
        base = try RequestBuilder.base(source, plan, paging, path: path)
        let all = RequestBuilder.merged(source.headers, plan.headers)
        headers = all.filter(\.isFixed).map { (name: $0.name, value: $0.value) }
        changingHeaders = all.filter { !$0.isFixed }
        if base.origin != source.baseURL.origin, plan.bodyTexts.contains(where: \.isSecret) {
            throw Failure(.config, "path: the body holds a secret, which goes to the base URL's origin only")
        }
    }

    private static func base(
        _ source: Source, _ plan: RequestPlan, _ paging: PagingPlan?, path: String
    ) throws(Failure) -> WebURL {
        var url: WebURL
        do {
            url = try source.baseURL.appending(path: path)
        } catch {
            throw Failure(.config, "path: \(error.reason)")
        }
        guard url.origin == source.baseURL.origin || source.otherOrigins.contains(url.origin) else {
            throw Failure(.config, "path: \(url.origin) is neither the base URL's origin nor one of other_origins")
        }
        for item in source.query + plan.query where item.isFixed {
            if case .plain(let text) = item.value { url.appendQuery(item.name, text) }
        }
        if let size = paging?.size, case .query(let name)? = size.slot { url.setQuery(name, String(size.value)) }
        return url
    }

    /// Whom the body of the requests is written for; nil when there is none.
    var bodyOrigin: Origin? {
        switch paging?.size?.slot {
        case .json, .form: base.origin
        default:
            switch paging?.restart?.slot {
            case .json, .form: base.origin
            default: plan.body == nil && plan.jsonFields.isEmpty ? nil : base.origin
            }
        }
    }

    func request(_ values: RequestValues) throws(Failure) -> PreparedRequest {
        let filling = Filling(values: values, carried: carried)
        var url = hasPathPlaces ? try filledBase(filling) : base
        var headers = headers
        var secretQuery = secretQuery
        var body = try filledBody(filling)
        if let size = paging?.size, let slot = size.slot {
            try put(.counter(size.value), into: slot, url: &url, headers: &headers, body: &body)
        }
        if let restart = paging?.restart, let value = values.restart {
            try put(value, into: restart.slot, url: &url, headers: &headers, body: &body)
        }
        switch values.token {
        case .url(let next)?:
            // Followed as it is: it replaces the whole URL, parameters and all, but for what it is said to forget.
            let own = url
            url = next
            if paging?.keepsQuery == true {
                for item in own.queryItems where next.queryValue(item.name) == nil {
                    url.appendQuery(item.name, item.value ?? "")
                }
                try fillQuery(filling, &url, &secretQuery, unlessIn: next)
            }
        case let token:
            if !query.isEmpty { try fillQuery(filling, &url, &secretQuery, unlessIn: nil) }
            if let token, let slot = paging?.tokenSlot {
                try put(token, into: slot, url: &url, headers: &headers, body: &body)
            }
        }
        for item in changingHeaders {
            guard let value = try filling.fill(item, what: "header \(item.name)") else { continue }
            guard HeaderRules.isSafeValue(value.reveal()) else {
                throw Failure(.data, "header \(item.name): the value has control characters")
            }
            headers.append((name: item.name, value: value))
        }
        if !plan.jsonFields.isEmpty { try putFields(filling, &body) }
        var request = PreparedRequest(
            method: plan.method, url: url, headers: headers,
            idempotent: plan.idempotent
                ?? (PreparedRequest.isIdempotent(plan.method) || plan.idempotencyKey != nil || plan.makesKey),
            acceptedStatuses: plan.acceptedStatuses, limits: plan.limits ?? source.transfer)
        request.secretQuery = secretQuery
        if let key = plan.idempotencyKey {
            request.headers.append((name: plan.keyHeader, value: .plain(key)))
            request.idempotencyKey = key
        } else if plan.makesKey {
            request.keyHeader = plan.keyHeader
        }
        if let body {
            request.encode(body)
            request.bodySecrets = plan.bodyTexts.flatMap(\.secrets)
        }
        return request
    }

    // MARK: what changes from page to page

    private func filledBase(_ filling: Filling) throws(Failure) -> WebURL {
        var path = ""
        var rest = plan.path[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            path += rest[..<open]
            let name = String(rest[rest.index(after: open)..<close])
            rest = rest[rest.index(after: close)...]
            let text: String?
            if case .path(name)? = paging?.tokenSlot {
                text = filling.values.token?.shown
            } else if let size = paging?.size, size.slot == .path(name) {
                text = String(size.value)
            } else {
                let source = plan.pathValues.first { $0.name == name }?.source
                text = try source.flatMap { source throws(Failure) in try filling.value(source) }?.scalarText
            }
            guard let segment = text.flatMap({ PercentEncoding.pathSegment($0) }) else {
                let shown = text.map { MessageText.quoted($0) } ?? "nothing"
                throw Failure(.data, "path: {\(name)} is \(shown), which can't be part of a path")
            }
            path += segment
        }
        return try RequestBuilder.base(source, plan, paging, path: path + rest)
    }

    private func fillQuery(
        _ filling: Filling, _ url: inout WebURL, _ secretQuery: inout [(name: String, secret: Secret)],
        unlessIn next: WebURL?
    ) throws(Failure) {
        for item in query where next?.queryValue(item.name) == nil {
            switch try filling.fill(item, what: "query parameter \(item.name)") {
            case .plain(let text)?: url.appendQuery(item.name, text)
            case .secret(let secret)?: secretQuery.append((item.name, secret))
            case .template?, nil: break
            }
        }
    }

    private func filledBody(_ filling: Filling) throws(Failure) -> RequestPlan.Body? {
        switch plan.body {
        case .template(let template): return .json(try filling.fill(template, what: "json"))
        case .text(let text, let type):
            let filled = try filling.fill(.init(name: "", value: text), what: "text")
            return .text(filled ?? .plain(""), contentType: type)
        case .form(let fields):
            if fields.allSatisfy(\.isFixed) { return plan.body }
            var filled: [RequestPlan.NamedText] = []
            for field in fields {
                guard let value = try filling.fill(field, what: "form field \(field.name)") else { continue }
                filled.append(.init(name: field.name, value: value))
            }
            return .form(filled)
        case .json, nil: return plan.body
        }
    }

    private func putFields(_ filling: Filling, _ body: inout RequestPlan.Body?) throws(Failure) {
        var value: JSONValue = .object([])
        if case .json(let configured)? = body { value = configured }
        for field in plan.jsonFields where filling.wants(field.when) {
            let name = field.place.joined(separator: ".")
            if field.omitsEmpty, case .fixed(.string("")) = field.value { continue }
            if case .text(let text) = field.value {
                let filled = try filling.fill(text)
                if field.omitsEmpty, filled.isEmpty { continue }
                if filled.isPlace, !filled.isWhole, filling.isFirst { continue }
            }
            value.set(try filling.fill(field.value, what: "JSON member \(name)"), at: field.place[...])
        }
        body = .json(value)
    }

    /// A next link that repeats the API key is stored, shown and compared without it; it comes back when the request is
    /// sent, if that goes where the key belongs.
    func withoutSecrets(_ token: PageToken) -> PageToken {
        guard case .url(let url) = token else { return token }
        var kept = url.without(secretQuery, of: source)
        for item in query where item.value.isSecret { kept.removeQuery(item.name) }
        return .url(kept)
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
        // In place already, or only where the texts say so.
        case .path, .placeholder: break
        case .url: throw Failure(.config, "a page token can't go there")
        }
    }

    /// A stream's header replaces the source's of the same name.
    private static func merged(
        _ first: [RequestPlan.NamedText], _ second: [RequestPlan.NamedText]
    ) -> [RequestPlan.NamedText] {
        let replaced = Set(second.map { ASCII.lowercased($0.name) })
        return first.filter { !replaced.contains(ASCII.lowercased($0.name)) } + second
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

extension WebURL {
    /// Servers repeat the parameters that they were called with, credentials too, in links and redirects: this URL
    /// without them, whatever the name they now stand under. (A short one may be equal to something else by chance.)
    func without(
        _ secretQuery: [(name: String, secret: Secret)], of source: Source, _ tokens: [PreparedRequest.Token] = []
    ) -> WebURL {
        guard query != nil else { return self }
        var url = self
        for item in secretQuery { url.removeQuery(item.name) }
        for name in source.auth.queryNames { url.removeQuery(name) }
        let secrets = source.secrets + secretQuery.map(\.secret) + tokens.map(\.secret)
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
