/// Where a walk stands and what ends it. One value per walk; nothing of it outlives the run.
///
/// Stop rules combine by OR. The server's word goes before guesses: a page that is merely short does not end the walk
/// when the response says that there is more, unless the document asks for that.
struct Paging: Sendable {
    enum End: Equatable, Sendable {
        case single, emptyPage, shortPage, emptyToken, flag, rule, total, lastPage, maxPages, maxRecords, nothingFurther
    }
    enum Next: Equatable, Sendable {
        case end(End)
        case page(PageToken)
    }

    @Boxed private(set) var plan: PagingPlan
    private(set) var pages: Int64 = 0
    /// Since the walk started, or started again.
    private(set) var received: Int64 = 0
    /// Before it started again.
    private var receivedBefore: Int64 = 0
    var receivedInAll: Int64 { receivedBefore.addingSaturating(received) }
    /// The last total that the server gave; some give it on the first page only.
    private(set) var total: Int64?
    /// The highest one: rows that went away while others moved up count as expected.
    private(set) var highestTotal: Int64?
    /// Records handed over: what `max_records` is about.
    private(set) var delivered: Int64 = 0
    private(set) var hasMore: Bool?
    /// Why the next page is asked for though the server did not say that it exists.
    enum Doubt: Equatable, Sendable {
        /// The first page was shorter than asked, which may be its end or the server's own largest size.
        case firstPageWasShort
    }
    private(set) var doubt: Doubt?
    private var position: Int64 = 0
    private var emptyRun: Int64 = 0
    /// The size to measure a short page by: what was asked, or less when the server caps it.
    private(set) var size: Int64?
    /// The largest page so far: how far apart offsets are, as far as anybody can tell beforehand.
    private(set) var largest: Int64 = 0
    /// The counter of the last page, by the last word of the server.
    private var lastCounter: Int64?
    private var warned: Set<String> = []

    init(plan: PagingPlan) {
        self.plan = plan
        size = plan.size?.value
        switch plan.style {
        case .offset(_, let start), .page(_, let start): position = start
        default: break
        }
    }

    /// From page one, behind what came so far.
    mutating func startAgain() {
        receivedBefore = receivedInAll
        received = 0
        total = nil
        lastCounter = nil
        doubt = nil
        emptyRun = 0
        switch plan.style {
        case .offset(_, let start), .page(_, let start): position = start
        default: position = 0
        }
    }

    /// For the host: of what remained when the walk started again, the server counts only that.
    var shownTotal: Int64? { receivedBefore > 0 ? highestTotal : total }

    /// Whether pages are asked for by number or offset.
    var isCounted: Bool { plan.isCounted }

    /// What the first request carries.
    var first: PageToken? {
        guard plan.sendFirst else { return nil }
        switch plan.style {
        case .offset, .page: return .counter(position)
        case .cursor: return plan.firstToken.map { .text($0) }
        default: return nil
        }
    }

    /// How many of a page's records are within `max_records`, when so many of later pages were handed over.
    func allowed(of count: Int, besides others: Int64 = 0) -> Int {
        guard let most = plan.maxRecords else { return count }
        return Int(clamping: min(Int64(count), max(0, most - delivered.addingSaturating(others))))
    }

    /// A page came. `reading.warnings` gains what was odd about it.
    ///
    /// - Parameters:
    ///   - count: The records that the server sent: the stop rules know nothing of filters.
    ///   - delivered: Those of them that are handed over. All when nil.
    mutating func received(
        _ reading: inout PageReader.Reading, count: Int, delivered: Int? = nil, url: WebURL
    ) throws(Failure) -> Next {
        self.delivered = self.delivered.addingSaturating(Int64(delivered ?? count))
        let count = Int64(count)
        doubt = nil
        pages += 1
        received = received.addingSaturating(count)
        note(&reading)
        emptyRun = count == 0 ? emptyRun + 1 : 0
        largest = max(largest, count)

        if let most = plan.maxPages, pages >= most { return .end(.maxPages) }
        if let most = plan.maxRecords, self.delivered >= most { return .end(.maxRecords) }
        return try unbounded(&reading, count: count, url: url)
    }

    /// What a page that was received says of the next one, whatever `max_pages` and `max_records` say.
    mutating func unbounded(
        _ reading: inout PageReader.Reading, count: Int64, url: WebURL
    ) throws(Failure) -> Next {
        if hasMore == false { return .end(.flag) }
        if reading.isStopped { return .end(.rule) }

        switch plan.style {
        case .single, .detect:
            return .end(.single)
        case .offset, .page:
            return counted(reading: &reading, count: count)
        case .cursor:
            if count == 0, plan.stopOnEmptyPage ?? false, emptyRun > plan.toleratedEmptyPages {
                return .end(.emptyPage)
            }
            if plan.stopOnShortPage ?? false, let size, count < size { return .end(.shortPage) }
            return try token(reading, url: url)
        case .nextURL:
            if count == 0, plan.stopOnEmptyPage ?? false, emptyRun > plan.toleratedEmptyPages {
                return .end(.emptyPage)
            }
            if plan.stopOnShortPage ?? false, let size, count < size { return .end(.shortPage) }
            return try link(reading, url: url)
        }
    }

    /// Metadata that is missing or null takes its rule out of the game, aloud.
    private mutating func note(_ reading: inout PageReader.Reading) {
        hasMore = reading.hasMore?.flag
        if plan.hasMore != nil, hasMore == nil { warn("has_more", reading.hasMore, &reading) }
        if plan.total != nil {
            if let now = reading.total?.count {
                if now < received {
                    // A page's own count, or nonsense: no reason to leave the rest behind.
                    if warned.insert("total below received").inserted {
                        reading.warnings.append(
                            "total is \(now) but \(received) records came: the other stop rules decide")
                    }
                    total = nil
                } else {
                    if let before = total, now < before {
                        reading.warnings.append("total went down from \(before) to \(now) during the walk")
                    }
                    total = now
                    highestTotal = max(highestTotal ?? 0, now)
                }
            } else {
                warn("total", reading.total, &reading)
            }
        }
        if plan.lastPage != nil, reading.lastPage?.count == nil { warn("last_page", reading.lastPage, &reading) }
        if plan.totalPages != nil, reading.totalPages?.count == nil {
            warn("total_pages", reading.totalPages, &reading)
        }
    }

    private mutating func warn(_ what: String, _ value: Extracted?, _ reading: inout PageReader.Reading) {
        // Total is often on the first page only: worth a word once.
        guard warned.insert(what).inserted, !(what == "total" && total != nil) else { return }
        let how = value.map { $0.isNull ? "is null" : "is not usable (\($0.value.kind))" } ?? "is missing"
        reading.warnings.append("\(what) \(how): the other stop rules decide")
    }

    // MARK: counters

    private mutating func counted(reading: inout PageReader.Reading, count: Int64) -> Next {
        let isPage: Bool
        let start: Int64
        switch plan.style {
        case .page(_, let first): (isPage, start) = (true, first)
        case .offset(_, let first): (isPage, start) = (false, first)
        default: return .end(.single)
        }
        // Unit of an offset: records received, so that a page larger or smaller than asked neither skips nor repeats.
        let step = isPage ? 1 : (count > 0 ? count : (size ?? 0))
        let next = position.addingSaturating(step)

        if count == 0, plan.stopOnEmptyPage ?? true, emptyRun > plan.toleratedEmptyPages {
            if hasMore == true { reading.warnings.append("the page is empty though has_more is true") }
            return .end(.emptyPage)
        }
        if next == position { return .end(.nothingFurther) }
        var serverSaysMore = hasMore == true
        if let total, !plan.totalIsHint {
            let reached = isPage ? received : next - start
            if reached >= total { return .end(.total) }
            serverSaysMore = true
        }
        if isPage, let last = reading.lastPage?.count {
            if position >= last { return .end(.lastPage) }
            lastCounter = last
            serverSaysMore = true
        }
        if isPage, let all = reading.totalPages?.count {
            if position.subtractingSaturating(start) >= all - 1 { return .end(.lastPage) }
            lastCounter = start.addingSaturating(all - 1)
            serverSaysMore = true
        }
        if count > 0, let size, count < size, plan.stopOnShortPage ?? true {
            if plan.stopOnShortPage == true { return .end(.shortPage) }
            if pages == 1 {
                // The server may cap its pages: only another request tells a cap from the end.
                if !serverSaysMore { doubt = .firstPageWasShort }
                self.size = count
                reading.warnings.append(
                    "\(count) records though \(size) were asked for: taken as the server's page size")
            } else if !serverSaysMore {
                return .end(.shortPage)
            }
        }
        position = next
        return .page(.counter(next))
    }

    // MARK: ahead

    /// How far apart the counters of pages are; nil while that can't be told, or where pages aren't counted.
    var stride: Int64? {
        // Whether the first page was the last one is what the next request finds out.
        if pages == 0 || doubt == .firstPageWasShort { return nil }
        switch plan.style {
        case .page: return 1
        case .offset: return largest > 0 ? largest : nil
        default: return nil
        }
    }

    /// Whether nothing speaks against a page there, if all `before` pages between those received and this one are full.
    ///
    /// - Parameter hint: the counter of the last page by a word that ends no walk.
    func mayBeThere(_ counter: Int64, before: Int64, hint: Int64?) -> Bool {
        if let most = plan.maxPages, pages.addingSaturating(before) >= most { return false }
        let expected = received.addingSaturating(before.multipliedSaturating(by: largest))
        if let most = plan.maxRecords, expected >= most { return false }
        if let last = lastCounter ?? hint, counter > last { return false }
        guard let total else { return true }
        switch plan.style {
        case .offset(_, let start): return counter.subtractingSaturating(start) < total
        default: return expected < total
        }
    }

    /// Whether the server has told where the end is.
    var isEndKnown: Bool { total != nil || lastCounter != nil }

    /// What a page that is not in yet will lead to, when that token is all it has to say. `before` pages lie between
    /// those received and this one.
    func tokenAhead(_ found: Extracted, before: Int64, url: WebURL) -> PageToken? {
        if let most = plan.maxPages, pages.addingSaturating(before) >= most - 1 { return nil }
        var reading = PageReader.Reading()
        reading.token = found
        let next =
            if case .nextURL = plan.style { try? link(reading, url: url) } else { try? token(reading, url: url) }
        guard case .page(let token)? = next else { return nil }
        return token
    }

    // MARK: tokens

    private func token(_ reading: PageReader.Reading, url: WebURL) throws(Failure) -> Next {
        guard let found = reading.token, !found.isNull, found.value != .bool(false) else { return try noToken() }
        guard let text = found.text else {
            throw Failure(.data, "the cursor\(placeOfToken) is \(found.value.kind.described), not a text or number")
        }
        if text.isEmpty, !plan.emptyTokenIsToken { return try noToken() }
        if case .cursor(.url, _) = plan.style { return .page(.url(try Paging.resolve(text, from: url))) }
        if case .number = found.value.kind { return .page(.number(text)) }
        return .page(.text(text))
    }

    private func link(_ reading: PageReader.Reading, url: WebURL) throws(Failure) -> Next {
        guard let found = reading.token, !found.isNull, found.value != .bool(false), !found.isEmptyText else {
            return try noToken()
        }
        guard let text = found.text, case .string = found.value else {
            throw Failure(.data, "the next URL\(placeOfToken) is \(found.value.kind.described), not a text")
        }
        return .page(.url(try Paging.resolve(text, from: url)))
    }

    /// For messages.
    private var placeOfToken: String { plan.tokenSource.map { " (\($0.described))" } ?? "" }

    private func noToken() throws(Failure) -> Next {
        // The end by one rule, more to come by another: nobody can go on from here, and stopping silently loses data.
        if hasMore == true {
            throw Failure(.data, "has_more says that another page follows, but there is no token for it")
        }
        return .end(.emptyToken)
    }

    private static func resolve(_ text: String, from url: WebURL) throws(Failure) -> WebURL {
        do {
            return try url.resolving(text)
        } catch {
            throw Failure(.data, "the next URL can't be followed: \(error.reason)")
        }
    }
}

extension Paging {
    /// What a checkpoint keeps: the numbers, without the plan.
    struct Standing: Sendable, Equatable {
        var pages: Int64 = 0
        var received: Int64 = 0
        var receivedBefore: Int64 = 0
        var delivered: Int64 = 0
        var position: Int64 = 0
        var emptyRun: Int64 = 0
        var largest: Int64 = 0
        var size: Int64?
        var total: Int64?
        var highestTotal: Int64?
        var lastCounter: Int64?
        var firstWasShort = false
        var warned: Set<String> = []
    }

    var standing: Standing {
        Standing(
            pages: pages, received: received, receivedBefore: receivedBefore, delivered: delivered, position: position,
            emptyRun: emptyRun,
            largest: largest, size: size, total: total, highestTotal: highestTotal, lastCounter: lastCounter,
            firstWasShort: doubt == .firstPageWasShort, warned: warned)
    }

    /// `max_pages` or `max_records` is reached already.
    var isBounded: Bool {
        if let most = plan.maxPages, pages >= most { return true }
        return plan.maxRecords.map { delivered >= $0 } ?? false
    }

    init(plan: PagingPlan, at standing: Standing) {
        self.init(plan: plan)
        (pages, received, delivered) = (standing.pages, standing.received, standing.delivered)
        (position, emptyRun, largest) = (standing.position, standing.emptyRun, standing.largest)
        (total, highestTotal, lastCounter) = (standing.total, standing.highestTotal, standing.lastCounter)
        (receivedBefore, size) = (standing.receivedBefore, standing.size)
        doubt = standing.firstWasShort ? .firstPageWasShort : nil
        warned = standing.warned
    }
}
