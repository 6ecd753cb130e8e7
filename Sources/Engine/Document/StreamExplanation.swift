/// What one stream of a document means, in plain words.
struct StreamExplanation {
    @Boxed private var stream: Stream
    private let whole: Explanation
    private let definition: JSONValue
    private var plan: PagingPlan { stream.paging }

    init(_ stream: Stream, in whole: Explanation) {
        self.stream = stream
        self.whole = whole
        definition = whole.source.context.definitions.last { $0.name == stream.name }?.value ?? .null
    }

    func write(to writer: inout JSONWriter) {
        writer.member("name", stream.name)
        writer.member("description", definition["description"]?.string)
        writer.member("request", request)
        writer.sentences("sends", whole.sends(definition))
        writer.member("body", body)
        writer.sentences("needs", stream.missingParameters.map { "the parameter \"\($0)\"" })
        writer.member("paging", paging)
        writer.sentences("stops", stops)
        let records = RecordsExplanation(stream: stream)
        writer.member("records", records.place)
        writer.sentences("changes", records.changes)
        writer.member("key", records.key)
        writer.sentences("errors", RecordsExplanation.errors(stream.errors))
        writer.member("retries", retries)
        writer.member("timeouts", stream.request.limits.map(Explanation.timeouts))
        writer.sentences("over", over)
        writer.member("parallel", parallel)
        writer.member("read_ahead", readAhead)
    }

    // MARK: request

    private var request: String {
        let path = definition.string ?? definition["path"]?.string ?? stream.request.path
        return "\(stream.request.method) \(url(path))"
    }

    /// The first page's URL with placeholders as they stand; values in the document's own URLs are hidden.
    private func url(_ path: String) -> String {
        // Braces would be percent-encoded: they are taken out and put back by their order.
        var names: [String] = []
        var plain = ""
        var rest = path[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            plain += rest[..<open] + Self.mark
            names.append(String(rest[open...close]))
            rest = rest[rest.index(after: close)...]
        }
        plain += rest
        guard let url = try? whole.source.baseURL.appending(path: plain) else { return Sanitized.text(path, most: 200) }
        var shown = url.redacted()
        for name in names { shown = Self.replacingFirst(Self.mark, by: name, in: shown) }
        return Sanitized.text(shown, most: 1000)
    }

    private static let mark = "penstock-placeholder"

    private static func replacingFirst(_ word: String, by other: String, in text: String) -> String {
        let bytes = Array(text.utf8)
        let wanted = Array(word.utf8)
        guard bytes.count >= wanted.count else { return text }
        for start in 0...(bytes.count - wanted.count) where bytes[start...].starts(with: wanted) {
            return String(decoding: bytes[..<start] + other.utf8 + bytes[(start + wanted.count)...], as: UTF8.self)
        }
        return text
    }

    private var body: String? {
        let fields = stream.request.jsonFields.map { Words.name($0.place.joined(separator: ".")) }
        let more = fields.isEmpty ? "" : ", with " + fields.joined(separator: ", ") + " filled in"
        if stream.request.isGraphQL { return "a GraphQL request" + more }
        switch stream.request.body {
        case nil: return fields.isEmpty ? nil : "JSON" + more
        case .json: return "JSON, as it stands in the document" + more
        case .template: return "JSON of the document, its places filled in" + more
        case .form(let fields):
            return "a form: " + Set(fields.map(\.name)).sorted().map(Words.name).joined(separator: ", ")
        case .text(_, let type): return "a text of type \(Sanitized.text(type, most: 80))"
        }
    }

    private var retries: String? {
        let isIdempotent = stream.request.idempotent ?? PreparedRequest.isIdempotent(stream.request.method)
        if isIdempotent || whole.source.retry.maxAttempts <= 1 { return nil }
        return
            "only where the server certainly did not carry the request out: a \(stream.request.method) may act twice "
            + "(say \"idempotent\": true if it only reads)"
    }

    private var readAhead: String {
        if !stream.lookAhead { return "a page is requested when the host asks for it" }
        if stream.pagesAhead == 0 { return "a page is requested when the one before was taken" }
        return "up to \(Words.count(stream.pagesAhead, "page")) or \(stream.readAheadBytes >> 20) MiB are under way or "
            + "ready before they are taken"
    }

    private var over: [String] {
        guard let over = stream.over else { return [] }
        var sentences = over.dimensions.map { dimension in
            let each = dimension.batch > 1 ? "each \(dimension.batch) of" : "each of"
            return switch dimension.origin {
            case .items(let items):
                "one walk for \(each) \(Words.count(Int64(items.count), "item")), as {\(dimension.name)}"
            case .stream(let parent, let key):
                "one walk for \(each) the values \(Words.place(key)) of the stream \"\(parent.name)\""
                    + dimension.further.map { ", then \(Words.place($0.key)) of \"\($0.stream.name)\"" }.joined()
                    + ", as {\(dimension.name)}"
            }
        }
        let order = over.order == .any ? "as they come" : "in the order of their parents"
        sentences.append("\(Words.count(over.atOnce, "walk")) at once, handed over \(order)")
        if over.skipsFailures { sentences.append("what one parent alone fails with is noted and passed over") }
        return sentences
    }

    private var parallel: String? {
        guard stream.parallel > 1 else { return nil }
        let order =
            switch stream.order {
            case .pages: "handed over in their order"
            case .any: "handed over as they come"
            }
        return "up to \(stream.parallel) pages are under way at once, as far as the limits allow, and \(order)"
    }

    // MARK: paging

    private var paging: String {
        var text =
            switch plan.style {
            case .detect:
                "found in the first response, in this order: a Link header, a next URL or a cursor in a usual place, "
                    + "a page number with an end, an offset with a total; else there is one page"
            case .single: "there is one page"
            case .offset(let slot, let start):
                "\(Words.slot(slot)) counts records from \(start), by as many as came"
            case .page(let slot, let start): "\(Words.slot(slot)) counts pages from \(start)"
            case .cursor(let slot, let from):
                "a token out of each response, \(Words.source(from)), goes into \(Words.slot(slot)) of the next request"
            case .nextURL(let from):
                "a URL out of each response, \(Words.source(from)), is requested next, as it is"
            }
        if plan.firstToken != nil { text += "; the first request has a fixed token" }
        if !plan.sendFirst { text += "; the first request goes without it" }
        if plan.keepsQuery { text += ", with the stream's query parameters that it lacks" }
        if let size = plan.size {
            text += "; "
            text += size.slot.map { "\(Words.slot($0)) asks for \(size.value) records a page" } ?? ""
        }
        if let restart = plan.restart { text += "; " + Words.restart(restart) }
        return text
    }

    private var stops: [String] {
        var stops: [String] = []
        if let bound = plan.maxPages { stops.append("after \(Words.count(bound, "page"))") }
        if let bound = plan.maxRecords { stops.append("after \(Words.count(bound, "record"))") }
        if let flag = plan.hasMore {
            stops.append("when \(Words.source(flag)) says no: false, 0, \"\", \"false\", \"no\" or an empty list")
        }
        switch plan.style {
        case .single, .detect: break
        case .offset, .page: stops += countedStops
        case .cursor(_, let from): stops += tokenStops("no token", from)
        case .nextURL(let from): stops += tokenStops("no next URL", from)
        }
        stops += plan.stops.map(Words.stop)
        if !plan.endStatuses.isEmpty {
            let statuses = plan.endStatuses.sorted().map { String($0) }
            stops.append("behind the first page, at HTTP \(MessageText.alternatives(statuses))")
        }
        if stream.paging.style != .single {
            stops.append(
                plan.loopGuard == .all
                    ? "with an error when a token, URL or whole page comes twice"
                    : "with an error when a token or URL comes twice")
        }
        return stops
    }

    private var countedStops: [String] {
        var stops: [String] = []
        if let total = plan.total, !plan.totalIsHint {
            stops.append("when as many records came as \(Words.source(total)) says")
        }
        if let last = plan.lastPage { stops.append("at the page whose number \(Words.source(last)) says") }
        if let pages = plan.totalPages { stops.append("after as many pages as \(Words.source(pages)) says") }
        if plan.stopOnEmptyPage ?? true { stops.append(emptyPage) }
        if let size = plan.size?.value, plan.stopOnShortPage ?? true {
            stops.append(
                plan.stopOnShortPage == true
                    ? "at a page with fewer than \(Words.count(size, "record"))"
                    : "at a page with fewer than \(Words.count(size, "record")), unless the response says that more "
                        + "follow; a short first page is taken as the server's own page size")
        }
        return stops
    }

    private func tokenStops(_ nothing: String, _ from: ValueSource) -> [String] {
        var stops = [
            plan.emptyTokenIsToken
                ? "when there is \(nothing) (missing, null or false; an empty text is one)"
                : "when there is \(nothing) (missing, null, false or empty)"
        ]
        if plan.hasMore != nil {
            stops[0] += "; an error where the response says that more follow"
        }
        if plan.stopOnEmptyPage ?? false { stops.append(emptyPage) }
        if plan.stopOnShortPage ?? false, let size = plan.size?.value {
            stops.append("at a page with fewer than \(Words.count(size, "record"))")
        }
        return stops
    }

    private var emptyPage: String {
        plan.toleratedEmptyPages == 0
            ? "at an empty page" : "at the empty page number \(plan.toleratedEmptyPages + 1) in a row"
    }
}
