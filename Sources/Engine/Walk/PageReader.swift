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
        /// What a restart behind this page would be made with.
        var restart: Extracted?
        /// One of the document's stop rules holds.
        var isStopped = false
        /// In the order of the plan's `carried`.
        var carried: [Extracted?] = []
        var warnings: [String] = []
        /// What the records' spans are about, when that is not the body.
        var bytes: [UInt8]?
        /// As the server counts: before anything was left out.
        var count = 0
        /// Of those that the server sent, whether they are handed over or not.
        var first: RecordPlace?
        var last: RecordPlace?
        /// Where the records stand in the body.
        var extent: Range<Int>?
        var filtered: Int64 = 0
        /// One for each record of a stream with a key; nil for a record without.
        var keys: [Fingerprint?] = []
    }

    /// Why a page could not be taken.
    enum Problem: Error {
        /// The body is not JSON: cut off or an error page. Another attempt may bring it whole.
        case unreadable(Failure)
        /// It is JSON, but not what the plan says.
        case wrong(Failure)
    }

    let records: RecordReader
    private let tokenSource: ValueSource?
    @Boxed private var paging: PagingPlan
    private let scanner: JSONScanner
    private let values: ResponseReader
    private let carried: [ValueSource]
    private let isGraphQL: Bool
    private var matches = JSONMatches()
    /// Those of an earlier run count.
    var pagesRead = 0
    private var uselessStops: Set<Int> = []

    init(
        records: JSONPath, missingRecordsAreEmpty: Bool, paging: PagingPlan, isGraphQL: Bool = false
    ) throws(Failure) {
        let records = try RecordReader(places: [records], missingIsEmpty: missingRecordsAreEmpty)
        try self.init(records: records, paging: paging, isGraphQL: isGraphQL)
    }

    /// - Parameter carried: what the next request needs to know of this response.
    init(
        records: RecordReader, paging: PagingPlan, carried: [ValueSource] = [], isGraphQL: Bool = false
    ) throws(Failure) {
        self.carried = carried
        self.isGraphQL = isGraphQL
        self.records = records
        self.paging = paging
        tokenSource = paging.tokenSource
        let sources = [
            tokenSource, paging.hasMore, paging.total, paging.lastPage, paging.totalPages, paging.restart?.from,
        ].compactMap(\.self)
        values = try ResponseReader(
            sources + paging.stops.flatMap(\.sources) + carried + (isGraphQL ? GraphQLAnswer.sources : []),
            behind: records.targets.count)
        do {
            scanner = try JSONScanner(records.targets + values.targets)
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
                try records.read(
                    matches, body: body, isFirstPage: pagesRead == 0, into: &reading, services: services)
            } catch {
                throw .wrong(error)
            }
        }
        pagesRead += 1
        try readValues(into: &reading, body, head, request: request, url: url, services)
        do {
            try records.addMembers(&reading, body: body)
        } catch {
            throw .wrong(error)
        }
        return reading
    }

    /// Of an answer whose records, if any, don't count: only how it goes on, as far as it says so.
    mutating func readIgnored(
        _ body: UnsafeRawBufferPointer, head: ResponseHead, request: RequestValues, url: WebURL,
        services: some Services
    ) throws(Problem) -> Reading {
        var reading = Reading()
        if (try? scanner.scan(body, into: &matches)) == nil { matches.removeAll() }
        try readValues(into: &reading, body, head, request: request, url: url, services)
        return reading
    }

    private mutating func readValues(
        into reading: inout Reading, _ body: UnsafeRawBufferPointer, _ head: ResponseHead, request: RequestValues,
        url: WebURL, _ services: some Services
    ) throws(Problem) {
        let response = ResponseReader.Response(
            body: body, head: head, request: request, matches: matches, first: reading.first, last: reading.last,
            written: reading.bytes, count: reading.count)
        do {
            reading.token = try values.value(tokenSource, response, services)
            reading.hasMore = try values.value(paging.hasMore, response, services)
            reading.total = try values.value(paging.total, response, services)
            reading.lastPage = try values.value(paging.lastPage, response, services)
            reading.totalPages = try values.value(paging.totalPages, response, services)
            if let restart = paging.restart {
                reading.restart = try values.value(restart.from, response, services)
            }
        } catch {
            throw .wrong(error)
        }
        reading.carried = carried.map { values.leaf($0, response, services) }
        if !paging.stops.isEmpty { test(response, url, &reading, services) }
    }

    /// Errors beside data are told; without data, or without the records, they are why the page failed.
    private func readErrors(
        into reading: inout Reading, _ body: UnsafeRawBufferPointer, _ head: ResponseHead, _ services: some Services
    ) throws(Failure) {
        let response = ResponseReader.Response(
            body: body, head: head, request: RequestValues(), matches: matches, first: nil, last: nil, written: nil,
            count: 0)
        let answer = GraphQLAnswer { values.leaf($0, response, services) }
        guard let message = answer.message else { return }
        let hasRecords = records.areThere(matches)
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
