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
        /// One of the document's stop rules holds.
        var isStopped = false
        /// In the order of the plan's `carried`.
        var carried: [Extracted?] = []
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
    private let values: ResponseReader
    private let carried: [ValueSource]
    private let isGraphQL: Bool
    private var matches = JSONMatches()
    private var pagesRead = 0
    private var uselessStops: Set<Int> = []

    /// - Parameter carried: what the next request needs to know of this response.
    init(
        records: JSONPath, missingRecordsAreEmpty: Bool, paging: PagingPlan, carried: [ValueSource] = [],
        isGraphQL: Bool = false
    ) throws(Failure) {
        self.carried = carried
        self.isGraphQL = isGraphQL
        self.records = records
        self.missingRecordsAreEmpty = missingRecordsAreEmpty
        self.paging = paging
        tokenSource = paging.tokenSource
        let sources = [tokenSource, paging.hasMore, paging.total, paging.lastPage, paging.totalPages].compactMap(\.self)
        values = try ResponseReader(
            sources + paging.stops.flatMap(\.sources) + carried + (isGraphQL ? GraphQLAnswer.sources : []))
        do {
            scanner = try JSONScanner([.elements(records)] + values.targets)
        } catch {
            throw Failure(.config, "selectors: \(error.description)")
        }
    }

    mutating func read(
        _ body: UnsafeRawBufferPointer, head: ResponseHead, request: RequestValues, url: WebURL,
        services: some Services
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
                if isGraphQL { try readErrors(into: &reading, body, head, services) }
                try readRecords(into: &reading, body: body)
            } catch {
                throw .wrong(error)
            }
        }
        pagesRead += 1
        let response = ResponseReader.Response(
            body: body, head: head, request: request, matches: matches, records: reading.records)
        do {
            reading.token = try values.value(tokenSource, response, services)
            reading.hasMore = try values.value(paging.hasMore, response, services)
            reading.total = try values.value(paging.total, response, services)
            reading.lastPage = try values.value(paging.lastPage, response, services)
            reading.totalPages = try values.value(paging.totalPages, response, services)
        } catch {
            throw .wrong(error)
        }
        reading.carried = carried.map { values.leaf($0, response, services) }
        if !paging.stops.isEmpty { test(response, url, &reading, services) }
        return reading
    }

    /// Errors beside data are told; without data, or without the records, they are why the page failed.
    private func readErrors(
        into reading: inout Reading, _ body: UnsafeRawBufferPointer, _ head: ResponseHead, _ services: some Services
    ) throws(Failure) {
        let response = ResponseReader.Response(
            body: body, head: head, request: RequestValues(), matches: matches, records: [])
        let answer = GraphQLAnswer { values.leaf($0, response, services) }
        guard let message = answer.message else { return }
        let hasRecords = matches[0].values.contains { $0.kind != .null }
        guard answer.hasData, hasRecords else { throw Failure(.data, "the GraphQL request failed: \(message)") }
        reading.warnings.append("GraphQL errors beside the data: \(message)")
    }

    /// A rule that can't be tested is out of the game, aloud; the others decide.
    private mutating func test(
        _ response: ResponseReader.Response, _ url: WebURL, _ reading: inout Reading, _ services: some Services
    ) {
        for (index, rule) in paging.stops.enumerated() {
            let holds = try? rule.holds(url: url) { source throws(Failure) in
                try values.value(source, response, services)
            }
            if holds == true {
                reading.isStopped = true
            } else if holds == nil, uselessStops.insert(index).inserted {
                reading.warnings.append(
                    "stop: \(rule.source.described) is missing or of no use: the other stop rules decide")
            }
        }
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
}
