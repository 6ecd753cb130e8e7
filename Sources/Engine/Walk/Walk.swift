/// The iteration over one stream's pages, or one single request: which request comes next, what a response means.
struct Walk: Sendable {
    enum Reading: Sendable {
        case page(PageFacts)
        /// The body can't be read: worth another attempt of the same request.
        case unreadable(Failure)
        case fail(Failure)
    }

    let id: UInt64
    let stream: Stream
    /// A single request of the host: any status it accepts and any body will do.
    let isCall: Bool
    private var builder: RequestBuilder
    private var reader: PageReader?
    /// No response has been looked at whole yet.
    private var isFirst = true
    private var paging: Paging
    // Two, since the one record of a page may read like a token.
    private var seenTokens = LoopGuard()
    private var seenPages = LoopGuard()
    private var index: UInt64 = 0
    private var token: PageToken?
    private(set) var wantsRequest = true
    var exchange: UInt64?
    private var readyPages: Int64 = 0
    private var readyBytes: Int64 = 0

    init(id: UInt64, stream: Stream, source: Source, isCall: Bool) throws(Failure) {
        self.id = id
        self.stream = stream
        self.isCall = isCall
        builder = try RequestBuilder(source: source, plan: stream.request, paging: stream.paging)
        paging = Paging(plan: stream.paging)
        token = paging.first
        if case .path(let path) = stream.records, stream.paging.style != .detect, !isCall {
            reader = try PageReader(
                records: path, missingRecordsAreEmpty: stream.missingRecordsAreEmpty, paging: stream.paging)
        }
    }

    /// Room for another page before the host takes some.
    var hasRoom: Bool {
        readyPages == 0 || (readyPages < stream.readAheadPages && readyBytes < stream.readAheadBytes)
    }

    mutating func consumed(bytes: Int64) {
        readyPages -= 1
        readyBytes -= bytes
    }

    /// Of the request that is next or under way.
    private var values: RequestValues {
        RequestValues(token: token, size: paging.plan.size?.value, index: index, received: paging.received)
    }

    mutating func nextRequest() throws(Failure) -> PreparedRequest {
        wantsRequest = false
        return try builder.request(token: token)
    }

    /// A status that is an error where nobody promised that the page exists ends the walk instead of failing it.
    /// Elsewhere only where the document says so: behind many pages a refusal may mean "not so deep" or "not now", with
    /// records left behind.
    func endsQuietly(on status: Int) -> Bool {
        if index > 0, paging.plan.endStatuses.contains(status) { return true }
        return paging.doubt == .firstPageWasShort && [400, 404, 416, 422].contains(status)
    }

    /// A final answer of this walk's request.
    mutating func received(
        transfer: UInt64, head: ResponseHead, feedback: RateLimitFeedback, body: UnsafeRawBufferPointer,
        exchange: Exchange,
        services: some Services
    ) -> Reading {
        var facts = PageFacts(
            transfer: transfer, stream: stream.name, index: index, head: head, method: exchange.request.method,
            url: exchange.request.url, attempts: exchange.attempts, redirects: Int(clamping: exchange.redirects))
        facts.limitRemaining = feedback.remaining
        facts.limitReset = feedback.resetAfter
        if isCall {
            takeCall(&facts, body: body, services: services)
        } else {
            do {
                try take(&facts, head: head, body: body, services: services)
            } catch {
                switch error {
                case .unreadable(let failure): return .unreadable(placed(failure))
                case .wrong(let failure): return .fail(placed(exchange.complete(failure)))
                }
            }
        }
        index += 1
        readyPages += 1
        readyBytes += Int64(body.count)
        return .page(facts)
    }

    /// Names stream and page in a failure.
    func placed(_ failure: Failure) -> Failure {
        var failure = failure
        if !isCall {
            failure.stream = stream.name
            failure.page = index
            let message = Redaction.text(failure.message, builder.source.secrets)
            failure.message = "stream \"\(stream.name)\", page \(index): \(message)"
            if let status = failure.httpStatus, [400, 404, 416, 422].contains(status), index > 0, paging.isCounted {
                failure.message += " (if this is how the API ends its pages, say \"end_statuses\": [\(status)])"
            }
        } else if let url = failure.url {
            failure.message = "\(stream.request.method) \(url): \(failure.message)"
        }
        return failure
    }

    /// Whatever the answer is; records when there are some.
    private mutating func takeCall(
        _ facts: inout PageFacts, body: UnsafeRawBufferPointer, services: some Services
    ) {
        guard !body.isEmpty,
            let found = try? Detection(
                body: body, head: facts.head, stream: stream, url: facts.url, services: services),
            var reader = try? PageReader(
                records: found.records, missingRecordsAreEmpty: true, paging: PagingPlan(style: .single)),
            let reading = try? reader.read(
                body, head: facts.head, request: RequestValues(), url: facts.url, services: services)
        else { return }
        facts.records = reading.records
        facts.recordArray = reading.recordArray
        // How it would go on, for a host that pages by itself.
        if case .single = found.paging.style { return }
        guard var paged = try? PageReader(records: found.records, missingRecordsAreEmpty: true, paging: found.paging),
            var first = try? paged.read(
                body, head: facts.head, request: RequestValues(), url: facts.url, services: services)
        else { return }
        var paging = Paging(plan: found.paging)
        if case .page(let next)? = try? paging.received(&first, count: reading.records.count, url: facts.url) {
            facts.nextToken = builder.withoutSecrets(next).shown
        }
        facts.hasMore = facts.nextToken != nil
        facts.total = paging.total
    }

    private mutating func take(
        _ facts: inout PageFacts, head: ResponseHead, body: UnsafeRawBufferPointer, services: some Services
    ) throws(PageReader.Problem) {
        let read: PageReader.Reading?
        let request = values
        if isFirst, PageReader.isNoContent(body, head) {
            // Nothing to find anything by; if there is a next page, that one will do.
            var blank = try makeReader(records: .body, paging: stream.paging)
            read = try blank.read(
                body, head: head, request: request, url: facts.url, services: services)
        } else {
            if isFirst { try detect(&facts, head: head, body: body, services: services) }
            read = try reader?.read(
                body, head: head, request: request, url: facts.url, services: services)
        }
        guard var reading = read else { return }
        do {
            try follow(&reading, &facts, body: body, services: services)
        } catch {
            throw .wrong(error)
        }
    }

    private mutating func detect(
        _ facts: inout PageFacts, head: ResponseHead, body: UnsafeRawBufferPointer, services: some Services
    ) throws(PageReader.Problem) {
        let found: Detection
        do {
            found = try Detection(body: body, head: head, stream: stream, url: facts.url, services: services)
        } catch {
            throw .unreadable(error)
        }
        facts.detected = found.reasons
        facts.warnings = found.warnings
        paging = Paging(plan: found.paging)
        if case .detect = stream.paging.style {
            do {
                builder = try RequestBuilder(source: builder.source, plan: stream.request, paging: found.paging)
            } catch {
                throw .wrong(error)
            }
        }
        reader = try makeReader(records: found.records, paging: found.paging)
        isFirst = false
    }

    private func makeReader(records: JSONPath, paging: PagingPlan) throws(PageReader.Problem) -> PageReader {
        do {
            return try PageReader(
                records: records, missingRecordsAreEmpty: stream.missingRecordsAreEmpty, paging: paging)
        } catch {
            throw .wrong(error)
        }
    }

    /// The page's place in the walk, and what comes after it.
    private mutating func follow(
        _ reading: inout PageReader.Reading, _ facts: inout PageFacts, body: UnsafeRawBufferPointer,
        services: some Services
    ) throws(Failure) {
        let count = reading.records.count
        if isRepeated(reading, body: body, services: services) {
            guard paging.doubt == .firstPageWasShort else {
                throw Failure(
                    .data,
                    "this page's records came before in this walk: the server repeats itself (say \"loop_guard\": \"tokens\" if pages may honestly repeat)"
                )
            }
            // The first page was all there is, whatever page is asked for.
            facts.hasMore = false
            facts.warnings.append("the server repeats the first page when asked for the second: taken as the end")
            token = nil
            return
        }
        let allowed = paging.allowed(of: count)
        let next = try paging.received(&reading, count: count, url: facts.url)
        facts.records = allowed < count ? Array(reading.records.prefix(allowed)) : reading.records
        facts.recordArray = allowed < count ? nil : reading.recordArray
        facts.total = paging.total
        facts.warnings += reading.warnings
        try go(next, &facts, services: services)
    }

    private mutating func isRepeated(
        _ reading: PageReader.Reading, body: UnsafeRawBufferPointer, services: some Services
    ) -> Bool {
        guard paging.plan.loopGuard == .all, paging.plan.style != .single, let first = reading.records.first,
            let last = reading.records.last
        else { return false }
        let bytes = UnsafeRawBufferPointer(rebasing: body[Int(first.start)..<max(Int(first.start), Int(last.end))])
        return seenPages.hasSeen(services.fingerprint(bytes))
    }

    private mutating func go(
        _ next: Paging.Next, _ facts: inout PageFacts, services: some Services
    ) throws(Failure) {
        switch next {
        case .end:
            facts.hasMore = false
            token = nil
        case .page(let following):
            let following = builder.withoutSecrets(following)
            switch following {
            case .counter: break
            case .text(let text), .number(let text):
                if facts.index == 0, let first = paging.first {
                    _ = seenTokens.hasSeen(services.fingerprint(first.shown))
                }
                guard !seenTokens.hasSeen(services.fingerprint(text)) else {
                    throw Failure(
                        .data,
                        "the cursor \"\(Sanitized.text(text, most: 80))\" came before in this walk: paging goes in a circle"
                    )
                }
            case .url(let url):
                let refusal = OriginRule.refusal(
                    of: url, from: facts.url, bodyOrigin: builder.bodyOrigin, source: builder.source)
                if let reason = refusal {
                    throw Failure(.data, "the next link is not followed: \(reason)")
                }
                // The page just read counts as seen, so that a link to itself is caught at once.
                if facts.index == 0 { _ = seenTokens.hasSeen(services.fingerprint(facts.url.normalized)) }
                guard !seenTokens.hasSeen(services.fingerprint(url.normalized)) else {
                    throw Failure(
                        .data, "the next URL \(url.redacted()) came before in this walk: paging goes in a circle")
                }
            }
            facts.hasMore = true
            facts.nextToken = following.shown
            token = following
            wantsRequest = true
        }
    }
}
