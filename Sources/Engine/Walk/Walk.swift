/// The iteration over one stream's pages, or one single request: which request comes next, what a response means.
struct Walk: Sendable {
    enum Reading: Sendable {
        case page(PageFacts)
        /// It waits for the pages before it.
        case kept
        /// The body can't be read: worth another attempt of the same request.
        case unreadable(Failure)
        case fail(Failure)
        /// It was handed over before the walk was taken up again: its body is not needed.
        case passed
    }

    let id: UInt64
    @Boxed private(set) var stream: Stream
    /// A single request of the host: any status it accepts and any body will do.
    let isCall: Bool
    private(set) var builder: RequestBuilder
    private var reader: PageReader?
    private let parentReader: ParentReader?
    /// No further request for now, whatever room there is.
    var isHeld = false
    /// No response has been looked at whole yet.
    private(set) var isFirst = true
    /// What it showed.
    private var found: WalkPosition.Found?
    var paging: Paging
    let keys: KeyMemory
    private let mostBytes: Int64
    private let errorRules: ErrorRules?
    private let costReader: CostReader?
    // Two, since the one record of a page may read like a token.
    var seenTokens = LoopGuard()
    var seenPages = LoopGuard()
    /// Of the page whose turn it is: the first one that was not received, or not taken yet.
    var index: UInt64 = 0
    var token: PageToken?
    /// What the last response gave for the next request's texts.
    private var carried: [Extracted?] = []
    var wantsRequest = true
    /// The request for that page.
    var exchange: UInt64?
    /// Nothing more comes.
    var isOver = false
    var readyPages: Int64 = 0
    var readyBytes: Int64 = 0
    var ahead: Ahead
    /// Where heads say how the walk goes on.
    private(set) var headReader: HeadReader?
    /// Where the API gives no deeper pages.
    let restarts: Restarts?
    /// What is seen of the window that this is the walk over.
    let watch: WindowWatch?
    /// How many pages the host has asked for, where that matters.
    private var asked: UInt64 = 1
    /// What checkpoints name; nil for a single request.
    @Boxed private var origin: Checkpoint.Origin?
    /// Where this run of the walk begins.
    private(set) var firstIndex: UInt64 = 0
    private var firstToken: PageToken?
    /// Counters of pages that an earlier run handed over before their turn.
    var handedBefore: Set<Int64> = []
    /// Their keys are known.
    var knowsEarlier = false
    /// See `WalkPosition.doubtful`.
    private var doubtful: StableHash?
    /// See `startOver`.
    var over = StartedOver()

    init(id: UInt64, stream: Stream, source: Source, isCall: Bool) throws(Failure) {
        self.id = id
        self.stream = stream
        self.isCall = isCall
        builder = try RequestBuilder(source: source, plan: stream.request, paging: stream.paging)
        paging = Paging(plan: stream.paging)
        ahead = Ahead(most: Ahead.isPossible(stream.paging, stream.request) ? stream.parallel : 1)
        if stream.lookAhead, stream.pagesAhead > 1, !isCall { headReader = HeadReader(stream.paging, stream.request) }
        parentReader = try stream.parentPlan.map { plan throws(Failure) in try ParentReader(plan) }
        restarts = stream.paging.restart.map { Restarts($0) }
        watch = stream.window.map { WindowWatch($0) }
        token = paging.first
        origin = isCall ? nil : Checkpoint.Origin(stream, source)
        errorRules = try ErrorRules(stream.errors + source.errors)
        costReader = try CostReader(stream.request.cost)
        keys = KeyMemory(stream.rules.duplicates)
        mostBytes = (stream.request.limits ?? source.transfer).maxBodyBytes
        if stream.records != .detect, stream.paging.style != .detect, !isCall {
            reader = try PageReader(
                records: RecordReader(stream, found: nil, most: mostBytes), paging: stream.paging,
                carried: builder.carried, isGraphQL: stream.request.isGraphQL)
        }
        if let start = stream.start, !isCall { try takeUp(start) }
        firstToken = token
    }

    /// Goes on where an earlier run stood.
    private mutating func takeUp(_ start: Checkpoint) throws(Failure) {
        guard case .walk(let position) = start.position else {
            throw Failure(.state, "the checkpoint is of a stream that is walked over something")
        }
        (index, firstIndex, token) = (position.index, position.index, position.token)
        (carried, doubtful, handedBefore) = (position.carried, position.doubtful, Set(position.handed))
        let plan = position.found?.plan(over: stream.paging) ?? stream.paging
        paging = Paging(plan: plan, at: position.standing)
        if let round = position.round { restarts?.takeUp(round) }
        over.page = position.startedOverAt
        if let seen = position.window { watch?.takeUp(seen) }
        isOver = position.isOver || paging.isBounded
        wantsRequest = !isOver
        guard let found = position.found else { return }
        self.found = found
        do {
            try use(plan, records: found.records)
            reader?.pagesRead = Int(clamping: position.index)
        } catch {
            if case .wrong(let failure) = error { throw failure }
            throw Failure(.state, "the checkpoint does not fit its stream")
        }
    }

    /// How pages follow each other, and where records are, is known.
    private mutating func use(_ plan: PagingPlan, records: JSONPath) throws(PageReader.Problem) {
        if case .detect = stream.paging.style {
            do {
                builder = try RequestBuilder(source: builder.source, plan: stream.request, paging: plan)
            } catch {
                throw .wrong(error)
            }
            if stream.lookAhead, stream.pagesAhead > 1 { headReader = HeadReader(plan, stream.request) }
        }
        reader = try makeReader(records: records, paging: plan)
        isFirst = false
        if ahead.most > 1, !Ahead.isPossible(plan, stream.request) { ahead = Ahead(most: 1) }
    }

    /// Room for another page before the host takes some. With nothing in the host's hands there is always room for the
    /// page whose turn it is.
    var hasRoom: Bool {
        if isHeld { return false }
        return stream.lookAhead || isCall ? readyPages == 0 || hasRoomAhead : index &- firstIndex < asked
    }

    /// The host asks for the page behind those that it has taken.
    mutating func ask(taken: UInt64) { asked = max(asked, taken &+ 1) }

    mutating func consumed(bytes: Int64) {
        readyPages -= 1
        readyBytes -= bytes
    }

    /// What that request was made with. Of a page ahead only the token is certain: see `Ahead.isPossible`.
    func values(of id: UInt64) -> RequestValues {
        values(with: id == exchange ? token : ahead.token(of: id), index: index)
    }

    private func values(with token: PageToken?, index: UInt64) -> RequestValues {
        RequestValues(
            token: token, size: paging.plan.size?.value, index: index &- firstOfRound, received: paging.received,
            carried: carried, restart: restarts?.value)
    }

    mutating func nextRequest() throws(Failure) -> PreparedRequest {
        wantsRequest = false
        return try request(token)
    }

    func request(_ token: PageToken?, isAhead: Bool = false) throws(Failure) -> PreparedRequest {
        let index = isAhead ? index &+ UInt64(ahead.pages.count) &+ 1 : index
        var request = try builder.request(values(with: token, index: index))
        request.reportsHead = headReader != nil
        return request
    }

    /// A status that is an error where nobody promised that the page exists ends the walk instead of failing it.
    /// Elsewhere only where the document says so: behind many pages a refusal may mean "not so deep" or "not now", with
    /// records left behind.
    func endsQuietly(on status: Int) -> Bool {
        if index > firstOfRound, paging.plan.endStatuses.contains(status) { return true }
        return paging.doubt == .firstPageWasShort && [400, 404, 416, 422].contains(status)
    }

    /// A final answer to one of this walk's requests.
    mutating func received(
        exchange id: UInt64, transfer: UInt64, head: ResponseHead, feedback: RateLimitFeedback,
        ruling: ErrorRules.Ruling? = nil,
        body: UnsafeRawBufferPointer, exchange: Exchange, services: some Services
    ) -> Reading {
        var facts = PageFacts(
            transfer: transfer, stream: stream.name, index: index, head: head, method: exchange.request.method,
            url: exchange.request.url, attempts: exchange.attempts, redirects: Int(clamping: exchange.redirects))
        facts.idempotencyKey = exchange.request.idempotencyKey
        facts.limitRemaining = feedback.remaining
        facts.limitReset = feedback.resetAfter
        facts.over = stream.bound
        if isCall {
            takeCall(&facts, body: body, services: services)
            self.exchange = nil
            isOver = true
            return .page(handOver(facts, bytes: Int64(body.count)))
        }
        do {
            try learnEarlierKeys(services: services)
            var arrival =
                if let ruling {
                    try readRuled(ruling, facts, of: id, head: head, body: body, services: services)
                } else {
                    try read(facts, of: id, head: head, body: body, services: services)
                }
            if !handedBefore.isEmpty, try passOver(&arrival, of: id) { return .passed }
            guard id == self.exchange else { return keep(arrival, of: id) }
            self.exchange = nil
            do {
                var facts = try follow(&arrival, services: services)
                if let parentReader {
                    facts.given = facts.withRecords(of: body) {
                        parentReader.read(facts.records, in: $0, services: services)
                    }
                }
                return .page(facts)
            } catch {
                return .fail(exchange.complete(error))
            }
        } catch {
            switch error {
            case .unreadable(let failure): return .unreadable(failure)
            case .wrong(let failure): return .fail(exchange.complete(failure))
            }
        }
    }

    mutating func handOver(_ facts: PageFacts, bytes: Int64) -> PageFacts {
        readyPages += 1
        readyBytes += bytes
        return facts
    }

    /// What the request came to, where the response says it.
    func actualCost(_ head: ResponseHead, body: UnsafeRawBufferPointer, services: some Services) -> Int64? {
        costReader?.cost(head, body: body, services: services)
    }

    /// What the document says about such an answer.
    func ruling(
        on head: ResponseHead, body: UnsafeRawBufferPointer, services: some Services
    ) -> ErrorRules.Ruling? {
        errorRules?.ruling(on: head, body: body, services: services)
    }

    /// An answer that a rule takes for an empty page, or for the end.
    private mutating func readRuled(
        _ ruling: ErrorRules.Ruling, _ facts: PageFacts, of id: UInt64, head: ResponseHead,
        body: UnsafeRawBufferPointer, services: some Services
    ) throws(PageReader.Problem) -> Arrival {
        let request = values(of: id)
        let isEnd = ruling.action == .end
        var reading = PageReader.Reading()
        if ruling.action == .startOver {
            reading.warnings.append(
                "HTTP \(head.status), by error rule \(ruling.rule.pointer): the walk starts over from page one; what came before is left out by its key"
            )
            return Arrival(
                facts: facts, reading: reading, content: nil, bytes: Int64(body.count), startsOver: true)
        }
        if !isEnd,
            let known = try reader?.readIgnored(
                body, head: head, request: request, url: facts.url, services: services)
        {
            reading = known
        }
        reading.warnings.append(
            "HTTP \(head.status), by error rule \(ruling.rule.pointer): taken as \(isEnd ? "the end" : "an empty page")"
        )
        // It is no page of the list: what the next request takes from one stays as the last one said.
        reading.carried = carried
        return Arrival(facts: facts, reading: reading, content: nil, bytes: Int64(body.count), isEnd: isEnd)
    }

    /// Names stream and page in a failure of the page whose turn it is.
    func placed(_ failure: Failure) -> Failure {
        var failure = failure
        if let id = failure.requestID {
            failure.requestID = Sanitized.text(Redaction.text(id, builder.source.secrets), most: 200)
        }
        if !isCall {
            failure.stream = stream.name
            failure.over = stream.bound
            failure.page = index
            let message = Redaction.text(failure.message, builder.source.secrets)
            failure.message = "stream \"\(stream.name)\"\(stream.bound.boundText), page \(index): \(message)"
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

    private mutating func read(
        _ facts: PageFacts, of id: UInt64, head: ResponseHead, body: UnsafeRawBufferPointer, services: some Services
    ) throws(PageReader.Problem) -> Arrival {
        var facts = facts
        let request = values(of: id)
        var reading: PageReader.Reading
        if isFirst, PageReader.isNoContent(body, head) {
            // Nothing to find anything by; if there is a next page, that one will do.
            var blank = try makeReader(records: .body, paging: stream.paging)
            reading = try blank.read(body, head: head, request: request, url: facts.url, services: services)
        } else {
            if isFirst { try detect(&facts, head: head, body: body, services: services) }
            reading =
                try reader?.read(body, head: head, request: request, url: facts.url, services: services)
                ?? PageReader.Reading()
        }
        watch?.look(at: &reading, body: body, services: services)
        let content = content(of: reading, body: body, services: services)
        return Arrival(
            facts: facts, reading: reading, content: content, bytes: Int64(body.count + (reading.bytes?.count ?? 0)),
            digest: content == nil ? nil : digest(of: reading, body: body))
    }

    /// Of the first page when it is short, and of the one behind it.
    private func digest(of reading: PageReader.Reading, body: UnsafeRawBufferPointer) -> StableHash? {
        let isShortFirst = paging.pages == 0 && Int64(reading.count) < paging.plan.size?.value ?? 0
        guard isShortFirst || doubtful != nil, let extent = reading.extent, extent.upperBound <= body.count else {
            return nil
        }
        return StableHash.of(body[extent])
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
        facts.finding = found.finding(for: stream)
        facts.warnings = found.warnings
        // Where the walk stands already, when the first page had nothing to find anything by.
        if paging.pages == 0 { paging = Paging(plan: found.paging) }
        let wasParallel = ahead.most > 1
        try use(found.paging, records: found.records)
        self.found = WalkPosition.Found(paging: found.paging, records: found.records)
        if wasParallel, ahead.most == 1 {
            facts.warnings.append("parallel: the pages found have no numbers, so they come one after the other")
        }
    }

    private func makeReader(records: JSONPath, paging: PagingPlan) throws(PageReader.Problem) -> PageReader {
        do {
            return try PageReader(
                records: RecordReader(stream, found: records, most: mostBytes), paging: paging,
                carried: builder.carried, isGraphQL: stream.request.isGraphQL)
        } catch {
            throw .wrong(error)
        }
    }

    /// The page's place in the walk, and what comes after it.
    mutating func follow(_ arrival: inout Arrival, services: some Services) throws(Failure) -> PageFacts {
        var facts = arrival.facts
        facts.index = index
        var beyond: (token: PageToken, paging: Paging)?
        let isFirstAgain = doubtful != nil && doubtful == arrival.digest
        if let content = arrival.content, seenPages.hasSeen(content) || isFirstAgain {
            guard paging.doubt == .firstPageWasShort else {
                throw Failure(
                    .data,
                    "this page's records came before in this walk: the server repeats itself (say \"loop_guard\": \"tokens\" if pages may honestly repeat)"
                )
            }
            // The first page was all there is, whatever page is asked for.
            facts.hasMore = false
            facts.warnings.append("the server repeats the first page when asked for the second: taken as the end")
            end()
        } else if arrival.startsOver {
            try startOver(&facts, arrival.reading)
        } else if arrival.isEnd {
            facts.hasMore = false
            facts.take(arrival.reading, filters: filters)
            noteMissing(.rule, &facts)
            end()
        } else {
            let isCut = try cut(&arrival.reading, &facts)
            let next = try paging.received(
                &arrival.reading, count: arrival.reading.count, delivered: arrival.reading.records.count, url: facts.url
            )
            facts.take(arrival.reading, filters: filters)
            facts.total = paging.shownTotal
            if try !startsAgain(after: next, arrival.reading, &facts, services: services) {
                if case .end(let end) = next { noteMissing(end, &facts) }
                if next == .end(.maxPages) || next == .end(.maxRecords) {
                    beyond = noteBeyond(&facts, arrival.reading)
                    if isCut { beyond = nil }
                }
                carried = arrival.reading.carried
                noteAhead(&facts, bytes: arrival.bytes)
                try go(next, &facts, services: services)
            }
        }
        index += 1
        doubtful = paging.doubt == nil ? nil : arrival.digest
        facts.checkpoint = checkpoint(beyond: beyond)
        return handOver(facts, bytes: arrival.bytes)
    }

    /// How the walk would go on if its bounds did not end it here.
    private func noteBeyond(
        _ facts: inout PageFacts, _ reading: PageReader.Reading
    ) -> (token: PageToken, paging: Paging)? {
        var paging = paging
        var reading = reading
        guard
            case .page(let next)? = try? paging.unbounded(&reading, count: Int64(reading.count), url: facts.url)
        else { return nil }
        let token = builder.withoutSecrets(next)
        facts.finding = facts.finding?.with(beyond: token.shown) ?? PageFinding(beyond: token.shown)
        return (token, paging)
    }

    /// Where the walk stands.
    ///
    /// - Parameters:
    ///   - beyond: What would follow, but for its bounds: a walk with wider ones goes on there.
    ///   - counter: Of a page that is handed over just now, before its turn.
    func checkpoint(beyond: (token: PageToken, paging: Paging)? = nil, handing counter: Int64? = nil) -> Checkpoint? {
        guard let origin else { return nil }
        var position = WalkPosition()
        position.index = index
        position.token = beyond?.token ?? token
        position.isOver = isOver && beyond == nil && counter == nil
        position.standing = (beyond?.paging ?? paging).standing
        position.carried = carried
        position.found = found
        position.doubtful = doubtful
        position.round = restarts?.standing
        position.startedOverAt = over.page
        position.window = watch?.standing
        if stream.order == .any {
            position.handed = handedAheadCounters + handedBefore.sorted()
            if let counter { position.handed.append(counter) }
        }
        return Checkpoint(.walk(position), of: origin)
    }

    /// What tells this page from the others of the walk.
    private func content(
        of reading: PageReader.Reading, body: UnsafeRawBufferPointer, services: some Services
    ) -> Fingerprint? {
        guard paging.plan.loopGuard == .all, paging.plan.style != .single, let extent = reading.extent,
            extent.upperBound <= body.count
        else { return nil }
        let bytes = UnsafeRawBufferPointer(rebasing: body[extent])
        return services.fingerprint(bytes)
    }

    private mutating func end() {
        isOver = true
        token = nil
    }

    /// From page one: what was seen may come again, and nothing comes from the response before.
    mutating func forgetRound() {
        carried = []
        seenTokens = LoopGuard()
        seenPages = LoopGuard()
        token = paging.first
        wantsRequest = true
    }

    /// No page before it was seen since the walk began, was taken up or started again.
    private func beginsAnew(_ index: UInt64) -> Bool { index == firstIndex || index == firstOfRound }

    private mutating func go(
        _ next: Paging.Next, _ facts: inout PageFacts, services: some Services
    ) throws(Failure) {
        switch next {
        case .end:
            facts.hasMore = false
            end()
        case .page(let following):
            let following = builder.withoutSecrets(following)
            switch following {
            case .counter: break
            case .text(let text), .number(let text):
                if beginsAnew(facts.index), let first = facts.index == firstIndex ? firstToken : paging.first {
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
                if beginsAnew(facts.index) {
                    _ = seenTokens.hasSeen(services.fingerprint(facts.url.normalized))
                }
                guard !seenTokens.hasSeen(services.fingerprint(url.normalized)) else {
                    throw Failure(
                        .data, "the next URL \(url.redacted()) came before in this walk: paging goes in a circle")
                }
            }
            facts.hasMore = true
            facts.nextToken = following.shown
            try turn(to: following)
        }
    }
}
