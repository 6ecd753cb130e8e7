/// Decides from the first response how an endpoint pages and where its records are. What it found is reported with
/// the first page; nothing is turned off by a guess without a word.
struct Detection: Sendable {
    var paging: PagingPlan
    var records: JSONPath
    /// For people: what was found and where.
    var reasons: [String] = []
    var warnings: [String] = []

    /// What the response says of its page size, and under which name.
    private(set) var size: (name: String, value: Int64)?

    private let outline: JSONOutline
    private let places: [String: Int]

    init(
        body: UnsafeRawBufferPointer, head: ResponseHead, stream: Stream, url: WebURL,
        services: some Services
    ) throws(Failure) {
        do {
            outline = try JSONOutline(body, depth: 3)
        } catch {
            throw PageReader.notJSON(error, body: body, head: head)
        }
        var places: [String: Int] = [:]
        for index in outline.members.indices { places[outline.path(to: index)] = index }
        self.places = places
        paging = stream.paging
        records = .body

        let context = Context(body: body, head: head, url: url)
        if let (value, text) = number(UsualPlaces.pageSizes, context, services), value > 0 {
            size = (text.split(separator: ".").last.map(String.init) ?? text, value)
        }
        switch stream.records {
        case .path(let path): records = path
        case .first(let paths), .union(let paths):
            records = paths.first { places[$0.description] != nil } ?? paths.first ?? .body
        case .detect: findRecords(named: stream.name, path: stream.request.path)
        }
        switch stream.paging.style {
        case .detect: findPaging(context, services)
        case .single: break
        case .offset, .page: findMetadata(isCounted: true)
        case .cursor, .nextURL: findMetadata(isCounted: false)
        }
    }

    /// For programs, in a document's words.
    func finding(for stream: Stream) -> PageFinding {
        var asked = (pagination: JSONValue?.none, records: JSONPath?.none)
        if case .detect = stream.paging.style { asked.pagination = paging.document }
        if case .detect = stream.records { asked.records = records }
        return PageFinding(pagination: asked.pagination, records: asked.records, size: size)
    }

    private struct Context {
        let body: UnsafeRawBufferPointer
        let head: ResponseHead
        let url: WebURL
    }

    // MARK: records

    private mutating func findRecords(named name: String, path: String) {
        if outline.kind == .array {
            reasons.append("records: the body is a list")
            return
        }
        guard outline.kind == .object else { return }
        let last = path.split(separator: "?").first?.split(separator: "/").last.map(String.init) ?? ""
        for candidate in UsualPlaces.records + [name, last] where !candidate.isEmpty {
            if let index = places[JSONOutline.step(candidate)], outline.members[index].kind == .array {
                take(index)
                return
            }
        }
        // A list one level down in the usual member (`data.items`, `data.users`), if it is the only one there.
        for candidate in UsualPlaces.records + ["_embedded"] {
            guard let parent = places[JSONOutline.step(candidate)], outline.members[parent].kind == .object else {
                continue
            }
            let lists = lists(in: parent)
            if lists.count == 1 { return take(lists[0]) }
        }
        let top = lists(in: nil)
        if top.count == 1, outline.members[top[0]].firstElement?.kind ?? .object == .object {
            take(top[0])
            return
        }
        if top.count > 1 {
            for candidate in UsualPlaces.recordsAmongOthers {
                guard let index = places[candidate], outline.members[index].kind == .array,
                    outline.members[index].firstElement?.kind ?? .object == .object
                else { continue }
                return take(index)
            }
            let names = top.prefix(5).map { "\"\(Sanitized.text(outline.members[$0].name, most: 40))\"" }
            warnings.append("records: several lists (\(names.joined(separator: ", "))), so the object is the record")
        }
        reasons.append("records: the object is the one record")
        if PageReader.tellsOfError(outline) {
            warnings.append("records: the response looks like an error that came with a good status")
        }
    }

    private func lists(in parent: Int?) -> [Int] {
        outline.members.indices.filter {
            outline.members[$0].parent == parent && outline.members[$0].kind == .array
        }
    }

    private mutating func take(_ index: Int) {
        let text = outline.path(to: index)
        guard let path = try? JSONPath(text) else { return }
        records = path
        reasons.append("records: \(text)")
    }

    // MARK: paging

    private mutating func findPaging(_ context: Context, _ services: some Services) {
        if findLink(context) || findNextURL(context, services) || findCursor(context, services) {
            findMetadata(isCounted: false)
            return
        }
        if findPageCount(context, services) || findOffset(context, services) || findHeaderCursor(context) {
            return
        }
        paging.style = .single
        reasons.append("paging: nothing in the response points to another page")
        if case .bool(true)? = value(UsualPlaces.hasMore, context, services)?.value {
            warnings.append("paging: the response says that there is more, but not how to get it: say \"pagination\"")
        } else if let total = value(UsualPlaces.totals, context, services)?.value.int, let count = recordCount,
            total > Int64(count)
        {
            warnings.append(
                "paging: total is \(total) but \(count) records came, and no way to the rest was found: say \"pagination\""
            )
        } else if let count = recordCount, count >= 10, [10, 20, 25, 30, 50].contains(count) || count % 100 == 0 {
            warnings.append("paging: exactly \(count) records came; if there are more pages, say \"pagination\"")
        }
    }

    private var recordCount: Int? {
        if records.steps.isEmpty { return outline.kind == .array ? outline.count : nil }
        return places[records.description].map { outline.members[$0].count }
    }

    /// What a document that says how to page left out, where the response has it under an unmistakable name.
    private mutating func findMetadata(isCounted: Bool) {
        if isCounted { findFlag() }
        guard paging.total == nil else { return }
        // "count" is as often the number of this page's records.
        for text in UsualPlaces.totals where text != "count" {
            guard let index = places[text], outline.members[index].kind == .number, let path = try? JSONPath(text)
            else {
                continue
            }
            paging.total = .body(path)
            paging.totalIsHint = true
            reasons.append("total: \(text) (reported, not relied on)")
            return
        }
    }

    private mutating func findLink(_ context: Context) -> Bool {
        let lines = context.head.headers.all("link")
        guard !lines.isEmpty, LinkHeader(lines).first("next") != nil else { return false }
        paging.style = .nextURL(from: .link(relation: "next", attribute: nil))
        reasons.append("paging: Link header with rel=\"next\"")
        return true
    }

    private mutating func findNextURL(_ context: Context, _ services: some Services) -> Bool {
        for text in UsualPlaces.nextURLs {
            guard let index = places[text], let path = try? JSONPath(text) else { continue }
            guard case .string(let target)? = services.decode(outline.members[index].span.bytes(in: context.body)),
                Detection.looksLikeURL(target), (try? context.url.resolving(target)) != nil
            else { continue }
            paging.style = .nextURL(from: .body(path))
            reasons.append("paging: next URL in \(text)")
            return true
        }
        return false
    }

    static func looksLikeURL(_ text: String) -> Bool {
        text.hasPrefix("http://") || text.hasPrefix("https://") || text.hasPrefix("/") || text.hasPrefix("?")
    }

    private mutating func findCursor(_ context: Context, _ services: some Services) -> Bool {
        for (text, parameter) in UsualPlaces.cursors {
            guard let index = places[text], let path = try? JSONPath(text) else { continue }
            switch outline.members[index].kind {
            case .string where outline.members[index].span.count > 2: break
            case .number: break
            default: continue
            }
            paging.style = .cursor(slot: .query(parameter), from: .body(path))
            reasons.append("paging: cursor in \(text), sent as \(parameter)")
            findFlag()
            return true
        }
        // Stripe and those who copy it: the last record's id leads on.
        if case .bool(true)? = value(["has_more"], context, services)?.value,
            case .string("list")? = value(["object"], context, services)?.value, let id = try? JSONPath("id")
        {
            paging.style = .cursor(slot: .query("starting_after"), from: .lastRecord(id))
            reasons.append("paging: has_more with \"object\": \"list\", the last record's id sent as starting_after")
            findFlag()
            return true
        }
        return false
    }

    /// A cursor in a header, beside a body that has no place for one.
    private mutating func findHeaderCursor(_ context: Context) -> Bool {
        for (name, parameter) in UsualPlaces.headerCursors {
            guard let value = context.head.headers.first(name), !value.isEmpty else { continue }
            paging.style = .cursor(slot: .query(parameter), from: .header(name))
            reasons.append("paging: cursor in the header \(name), sent as \(parameter)")
            return true
        }
        return false
    }

    private mutating func findFlag() {
        guard paging.hasMore == nil else { return }
        for text in UsualPlaces.hasMore {
            guard let index = places[text], outline.members[index].kind == .bool, let path = try? JSONPath(text) else {
                continue
            }
            paging.hasMore = .body(path)
            reasons.append("paging: ends when \(text) is false")
            return
        }
    }

    private mutating func findPageCount(_ context: Context, _ services: some Services) -> Bool {
        guard let (current, text) = number(UsualPlaces.currentPages, context, services) else { return false }
        let last = number(UsualPlaces.lastPages, context, services)
        let pages = number(UsualPlaces.totalPages, context, services)
        findFlag()
        let size = number(UsualPlaces.pageSizes, context, services)
        let total = number(UsualPlaces.totals, context, services)
        guard last != nil || pages != nil || paging.hasMore != nil || (total != nil && size != nil) else {
            return false
        }
        paging.style = .page(slot: .query("page"), start: current)
        reasons.append("paging: page number in \(text), sent as page")
        if let last { paging.lastPage = source(last.1, "last page") }
        if let pages { paging.totalPages = source(pages.1, "number of pages") }
        if last == nil, pages == nil, let total { takeTotal(total, size: size?.0) }
        return true
    }

    private mutating func findOffset(_ context: Context, _ services: some Services) -> Bool {
        guard let (offset, text) = number(UsualPlaces.offsets, context, services),
            let total = number(UsualPlaces.totals, context, services)
        else { return false }
        let name = text.split(separator: ".").last.map(String.init) ?? "offset"
        paging.style = .offset(slot: .query(name), start: offset)
        reasons.append("paging: offset in \(text), sent as \(name)")
        takeTotal(total, size: number(UsualPlaces.pageSizes, context, services)?.0)
        return true
    }

    /// A `count` equal to the records of a full page may as well be that page's own: ending by it could lose the rest.
    private mutating func takeTotal(_ total: (Int64, String), size: Int64?) {
        let name = total.1.split(separator: ".").last ?? ""
        if name == "count", let recordCount, total.0 == Int64(recordCount), Int64(recordCount) >= size ?? 0 {
            reasons.append("paging: \(total.1) may be this page's own, so it does not end the walk")
            return
        }
        paging.total = source(total.1, "total")
    }

    private mutating func source(_ text: String, _ what: String) -> ValueSource? {
        guard let path = try? JSONPath(text) else { return nil }
        reasons.append("paging: \(what) in \(text)")
        return .body(path)
    }

    private func number(
        _ candidates: [String], _ context: Context, _ services: some Services
    ) -> (Int64, String)? {
        for text in candidates {
            guard let found = value([text], context, services), let number = found.count else { continue }
            if case .string = found.value { continue }
            return (number, text)
        }
        return nil
    }

    private func value(
        _ candidates: [String], _ context: Context, _ services: some Services
    ) -> Extracted? {
        for text in candidates {
            guard let index = places[text] else { continue }
            let span = outline.members[index].span
            guard let value = services.decode(span.bytes(in: context.body)) else { continue }
            return Extracted(value: value, text: value.string)
        }
        return nil
    }
}

extension JSONOutline {
    /// The path text of a top-level member, as `path(to:)` writes it.
    static func step(_ name: String) -> String {
        let plain =
            !name.isEmpty && name != "*" && !name.hasPrefix("$") && !name.hasPrefix("/")
            && !name.utf8.contains { ".[]".utf8.contains($0) }
        return plain ? name : JSONPath(member: name).description
    }
}
