extension Stream {
    /// The stream that a paginator's options name or describe, as they want it walked.
    public static func parse(
        options: JSONValue, source: Source, references: some References
    ) throws(Failure) -> Stream {
        try source.context.checkSecretsWereRead()
        let place = DocumentPlace(options)
        try place.check(.object(Vocabulary.paginatorOptions))
        guard let wanted = place["stream"] else { throw place.failure("missing key \"stream\"") }
        var parser = DocumentParser(references: references, context: source.context)
        parser.context.parameters.add(place["params"])

        var stream: Stream
        if let name = wanted.value.string, !name.hasPrefix("/") {
            guard let definition = source.context.definitions.first(where: { $0.name == name })?.value else {
                let names = source.context.definitions.map(\.name)
                let hint = NearestName.hint(name, in: names)
                throw wanted.failure("the source has no stream \(MessageText.quoted(name))\(hint)")
            }
            let pointer = JSONPointer().appending("streams").appending(name)
            stream = try parser.stream(DocumentPlace(definition, at: pointer), name: name, in: source)
        } else {
            let name = wanted.value.string ?? wanted["path"]?.value.string ?? ""
            stream = try parser.stream(wanted, name: name, in: source)
        }
        for name in place["params"]?.members.map(\.name) ?? [] where !parser.askedParameters.contains(name) {
            throw place.failure(
                "the stream has no parameter \(MessageText.quoted(name))"
                    + NearestName.hint(name, in: parser.askedParameters.sorted()),
                at: place.pointer.appending("params").appending(name))
        }
        parser.readsPlaces = false
        let added = try parser.pairs(place["query"])
        if let query = place["query"] { try parser.checkFree(added, stream.paging, query) }
        stream.request.query.removeAll { kept in added.contains { $0.name == kept.name } }
        stream.request.query += added
        DocumentParser.walk(place, &stream)
        try parser.checkAhead(stream, place)
        if let checkpoint = place["checkpoint"], let text = checkpoint.value.string {
            do throws(CheckpointProblem) {
                try stream.resume(at: text, references.decode(text), in: source)
            } catch {
                throw checkpoint.failure("the checkpoint can't be used: \(error.reason)")
            }
        }
        return stream
    }
}

extension RequestPlan {
    /// A single request for a source.
    public static func parse(
        _ value: JSONValue, source: Source, references: some References
    ) throws(Failure) -> RequestPlan {
        try source.context.checkSecretsWereRead()
        let place = DocumentPlace(value)
        try place.check(.object(Vocabulary.request))
        var parser = DocumentParser(references: references, context: source.context)
        parser.context.parameters.add(place["params"])
        parser.readsPlaces = false
        var plan = try parser.request(place, in: source, slots: [])
        plan.priority = place["priority"]?.value.string.flatMap { Priority(rawValue: $0) } ?? .normal
        try DocumentParser.check(plan, stream: "", in: source, place)
        plan.acceptedStatuses = (place["accept_status"]?.value.array ?? []).compactMap { $0.int.map(Int.init) }
        return plan
    }
}

extension DocumentParser {
    mutating func stream(_ place: DocumentPlace, name: String, in source: Source) throws(Failure) -> Stream {
        let (outer, outerWindow) = (overScope, windowScope)
        defer { (overScope, windowScope) = (outer, outerWindow) }
        overScope = OverScope(path: outer.path + [name])
        windowScope = WindowScope()
        if let path = place.value.string {
            var request = RequestPlan()
            request.path = try self.path(path, place, in: source, slots: [], &request.pathValues)
            return Stream(name: name, request: request)
        }
        var paging: PagingPlan?
        if let pagination = place["pagination"] {
            paging = try self.pagination(pagination, of: place)
        }
        scope = .pages(paging)
        defer { scope = .fixed }
        var over = try over(place["over"], in: source)
        let incremental = try incremental(place["incremental"], in: source)
        let slots = (paging?.slots ?? []) + (incremental?.slots ?? [])
        var stream = Stream(name: name, request: try request(place, in: source, slots: slots))
        if let incremental, let place = place["incremental"] {
            try checkWindow(incremental, stream.request, paging, in: source, place)
            stream.incremental = settled(incremental)
            over = try windowed(over, place)
        }
        if let over, let place = place["over"] { try checkOver(over, paging?.slots ?? [], place) }
        stream.over = over
        stream.outline = StreamOutline(place.value)
        if let paging { stream.paging = paging }
        if let pagination = place["pagination"] {
            try checkFree(stream.request.query, stream.paging, pagination)
            try check(slots: stream.paging.slots, of: stream.request, in: source, pagination)
            try checkEnd(of: stream.paging, pagination)
        }
        try checkURL(of: stream.request, place["pagination"] == nil ? nil : stream.paging, in: source, place)
        try records(place, &stream)
        if let pagination = place["pagination"] { try checkRestart(stream, pagination) }
        stream.missingRecordsAreEmpty = place["missing_records"]?.value.string == "empty"
        stream.errors = try Self.errorRules(place["errors"])
        stream.expect = try place["expect"].map { expect throws(Failure) in try ExpectPlan.read(expect) }
        for bound in ["max_pages", "max_records"] where over == nil {
            if let twice = place["pagination"]?[bound], place[bound] != nil {
                throw twice.failure("\"\(bound)\" is given by the stream, too")
            }
        }
        Self.walk(place, &stream)
        try Self.check(stream.request, stream: name, in: source, place)
        try checkAhead(stream, place)
        return stream
    }

    /// How far and how fast: of a stream, and of a paginator's options instead of the stream's.
    static func walk(_ place: DocumentPlace, _ stream: inout Stream) {
        if let pages = place["max_pages"]?.value.int {
            if stream.over == nil { stream.paging.maxPages = pages } else { stream.over?.maxPages = pages }
        }
        if let records = place["max_records"]?.value.int {
            if stream.over == nil { stream.paging.maxRecords = records } else { stream.over?.maxRecords = records }
        }
        if let pages = place["parallel"]?.value.int { stream.parallel = pages }
        if let order = place["order"]?.value.string { stream.order = order == "any" ? .any : .pages }
        if let flag = place["look_ahead"]?.value.bool { stream.lookAhead = flag }
        if let text = place["priority"]?.value.string { stream.request.priority = Priority(rawValue: text) ?? .normal }
        guard let ahead = place["read_ahead"] else { return }
        if let pages = ahead.value.int ?? ahead["pages"]?.value.int { stream.readAheadPages = pages }
        if let bytes = ahead["bytes"]?.value.size { stream.readAheadBytes = bytes }
    }

    mutating func request(_ place: DocumentPlace, in source: Source, slots: [Slot]) throws(Failure) -> RequestPlan {
        var plan = RequestPlan()
        plan.method = place["method"]?.value.string ?? plan.method
        if let path = place["path"] {
            plan.path = try self.path(path.value.string ?? "", path, in: source, slots: slots, &plan.pathValues)
        }
        plan.query = try pairs(place["query"])
        plan.headers = try headers(place["headers"])
        if case .fixed(let credentials) = source.auth {
            for case .header(let name) in credentials.map(\.slot) {
                if let taken = place["headers"]?.members.first(where: { ASCII.equalsIgnoringCase($0.name, name) }) {
                    throw taken.place.failure("the header \(MessageText.quoted(name)) carries the source's credentials")
                }
            }
        }
        plan.body = try body(place, headers: plan.headers)
        plan.jsonFields = try jsonFields(place["fields"])
        if let reason = source.auth.misfit(plan) {
            throw (place["form"] ?? place["json"] ?? place["graphql"] ?? place).failure(reason)
        }
        try check(plan.jsonFields, of: plan, place)
        plan.cost = try cost(place["cost"])
        plan.idempotent = place["idempotent"]?.value.bool
        if let graphql = place["graphql"] {
            plan.isGraphQL = true
            if place["method"] == nil { plan.method = "POST" }
            // Anything but a mutation only reads (GraphQL specification, section 3.2.1).
            let text = ASCII.trimmed(graphql["query"]?.value.string ?? "")
            if plan.idempotent == nil, text.hasPrefix("query") || text.hasPrefix("{") { plan.idempotent = true }
        }
        try key(place, of: &plan, in: source)
        if place["timeouts"] != nil || place["caps"] != nil {
            var limits = source.transfer
            Vocabulary.timeouts.apply(place["timeouts"], to: &limits)
            Vocabulary.caps.apply(place["caps"], to: &limits)
            plan.limits = limits
        }
        return plan
    }

    private mutating func body(
        _ place: DocumentPlace, headers: [RequestPlan.NamedText]
    ) throws(Failure) -> RequestPlan.Body? {
        let body: RequestPlan.Body
        let key: String
        if let json = place["json"] {
            (body, key) = (.init(try self.json(json)), "json")
        } else if let graphql = place["graphql"] {
            (body, key) = (.init(try self.json(graphql)), "json")
        } else if let form = place["form"] {
            (body, key) = (.form(try pairs(form)), "form")
        } else if let written = place["text"], let literal = written.value.string {
            let text = try self.literal(literal, written)
            let type = place["content_type"]?.value.string ?? Vocabulary.defaultContentType
            (body, key) = (.text(text, contentType: type), "text")
        } else {
            return nil
        }
        if headers.contains(where: { ASCII.equalsIgnoringCase($0.name, "Content-Type") }), key != "json" {
            throw place.failure(
                "the header \"Content-Type\" is set by \"\(key)\"", at: place.pointer.appending("headers"))
        }
        return body
    }

    /// Fills in the parameters; places of the pagination stay. A name without a dot is a parameter.
    mutating func path(
        _ text: String, _ place: DocumentPlace, in source: Source, slots: [Slot],
        _ values: inout [RequestPlan.PathValue]
    ) throws(Failure) -> String {
        var result = ""
        var rest = text[...]
        while let open = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            result += rest[..<open]
            guard rest[open] == "{", let close = rest[open...].firstIndex(of: "}") else {
                throw place.failure("a \"\(rest[open])\" without its other half")
            }
            var name = String(rest[rest.index(after: open)..<close])
            rest = rest[rest.index(after: close)...]
            if name.hasPrefix("{"), rest.first == "}" {
                rest.removeFirst()
                result += "%7B\(PercentEncoding.encode(String(name.dropFirst())))%7D"
                continue
            }
            if slots.contains(.path(name)) {
                try checkFirstToken(for: .path(name), place)
                result += "{\(name)}"
                continue
            }
            let root = Placeholder.split(name).root
            if root == "param", name != root { name = String(name.dropFirst("param.".count)) }
            if root == "over", name != root {
                name = String(name.dropFirst("over.".count))
                _ = try overName(name, at: place)
            }
            if root == "window", name != root {
                _ = try pageSource(name, place)
                result += "{\(name)}"
                continue
            }
            if root != "param", root != "over", name != root, Placeholder.roots.contains(root) {
                guard root != "env" else { throw place.failure("{\(name)}: a secret has no place in a path") }
                values.append(.init(name: name, source: try pathSource(name, place)))
                result += "{\(name)}"
                continue
            }
            if overScope.names[name] != nil {
                try overText(name, at: place)
                result += "{\(name)}"
                continue
            }
            if let problem = TextForm.parameter.problem(in: name) {
                throw place.failure("a path placeholder: \(problem.message)")
            }
            let value = try parameter(name, at: place)
            if let segment = PercentEncoding.pathSegment(value) {
                result += segment
            } else if missingParameters?.contains(name) == true {
                result += "_"
            } else {
                throw place.failure("parameter \"\(name)\" can't be part of a path: it is empty, \".\" or \"..\"")
            }
        }
        result += rest
        let url: WebURL
        do throws(WebURLError) {
            // Placeholders are filled in later and always encoded.
            url = try source.baseURL.appending(path: String(result.map { $0 == "{" || $0 == "}" ? "_" : $0 }))
        } catch { throw place.failure(error.reason) }
        guard url.fragment == nil else { throw place.failure("the path has a fragment (#…), which is never sent") }
        guard url.origin == source.baseURL.origin || source.otherOrigins.contains(url.origin) else {
            throw place.failure("\(url.origin) is neither the base URL's origin nor one of \"other_origins\"")
        }
        return result
    }

    /// A path has no part that may be missing.
    private mutating func pathSource(_ name: String, _ place: DocumentPlace) throws(Failure) -> ValueSource {
        let source = try pageSource(name, place)
        switch source {
        case .page(.token): try checkFirstToken(for: .placeholder, place)
        case .page: break
        default: throw place.failure("{\(name)} has no value on the first page")
        }
        return source
    }

    private func checkFirstToken(for slot: Slot, _ place: DocumentPlace) throws(Failure) {
        guard case .pages(let plan?) = scope, slot == .placeholder || plan.tokenSlot == slot else { return }
        switch plan.style {
        case .cursor where plan.firstToken == nil:
            throw place.failure("the path needs a token on the first page, too: say \"start\" in the pagination")
        case .offset where !plan.sendFirst, .page where !plan.sendFirst:
            throw place.failure("the path needs the counter on the first page, too: \"send_first\" is false")
        default: return
        }
    }

    private func check(
        _ fields: [RequestPlan.JSONField], of plan: RequestPlan, _ place: DocumentPlace
    ) throws(Failure) {
        guard !fields.isEmpty else { return }
        let fieldsPlace = place["fields"] ?? place
        switch plan.body {
        case .json, .template: break
        case nil: if plan.method == "GET" { throw fieldsPlace.failure("a GET has no body to put them in") }
        default: throw fieldsPlace.failure("the body is not JSON")
        }
        let skeleton: JSONValue? =
            switch plan.body {
            case .json(let value): value
            case .template(let template): template.skeleton
            default: nil
            }
        for (index, field) in fields.enumerated() {
            guard let skeleton, let reason = Self.reason(against: field.place[...], in: skeleton) else { continue }
            throw (fieldsPlace.elements.indices.contains(index) ? fieldsPlace.elements[index] : fieldsPlace).failure(
                reason)
        }
    }
}

extension RequestPlan.Body {
    init(_ template: JSONTemplate) {
        if case .fixed(let value) = template { self = .json(value) } else { self = .template(template) }
    }
}
