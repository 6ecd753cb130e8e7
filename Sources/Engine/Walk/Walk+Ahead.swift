/// Several pages of one walk at once.
extension Walk {
    enum Due: Sendable {
        case page(PageFacts)
        /// It was in the host's hands, or ended the walk without a word.
        case nothing
        /// The body of that transfer is not needed.
        case failed(Failure, discarding: UInt64?)
    }

    // MARK: asking

    /// The page to ask for before its turn, when there is one and room for it.
    func nextAhead() -> PageToken? { hasRoomAhead ? tokenAhead() : nil }

    /// It could go on, but for the host who has not taken its pages.
    var isStarved: Bool { (wantsRequest && !hasRoom) || (!hasRoomAhead && tokenAhead() != nil) }

    /// What is under way or waits for its turn counts like what is ready: all of it is memory before the host takes it.
    var hasRoomAhead: Bool {
        guard !isHeld else { return false }
        var pages = readyPages
        var bytes = readyBytes
        if exchange != nil {
            pages += 1
            bytes = bytes.addingSaturating(ahead.largestBody)
        }
        for page in ahead.pages {
            switch page.state {
            case .asked: bytes = bytes.addingSaturating(ahead.largestBody)
            case .waiting(let arrival): bytes = bytes.addingSaturating(arrival.bytes)
            case .handed, .refused: continue
            }
            pages += 1
        }
        return pages < stream.pagesAhead && bytes < stream.readAheadBytes
    }

    private func tokenAhead() -> PageToken? {
        if let next = ahead.next { return next }
        guard ahead.most > 1, !isOver, !wantsRequest, !isFirst, let stride = paging.stride, let turn = token?.counter
        else { return nil }
        // Where the end is not known, pages that wait may lie beyond it like those that are under way.
        let isGuess = !paging.isEndKnown && ahead.hint == nil
        var underWay: Int64 = exchange == nil ? 0 : 1
        var counter = turn.addingSaturating(stride)
        var before: Int64 = 1
        for page in ahead.pages {
            switch page.state {
            case .asked: underWay += 1
            case .waiting, .refused: if isGuess { underWay += 1 }
            case .handed: break
            }
            guard page.token.counter == counter else { continue }
            counter = counter.addingSaturating(stride)
            before += 1
        }
        guard underWay < ahead.degree, counter < ahead.endSeen ?? .max else { return nil }
        return paging.mayBeThere(counter, before: before, hint: ahead.hint) ? .counter(counter) : nil
    }

    mutating func ask(_ token: PageToken, by id: UInt64) {
        ahead.next = nil
        let counter = token.counter ?? .max
        let place = ahead.pages.firstIndex { $0.token.counter ?? .min > counter } ?? ahead.pages.endIndex
        ahead.pages.insert(Ahead.Page(token: token, state: .asked(exchange: id)), at: place)
    }

    /// Earlier pages of a walk are sent first.
    func place(of token: PageToken?) -> UInt64 {
        token?.counter.map { UInt64(clamping: $0) } ?? index &+ UInt64(ahead.pages.count)
    }

    /// The head of a response is there, and may say what comes behind it.
    mutating func heard(_ head: ResponseHead, of id: UInt64, url: WebURL, services: some Services) {
        ahead.next = tokenBehind(id, by: head, url: url, services: services) ?? ahead.next
    }

    private func tokenBehind(
        _ id: UInt64, by head: ResponseHead, url: WebURL, services: some Services
    ) -> PageToken? {
        guard let headReader, !isOver else { return nil }
        // The last one of those under way; what comes behind the others is asked for already.
        guard ahead.pages.isEmpty ? id == exchange : ahead.position(of: id) == ahead.pages.count - 1,
            let found = headReader.token(in: head, url: url, request: values(of: id), services: services),
            let next = paging.tokenAhead(found, before: Int64(ahead.pages.count), url: url)
        else { return nil }
        let following = builder.withoutSecrets(next)
        let isRound = following == token || ahead.pages.contains { $0.token == following }
        switch following {
        case .counter: return nil
        case .text(let text), .number(let text):
            return isRound || seenTokens.knows(services.fingerprint(text)) ? nil : following
        case .url(let target):
            let isKnown =
                target.normalized == url.normalized || seenTokens.knows(services.fingerprint(target.normalized))
            let refusal = OriginRule.refusal(
                of: target, from: url, bodyOrigin: builder.bodyOrigin, source: builder.source)
            return isRound || isKnown || refusal != nil ? nil : following
        }
    }

    // MARK: what comes

    /// A page is in before its turn.
    mutating func keep(_ arrival: Arrival, of id: UInt64) -> Reading {
        guard let position = ahead.position(of: id) else {
            return .fail(Failure(.internalFault, "a page came that nobody waits for"))
        }
        let counter = ahead.pages[position].token.counter ?? .max
        ahead.largestBody = max(ahead.largestBody, arrival.bytes)
        let isEnd = looksLikeTheEnd(arrival.reading)
        // What looks like the end may be the last page once more: some servers repeat it for whatever lies behind it.
        let mayBeHanded =
            stream.order == .any && !isEnd && counter < ahead.endSeen ?? .max && arrival.reading.count > 0
            && isAligned(ahead.pages[position].token, with: token)
        if isEnd { ahead.endSeen = min(ahead.endSeen ?? .max, counter) }
        if mayBeHanded, arrival.content.map({ !seenPages.hasSeen($0) }) ?? true {
            do {
                return .page(try handEarly(arrival, at: position, counter: counter))
            } catch {
                return .fail(error)
            }
        }
        ahead.pages[position].state = .waiting(arrival)
        return .kept
    }

    private func looksLikeTheEnd(_ reading: PageReader.Reading) -> Bool {
        if reading.hasMore?.flag == false { return true }
        if reading.hasMore?.flag == true || paging.isEndKnown { return false }
        let count = Int64(reading.count)
        return count == 0 || (paging.plan.size != nil && count < paging.largest)
    }

    private mutating func handEarly(
        _ arrival: Arrival, at position: Int, counter: Int64
    ) throws(Failure) -> PageFacts {
        var facts = arrival.facts
        var kept = arrival
        try cut(&kept.reading, &facts)
        facts.take(kept.reading, filters: filters)
        // Its other warnings come in its turn.
        kept.reading.warnings = []
        facts.total = paging.total
        if let stride = paging.stride, let turn = token?.counter {
            facts.index = index &+ UInt64(clamping: counter.subtractingSaturating(turn) / stride)
            facts.nextToken = PageToken.counter(counter.addingSaturating(stride)).shown
        }
        kept.reading.forgetContent()
        facts.checkpoint = checkpoint(handing: counter)
        ahead.pages[position].state = .handed(kept)
        if let most = paging.plan.maxRecords, paging.delivered.addingSaturating(handedAhead) >= most { isOver = true }
        return handOver(facts, bytes: arrival.bytes)
    }

    var handedAheadCounters: [Int64] {
        ahead.pages.compactMap { page in
            guard case .handed = page.state else { return nil }
            return page.token.counter
        }
    }

    /// A page that an earlier run handed over before its turn. It tells how the walk goes on, and nothing else.
    mutating func passOver(_ arrival: inout Arrival, of id: UInt64) throws(PageReader.Problem) -> Bool {
        let position = ahead.position(of: id)
        guard let counter = (id == exchange ? token : position.map { ahead.pages[$0].token })?.counter,
            handedBefore.contains(counter)
        else { return false }
        do {
            try cut(&arrival.reading, &arrival.facts)
            if let content = arrival.content { _ = seenPages.hasSeen(content) }
            if let position {
                arrival.reading.forgetContent()
                ahead.pages[position].state = .handed(arrival)
            } else {
                exchange = nil
                try settle(&arrival)
            }
        } catch {
            throw .wrong(error)
        }
        handedBefore.remove(counter)
        return true
    }

    /// Records of pages that were handed over before their turn.
    private var handedAhead: Int64 {
        guard stream.order == .any else { return 0 }
        return ahead.pages.reduce(0) { sum, page in
            guard case .handed(let arrival) = page.state else { return sum }
            return sum.addingSaturating(Int64(arrival.reading.records.count))
        }
    }

    /// How many of a page's records are within `max_records`.
    func allowed(of count: Int) -> Int { paging.allowed(of: count, besides: handedAhead) }

    /// A page that was asked for early can't be had. False: it is the one whose turn it is.
    mutating func refuse(exchange id: UInt64, _ failure: Failure, status: Int?) -> Bool {
        guard let position = ahead.position(of: id) else { return false }
        ahead.pages[position].state = .refused(failure, status: status)
        if let counter = ahead.pages[position].token.counter { ahead.endSeen = min(ahead.endSeen ?? .max, counter) }
        return true
    }

    /// What a page in its turn tells about those behind it.
    mutating func noteAhead(_ facts: inout PageFacts, bytes: Int64) {
        guard ahead.most > 1 || headReader != nil else { return }
        ahead.largestBody = max(ahead.largestBody, bytes)
        facts.warnings += ahead.lateWarnings
        ahead.lateWarnings = []
        guard paging.isCounted, !paging.isEndKnown, case .query(let name)? = paging.plan.tokenSlot else { return }
        let lines = facts.head.headers.all("link")
        guard !lines.isEmpty, let link = LinkHeader(lines).first("last"),
            let url = try? facts.url.resolving(link.target)
        else { return }
        ahead.hint = url.queryValue(name).flatMap { Int64($0) }
    }

    // MARK: turns

    /// It is the turn of the page with that token.
    mutating func turn(to following: PageToken) throws(Failure) {
        token = following
        wantsRequest = true
        if let counter = following.counter, let end = ahead.endSeen, counter > end { ahead.endSeen = nil }
        guard !ahead.pages.isEmpty else {
            ahead.next = nil
            return
        }
        if ahead.pages.first?.token == following {
            ahead.degree = min(ahead.degree + 1, ahead.most)
        } else {
            try realign(to: following)
        }
        guard let first = ahead.pages.first, first.token == following else { return }
        wantsRequest = false
        if case .asked(let id) = first.state {
            exchange = id
            ahead.pages.removeFirst()
        } else {
            ahead.isDue = true
        }
    }

    /// The guess was wrong. What lies behind the page that follows stays all the same: the walk may come to it yet, and
    /// nothing is to be asked for twice.
    private mutating func realign(to following: PageToken) throws(Failure) {
        ahead.degree = max(1, ahead.degree / 2)
        ahead.next = nil
        var kept: [Ahead.Page] = []
        for page in ahead.pages {
            let isBehind = page.token.counter ?? .min >= following.counter ?? .max
            if case .handed = page.state, !isBehind || !isAligned(page.token, with: following) {
                throw Failure(
                    .data,
                    "offset \(following.shown) follows, but the page at \(page.token.shown) was handed over before: "
                        + "pages of this length can't be handed over as they come (say \"order\": \"pages\")")
            }
            if isBehind { kept.append(page) } else { ahead.dropped.append(page.state) }
        }
        ahead.pages = kept
    }

    private func isAligned(_ token: PageToken, with other: PageToken?) -> Bool {
        guard let counter = token.counter, let turn = other?.counter, let stride = paging.stride else { return false }
        return counter.subtractingSaturating(turn) % stride == 0
    }

    /// What was in before its turn and has it now.
    mutating func takeDue(services: some Services) -> Due? {
        guard ahead.isDue, !isOver, !ahead.pages.isEmpty else { return nil }
        ahead.isDue = false
        switch ahead.pages.removeFirst().state {
        case .asked: return nil
        case .waiting(var arrival):
            do {
                return .page(try follow(&arrival, services: services))
            } catch {
                return .failed(completed(error, arrival), discarding: arrival.facts.transfer)
            }
        case .handed(var arrival):
            do {
                try settle(&arrival)
                return .nothing
            } catch {
                return .failed(completed(error, arrival), discarding: nil)
            }
        case .refused(let failure, let status):
            guard let status, endsQuietly(on: status) else { return .failed(placed(failure), discarding: nil) }
            isOver = true
            return .nothing
        }
    }

    /// The turn of a page that the host has had for long.
    private mutating func settle(_ arrival: inout Arrival) throws(Failure) {
        let next = try paging.received(
            &arrival.reading, count: arrival.reading.count, delivered: arrival.reading.records.count,
            url: arrival.facts.url)
        ahead.lateWarnings += arrival.reading.warnings
        switch next {
        case .end: isOver = true
        case .page(let following): try turn(to: following)
        }
        index += 1
    }

    private func completed(_ failure: Failure, _ arrival: Arrival) -> Failure {
        var failure = failure
        failure.attempts = arrival.facts.attempts
        failure.url = failure.url ?? arrival.facts.url.redacted()
        return placed(failure)
    }

    /// What is no longer wanted. All of it when the walk is over.
    mutating func takeDropped(all: Bool) -> [Ahead.State] {
        var gone = ahead.dropped
        ahead.dropped = []
        guard all else { return gone }
        gone += ahead.pages.map(\.state)
        ahead.pages = []
        ahead.isDue = false
        if let exchange { gone.append(.asked(exchange: exchange)) }
        exchange = nil
        return gone
    }
}
