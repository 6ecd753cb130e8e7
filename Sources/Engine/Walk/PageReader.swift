/// Takes from a response what its stream's plan asks for: record ranges, token, flags, totals. Made once per walk.
struct PageReader: Sendable {
    /// What one page said.
    struct Reading: Sendable {
        var records: [JSONSpan] = []
        /// Where the records stand together as one list.
        var recordArray: JSONSpan?
        var token: Extracted?
        var hasMore: Extracted?
        var total: Extracted?
        var lastPage: Extracted?
        var totalPages: Extracted?
        var warnings: [String] = []
    }

    /// Why a page could not be taken.
    enum Problem: Error {
        /// The body is not JSON: cut off or an error page. Another attempt may bring it whole.
        case unreadable(Failure)
        /// It is JSON, but not what the plan says.
        case wrong(Failure)
    }

    private let records: JSONPath
    private let missingRecordsAreEmpty: Bool
    private let tokenSource: ValueSource?
    private let paging: PagingPlan
    private let scanner: JSONScanner
    /// Body paths in the order of the scanner's targets, from target 1 on.
    private let paths: [JSONPath]
    private var matches = JSONMatches()
    private var pagesRead = 0

    init(records: JSONPath, missingRecordsAreEmpty: Bool, paging: PagingPlan) throws(Failure) {
        self.records = records
        self.missingRecordsAreEmpty = missingRecordsAreEmpty
        self.paging = paging
        switch paging.style {
        case .cursor(_, let from), .nextURL(let from): tokenSource = from
        default: tokenSource = nil
        }
        var paths: [JSONPath] = []
        for source in [tokenSource, paging.hasMore, paging.total, paging.lastPage, paging.totalPages] {
            source?.collectBodyPaths(into: &paths)
        }
        self.paths = paths
        do {
            scanner = try JSONScanner([.elements(records)] + paths.map { .value($0) })
        } catch {
            throw Failure(.config, "selectors: \(error.description)")
        }
    }

    mutating func read(
        _ body: UnsafeRawBufferPointer, head: ResponseHead, services: some Services
    ) throws(Problem) -> Reading {
        var reading = Reading()
        if PageReader.isNoContent(body, head) {
            matches.removeAll()
            reading.warnings.append("status \(head.status) without a body, taken as an empty page")
        } else {
            do {
                try scanner.scan(body, into: &matches)
            } catch {
                throw .unreadable(PageReader.notJSON(error, body: body, head: head))
            }
            do {
                try readRecords(into: &reading, body: body)
            } catch {
                throw .wrong(error)
            }
        }
        pagesRead += 1
        let context = Context(body: body, head: head, lastRecord: reading.records.last)
        reading.token = value(tokenSource, context, services)
        reading.hasMore = value(paging.hasMore, context, services)
        reading.total = value(paging.total, context, services)
        reading.lastPage = value(paging.lastPage, context, services)
        reading.totalPages = value(paging.totalPages, context, services)
        return reading
    }

    /// How some APIs say "none" (RFC 9110 sections 15.3.5 and 15.3.6): nothing is missing, another attempt brings no more.
    static func isNoContent(_ body: UnsafeRawBufferPointer, _ head: ResponseHead) -> Bool {
        body.isEmpty && (head.status == 204 || head.status == 205)
    }

    /// One line that says what came instead of JSON and where it stops being JSON.
    static func notJSON(_ error: JSONError, body: UnsafeRawBufferPointer, head: ResponseHead) -> Failure {
        let type = head.headers.first("content-type") ?? ""
        if ASCII.contains(ASCII.lowercased(type), "html") || body.drop(while: { $0 <= 0x20 }).first == UInt8(ascii: "<")
        {
            return Failure(.data, "the response is not JSON but \(type.isEmpty ? "markup" : type)")
        }
        if body.isEmpty { return Failure(.data, "the response has no body") }
        let isLimit = error.kind == .tooDeep || error.kind == .tooLarge
        return Failure(isLimit ? .limit : .data, "the response is not valid JSON: \(error)")
    }

    private mutating func readRecords(into reading: inout Reading, body: UnsafeRawBufferPointer) throws(Failure) {
        let found = matches[0]
        if found.values.isEmpty {
            let tellsOfError = PageReader.tellsOfError(body)
            if missingRecordsAreEmpty || records.matchesMany, !tellsOfError {
                if pagesRead > 0 { return }
                reading.warnings.append("records: \"\(records)\" matches nothing on the first page")
                return
            }
            // On the first page a selector that matches nothing is a mistake in the document; later a list that is
            // left out is how some APIs say "none", unless the body says that something went wrong.
            if pagesRead > 0, !tellsOfError {
                reading.warnings.append("records: \"\(records)\" is missing, taken as an empty page")
                return
            }
            throw Failure(
                .data, "records: \"\(records)\" matches nothing in the response, which has \(PageReader.shape(body))")
        }
        for match in found.values {
            switch match.kind {
            case .array, .object: break
            case .null: reading.warnings.append("records: \"\(records)\" is null, taken as an empty page")
            case .bool, .number, .string:
                throw Failure(.data, "records: \"\(records)\" is a \(match.kind), not a list or an object")
            }
        }
        reading.records = found.elements
        if found.values.count == 1, found.values[0].kind == .array { reading.recordArray = found.values[0].span }
    }

    /// The members of the top, for a message: `data (object), meta (object)`.
    static func shape(_ body: UnsafeRawBufferPointer) -> String {
        guard let outline = try? JSONOutline(body, depth: 1) else { return "no readable shape" }
        guard outline.kind == .object else {
            return "\(outline.kind == .array ? "an" : "a") \(outline.kind) at its top"
        }
        if outline.members.isEmpty { return "no members" }
        let named = outline.members.prefix(8).map { "\"\(Sanitized.text($0.name, most: 40))\" (\($0.kind))" }
        return named.joined(separator: ", ") + (outline.members.count > 8 ? " and more" : "")
    }

    static func tellsOfError(_ body: UnsafeRawBufferPointer) -> Bool {
        guard let outline = try? JSONOutline(body, depth: 1) else { return false }
        return tellsOfError(outline)
    }

    static func tellsOfError(_ outline: JSONOutline) -> Bool {
        outline.members.contains { member in
            member.parent == nil && ["error", "errors", "fault", "error_message"].contains(member.name)
                && member.kind != .null && member.span.count > 2
        }
    }

    // MARK: value sources

    private struct Context {
        let body: UnsafeRawBufferPointer
        let head: ResponseHead
        let lastRecord: JSONSpan?
    }

    private func value(_ source: ValueSource?, _ context: Context, _ services: some Services) -> Extracted? {
        guard let source else { return nil }
        switch source {
        case .body(let path):
            guard let target = paths.firstIndex(of: path), let span = matches[target + 1].first else { return nil }
            return PageReader.extract(span, in: context.body, services)
        case .header(let name):
            return context.head.headers.first(name).map { Extracted(text: $0) }
        case .link(let relation, let attribute):
            let lines = context.head.headers.all("link")
            guard !lines.isEmpty, let link = LinkHeader(lines).first(relation) else { return nil }
            guard let attribute else { return Extracted(text: link.target) }
            return link.attribute(attribute).map { Extracted(text: $0) }
        case .lastRecord(let path):
            guard let span = context.lastRecord else { return nil }
            let record = span.bytes(in: context.body)
            var found = JSONMatches()
            guard let scanner = try? JSONScanner([.value(path)]), (try? scanner.scan(record, into: &found)) != nil,
                let field = found[0].first
            else { return nil }
            return PageReader.extract(field, in: record, services)
        case .queryParameter(let name, let inner):
            guard let text = value(inner, context, services)?.text, !text.isEmpty else { return nil }
            // Only the query is looked at, so any base will do for a relative reference.
            let query = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).dropFirst().first
            guard let query, let url = try? WebURL("http://localhost/?\(query)") else { return nil }
            return url.queryValue(name).map { Extracted(text: $0) }
        case .first(let sources):
            for candidate in sources {
                if let found = value(candidate, context, services), !found.isNull, !found.isEmptyText { return found }
            }
            return nil
        }
    }

    private static func extract(
        _ span: JSONSpan, in body: UnsafeRawBufferPointer, _ services: some Services
    ) -> Extracted? {
        guard let value = services.decode(span.bytes(in: body)) else { return nil }
        switch value {
        case .string(let text): return Extracted(value: value, text: text)
        case .int, .real, .number: return Extracted(value: value, text: span.text(in: body))
        default: return Extracted(value: value, text: nil)
        }
    }
}

extension ValueSource {
    func collectBodyPaths(into paths: inout [JSONPath]) {
        switch self {
        case .body(let path): if !paths.contains(path) { paths.append(path) }
        case .header, .link, .lastRecord: break
        case .queryParameter(_, let inner): inner.collectBodyPaths(into: &paths)
        case .first(let sources): for source in sources { source.collectBodyPaths(into: &paths) }
        }
    }
}
