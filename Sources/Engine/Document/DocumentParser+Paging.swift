extension DocumentParser {
    /// - Parameter request: the stream that it is of, whose texts may have places for token and size.
    mutating func pagination(_ place: DocumentPlace, of request: DocumentPlace) throws(Failure) -> PagingPlan {
        let texts = JSONValue.object((request.value.members ?? []).filter { $0.name != "pagination" })
        let isTokenPlaced = Placeholder.stands(.token, in: texts)
        let isSizePlaced = Placeholder.stands(.size, in: texts)
        let type = place.value.string ?? place["type"]?.value.string ?? ""
        var plan = PagingPlan(style: try style(type, place, isTokenPlaced: isTokenPlaced))
        plan.size = try size(place["size"], type: type, isPlaced: isSizePlaced)
        if let flag = place["send_first"]?.value.bool { plan.sendFirst = flag }
        plan.hasMore = try valueSource(place["has_more"])
        plan.total = try valueSource(place["total"])
        plan.lastPage = try valueSource(place["last_page"])
        plan.totalPages = try valueSource(place["total_pages"])
        plan.keepsQuery = place["keep_query"]?.value.bool ?? false
        plan.stops = try stopRules(place["stop"])
        plan.firstToken = type == "cursor" ? place["start"]?.value.string : nil
        plan.stopOnShortPage = place["stop_on_short_page"]?.value.bool
        plan.stopOnEmptyPage = place["stop_on_empty_page"]?.value.bool
        if let pages = place["empty_pages"]?.value.int { plan.toleratedEmptyPages = pages }
        plan.endStatuses = Set((place["end_statuses"]?.value.array ?? []).compactMap { $0.int.map { Int($0) } })
        plan.emptyTokenIsToken = place["empty_token"]?.value.string == "token"
        plan.maxPages = place["max_pages"]?.value.int
        plan.maxRecords = place["max_records"]?.value.int
        if place["loop_guard"]?.value.string == "tokens" { plan.loopGuard = .tokens }
        plan.restart = try restart(
            place["restart"], size: plan.size, isPlaced: Placeholder.stands(.restart, in: texts))
        return plan
    }

    private mutating func style(
        _ type: String, _ place: DocumentPlace, isTokenPlaced: Bool
    ) throws(Failure) -> PagingPlan.Style {
        typealias Usual = Vocabulary.UsualParameter
        switch type {
        case "offset":
            return .offset(
                slot: try counterSlot(place, Usual.offset, isPlaced: isTokenPlaced),
                start: place["start"]?.value.int ?? 0)
        case "page":
            let start = place["start"]?.value.int ?? Vocabulary.firstPage
            return .page(slot: try counterSlot(place, Usual.page, isPlaced: isTokenPlaced), start: start)
        case "cursor":
            let source = try valueSource(place["from"]) ?? Self.usualCursors
            let slot = try slot(place, usual: Usual.cursor, isPlaced: isTokenPlaced)
            return slot == .url ? .nextURL(from: source) : .cursor(slot: slot, from: source)
        case "next_url":
            return .nextURL(from: try valueSource(place["from"]) ?? Self.usualNextURLs)
        case "link":
            let relation = place["rel"]?.value.string ?? Vocabulary.defaultRelation
            return .nextURL(from: .link(relation: relation, attribute: nil))
        case "none": return .single
        default: return .detect
        }
    }

    /// Without the places where APIs also repeat the cursor of the page that was asked for: on the last page that would
    /// be the first one there.
    private static let usualCursors = usual(
        UsualPlaces.cursors.map(\.place).filter { $0 != "cursor" && !$0.hasSuffix(".cursor") })
    private static let usualNextURLs = usual(UsualPlaces.nextURLs)

    private static func usual(_ places: [String]) -> ValueSource {
        .first(
            places.compactMap { text in (try? JSONPath(text)).map { .body($0) } })
    }

    private func counterSlot(_ place: DocumentPlace, _ usual: String, isPlaced: Bool) throws(Failure) -> Slot {
        let slot = try slot(place, usual: usual, isPlaced: isPlaced)
        if slot == .url { throw (place["slot"] ?? place).failure("a number can't be the whole URL") }
        return slot
    }

    private func size(
        _ place: DocumentPlace?, type: String, isPlaced: Bool
    ) throws(Failure) -> PagingPlan.Size? {
        guard let place, let value = place.value.int ?? place["value"]?.value.int else { return nil }
        let usual = type == "page" ? Vocabulary.UsualParameter.pageSize : Vocabulary.UsualParameter.cursorSize
        let slot = try slot(place, usual: usual, isPlaced: isPlaced)
        if slot == .url { throw (place["slot"] ?? place).failure("a number can't be the whole URL") }
        return .init(slot: slot, value: value)
    }

    /// From "param" or "slot" of an object; the usual query parameter when neither is there.
    func slot(_ owner: DocumentPlace, usual: String, isPlaced: Bool) throws(Failure) -> Slot {
        guard let place = owner["slot"] else {
            if let name = owner["param"]?.value.string { return .query(name) }
            return isPlaced ? .placeholder : .query(usual)
        }
        let kind = place["in"]?.value.string ?? ""
        if kind == "url" {
            if let name = place["name"] { throw name.failure("the whole URL has no name") }
            return .url
        }
        guard let name = place["name"] else {
            throw place.failure("missing key \"name\"", at: place.pointer.appending("name"))
        }
        let names = name.elements.compactMap(\.value.string)
        if kind == "json" { return .json(names) }
        if kind == "graphql" { return .json(["variables"] + names) }
        guard let text = name.value.string else { throw name.failure("a list of names is for json only") }
        switch kind {
        case "header":
            if let problem = TextForm.headerName.problem(in: text) { throw name.failure(problem.message) }
            if let reason = Self.reason(againstHeader: text) {
                throw name.failure("the header can't be set here: \(reason)")
            }
            return .header(text)
        case "form": return .form(text)
        case "path": return .path(text)
        default: return .query(text)
        }
    }

    // MARK: what cannot work

    /// A fixed parameter and the pagination can't both decide.
    func checkFree(
        _ query: [RequestPlan.NamedText], _ plan: PagingPlan, _ place: DocumentPlace
    ) throws(Failure) {
        for case .query(let name) in plan.slots where query.contains(where: { $0.name == name }) {
            throw place.failure(
                "the query parameter \(MessageText.quoted(name)) is set by \"query\" and by the pagination")
        }
    }

    /// Whatever stands in a URL of the document would be replaced without a word by the pagination or the credentials.
    func checkURL(of request: RequestPlan, _ plan: PagingPlan?, in source: Source, _ place: DocumentPlace)
        throws(Failure)
    {
        let path = place["path"] ?? place
        let query = request.path.split(separator: "?", maxSplits: 1).dropFirst().first
        guard let url = try? WebURL("http://localhost/?\(query ?? "")") else { return }
        let inURL = url.queryItems.map(\.name)
        for case .query(let name)? in (plan?.slots ?? [])
        where inURL.contains(name) || source.baseURL.queryValue(name) != nil {
            throw path.failure(
                "the query parameter \(MessageText.quoted(name)) is set by the URL and by the pagination")
        }
        for name in source.auth.queryNames {
            let isInURL = inURL.contains(name)
            guard isInURL || request.query.contains(where: { $0.name == name }) else { continue }
            throw (isInURL ? path : place["query"] ?? place).failure(
                "the query parameter \(MessageText.quoted(name)) carries the source's credentials")
        }
    }

    /// A token that no response changes asks for the same page for ever.
    private func checkMoves(_ plan: PagingPlan, _ place: DocumentPlace) throws(Failure) {
        let from: ValueSource
        switch plan.style {
        case .cursor(_, let source), .nextURL(let source): from = source
        default: return
        }
        guard from.leaves.isEmpty || from == .page(.token) || from == .page(.size) else { return }
        throw (place["from"] ?? place).failure("the value is the same on every page: the walk would not get on")
    }

    /// Statuses by which an API says "not you" or "not now" are no end, or records would be left behind in silence.
    private func checkEndStatuses(_ place: DocumentPlace) throws(Failure) {
        for status in place["end_statuses"]?.elements ?? [] {
            switch status.value.int {
            case 401, 407: throw status.failure("the status means that the credentials are refused, not the end")
            case 408, 420, 425, 429: throw status.failure("the status means that it is too early, not the end")
            default: continue
            }
        }
    }

    func check(
        slots: [Slot], of request: RequestPlan, in source: Source, _ place: DocumentPlace
    ) throws(Failure) {
        for (index, slot) in slots.enumerated() {
            if slots[..<index].contains(slot), slot != .placeholder {
                throw place.failure(
                    "token and page size, or the value of a restart, both go into the \(Self.described(slot))")
            }
            guard let reason = reason(against: slot, in: request, source) else { continue }
            throw place.failure("the \(Self.described(slot)) can't be used: \(reason)")
        }
    }

    private func reason(against slot: Slot, in request: RequestPlan, _ source: Source) -> String? {
        if source.auth.takes(slot) { return "it carries the credentials" }
        switch slot {
        case .url, .placeholder: return nil
        case .query(let name):
            return source.query.contains { $0.name == name } ? "it is set by the source's \"query\"" : nil
        case .header(let name):
            if request.headers.contains(where: { ASCII.equalsIgnoringCase($0.name, name) }) {
                return "it is set by \"headers\""
            }
            return nil
        case .path(let name):
            return ASCII.contains(request.path, "{\(name)}") ? nil : "\"path\" has no such placeholder"
        case .form(let name):
            switch request.body {
            case .form(let fields): return fields.contains { $0.name == name } ? "it is set by \"form\"" : nil
            case nil: return request.method == "GET" ? "a GET has no body to put it in" : nil
            default: return "the body is no form"
            }
        case .json(let names):
            switch request.body {
            case .json(let value): return Self.reason(against: names[...], in: value)
            case .template(let template): return Self.reason(against: names[...], in: template.skeleton)
            case nil: return request.method == "GET" ? "a GET has no body to put it in" : nil
            default: return "the body is not JSON"
            }
        }
    }

    /// The member itself may be there already (a GraphQL variable that starts as null); what is above it must be objects.
    static func reason(against names: ArraySlice<String>, in value: JSONValue) -> String? {
        guard let name = names.first else { return nil }
        guard case .object = value else { return "what is above it in \"json\" is \(value.found), not an object" }
        guard names.count > 1, let next = value[name] else { return nil }
        return reason(against: names.dropFirst(), in: next)
    }

    /// Only a counted page can be asked for before the one in front of it is there.
    func checkAhead(_ stream: Stream, _ place: DocumentPlace) throws(Failure) {
        guard stream.parallel > 1, let given = place["parallel"] ?? place["look_ahead"] else { return }
        if !stream.lookAhead { throw given.failure("several pages at once need \"look_ahead\"") }
        if stream.paging.restart != nil {
            throw given.failure(
                "the pagination has a \"restart\", which is known only from the page before: one at a time")
        }
        switch stream.paging.style {
        case .offset, .page, .detect: return
        case .single: throw given.failure("there is one page")
        case .cursor, .nextURL:
            throw given.failure("a page of this pagination is known only from the one before: one at a time")
        }
    }

    /// A walk must have an end that does not depend on luck.
    func checkEnd(of plan: PagingPlan, _ place: DocumentPlace) throws(Failure) {
        try checkMoves(plan, place)
        if place.value.string == nil { try checkEndStatuses(place) }
        if plan.stopOnShortPage == true, plan.size == nil, let flag = place["stop_on_short_page"] {
            throw flag.failure("a page is short only against a \"size\", and there is none")
        }
        if plan.stopOnEmptyPage == false, plan.toleratedEmptyPages > 0, let pages = place["empty_pages"] {
            throw pages.failure("empty pages never end the walk: \"stop_on_empty_page\" is false")
        }
        switch plan.style {
        case .offset, .page:
            let stopsByPage = plan.stopOnEmptyPage ?? true || plan.stopOnShortPage ?? (plan.size != nil)
            let isToldTheEnd =
                plan.hasMore != nil || plan.total != nil || plan.lastPage != nil || plan.totalPages != nil
                || !plan.stops.isEmpty
            let isBounded = plan.maxPages != nil || plan.maxRecords != nil
            guard stopsByPage || isToldTheEnd || isBounded else {
                throw (place["stop_on_empty_page"] ?? place).failure(
                    "the walk would never end: no stop at an empty or short page, no \"has_more\", \"total\" or "
                        + "\"last_page\", no \"max_pages\" or \"max_records\"")
            }
        default: return
        }
    }
}

extension PagingPlan {
    /// What the pagination sets in a request.
    var slots: [Slot] {
        let token: Slot? =
            switch style {
            case .offset(let slot, _), .page(let slot, _), .cursor(let slot, _): slot
            case .nextURL: .url
            case .detect, .single: nil
            }
        return [token, size?.slot, restart?.slot].compactMap { $0 }
    }
}
