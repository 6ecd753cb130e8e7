/// The walk of a stream that is walked over something, as its host sees it: one walk, which is made of many. The
/// parents' walks feed values, each value starts a child's walk, a few of them at once, and the children's pages are
/// handed over. A parent may be such a walk itself.
///
/// Bounded: a parent's next page is asked for when the values of the one before are taken; a child waits when enough
/// pages wait for the host.
struct FanOut: Sendable {
    /// What the client is to do, in this order.
    enum Order: Sendable {
        case open(UInt64, Stream)
        case close(UInt64)
        case consumed(UInt64, bytes: Int64)
        case hold(UInt64, Bool)
        case page(PageFacts)
        case discard(UInt64)
        case ended(Failure?)
    }

    private struct Child: Sendable {
        let walk: UInt64
        /// Pages that wait for those of the children before.
        var held: [PageFacts] = []
        var isOver = false
        var failure: Failure?
        var isHeld = false
    }

    private struct Standing: Sendable {
        var entry: FanOutPosition.Entry
        let parent: Checkpoint?
        let walk: UInt64
    }
    /// Walks that are done count too, while one that began before them is not.
    private static let mostStanding = 4096

    @Boxed private var stream: Stream
    @Boxed private var plan: OverPlan
    private var combinations: Combinations
    /// In the order of their parents.
    private var children: [Child] = []
    private var running = 0
    private var isExhausted = false
    /// What it ends with when the children at work are done.
    private var doom: Failure?
    private(set) var isOver = false
    private(set) var skips = Skips()

    /// In the host's hands, and whose they are.
    private var handed: [(walk: UInt64?, bytes: Int64)] = []
    private var handedHead = 0
    private var handedBytes: Int64 = 0
    private var heldPages: Int64 = 0
    private var heldBytes: Int64 = 0
    private var pages: UInt64 = 0
    private var records: Int64 = 0
    /// Walks that are not all done, and those done behind one that is not: what a checkpoint has.
    private var standing: [Standing] = []
    /// Of an earlier run, until they are met again.
    private var awaited: [FanOutPosition.Entry] = []
    private var hasAnchor = false
    @Boxed private var origin: Checkpoint.Origin
    /// The last page is kept back where skips are to be told on it.
    private var last: PageFacts?

    /// Pages given to the host, and how many it has asked for, where that matters.
    private var given: UInt64 = 0
    private var asked: UInt64 = 1

    private var orders: [Order] = []

    init(_ stream: Stream, _ plan: OverPlan, source: Source) {
        self.stream = stream
        self.plan = plan
        combinations = Combinations(plan.dimensions)
        origin = Checkpoint.Origin(stream, source)
    }

    mutating func takeOrders() -> [Order] {
        defer { orders.removeAll(keepingCapacity: true) }
        return orders
    }

    /// It could go on, but for the host who has not taken its pages.
    var isStarved: Bool { !isOver && isFull }

    /// Walks that are open.
    var walks: [UInt64] {
        combinations.intakes.compactMap(\.walk) + children.compactMap { $0.isOver ? nil : $0.walk }
    }

    // MARK: events

    mutating func start(ids: inout UInt64) {
        var first: Checkpoint?
        if case .fanOut(let position)? = stream.start?.position {
            (pages, records, first) = (position.pages, position.records, position.parent)
            (awaited, hasAnchor) = (position.entries, !position.entries.isEmpty)
            if let first { combinations.intakes[0].before = first }
            let isBounded =
                plan.maxPages.map { pages >= UInt64(clamping: $0) } ?? false
                || plan.maxRecords.map { records >= $0 } ?? false
            if position.isOver || isBounded {
                isOver = true
                return orders.append(.ended(nil))
            }
        }
        for (index, dimension) in plan.dimensions.enumerated() {
            guard case .stream(let parent, let key) = dimension.origin else { continue }
            open(
                OverPlan.Dimension.Parent(stream: parent, key: key), of: index, at: index == 0 ? first : nil, ids: &ids)
        }
        pump(ids: &ids)
    }

    private mutating func open(
        _ parent: OverPlan.Dimension.Parent, of index: Int, at start: Checkpoint? = nil, ids: inout UInt64
    ) {
        var stream = parent.stream
        ids &+= 1
        combinations.intakes[index].walk = ids
        stream.parentPlan = ParentReader.Plan(
            key: parent.key, carried: combinations.intakes[index].dimension.carried)
        // Not further than there is use for its values, which are taken from each page as it comes.
        stream.readAheadPages = 1
        stream.parallel = 1
        // A checkpoint finds its place again by the order of the values.
        stream.over?.order = .parents
        stream.lookAhead = true
        stream.start = start
        orders.append(.open(ids, stream))
    }

    mutating func received(_ facts: PageFacts, from walk: UInt64, ids: inout UInt64) {
        if let index = combinations.intakes.firstIndex(where: { $0.walk == walk }) {
            orders.append(.discard(facts.transfer))
            take(facts, from: index, walk)
        } else if let index = children.firstIndex(where: { $0.walk == walk }) {
            if isInTurn(index) {
                hand(facts, of: walk)
            } else {
                children[index].held.append(facts)
                heldPages += 1
                heldBytes = heldBytes.addingSaturating(facts.bytes)
            }
        } else {
            orders.append(.discard(facts.transfer))
        }
        pump(ids: &ids)
    }

    mutating func ended(_ walk: UInt64, _ failure: Failure?, ids: inout UInt64) {
        if let index = combinations.intakes.firstIndex(where: { $0.walk == walk }) {
            combinations.intakes[index].walk = nil
            if let failure {
                combinations.intakes[index].fail(placed(failure))
            } else if let next = combinations.intakes[index].nextParent() {
                open(next, of: index, ids: &ids)
            } else {
                combinations.intakes[index].end()
            }
        } else if let index = children.firstIndex(where: { $0.walk == walk }), !children[index].isOver {
            children[index].isOver = true
            running -= 1
            if let failure {
                if skip(failure) {
                    // It goes on without.
                } else if plan.order == .any {
                    finish(failure)
                } else {
                    children[index].failure = failure
                    isExhausted = true
                }
            }
        }
        pump(ids: &ids)
    }

    /// The host wants a page behind the `taken` that it has had.
    mutating func ask(taken: UInt64, ids: inout UInt64) {
        asked = max(asked, taken &+ 1)
        pump(ids: &ids)
    }

    /// The host took a page.
    mutating func consumed(ids: inout UInt64) {
        guard handedHead < handed.count else { return }
        let (walk, bytes) = handed[handedHead]
        handedHead += 1
        if handedHead == handed.count || handedHead >= 64 {
            handed.removeFirst(handedHead)
            handedHead = 0
        }
        handedBytes -= bytes
        if let walk { orders.append(.consumed(walk, bytes: bytes)) }
        pump(ids: &ids)
    }

    /// The host is done with it. The walks inside are the client's to close.
    mutating func close() -> [UInt64] {
        isOver = true
        let transfers = children.flatMap { $0.held.map(\.transfer) } + (last.map { [$0.transfer] } ?? [])
        children.removeAll()
        last = nil
        return transfers
    }

    // MARK: parents

    private mutating func take(_ facts: PageFacts, from index: Int, _ walk: UInt64) {
        var skips = skips
        let (child, skipsFailures) = (stream.name, plan.skipsFailures)
        let mayGoOn = combinations.add(facts, to: index) { record, reason in
            let failure = FanOut.unusable(record: record, of: facts, reason, child: child)
            guard skipsFailures else { return failure }
            skips.add(failure)
            return nil
        }
        self.skips = skips
        if mayGoOn { orders.append(.consumed(walk, bytes: facts.bytes)) }
    }

    private static func unusable(record: Int, of facts: PageFacts, _ reason: String, child: String) -> Failure {
        let page = facts.indexWithin ?? facts.index
        let place = "\(facts.over.boundText), page \(page), record \(record)"
        var failure = Failure(
            .data,
            "stream \"\(child)\", over its parent: stream \"\(facts.stream)\"\(place): "
                + Sanitized.text(reason, most: 200))
        failure.stream = facts.stream
        failure.over = facts.over
        failure.page = page
        failure.url = facts.url.redacted()
        return failure
    }

    /// Says in a parent's failure whose parent it is.
    private func placed(_ failure: Failure) -> Failure {
        var failure = failure
        failure.message = "stream \"\(stream.name)\", over its parent: \(failure.message)"
        return failure
    }

    /// What lies in one parent's being as it is. A server that is down, or credentials that are wrong, are nobody's in
    /// particular: passing over all parents one by one would look like an answer.
    private mutating func skip(_ failure: Failure) -> Bool {
        guard plan.skipsFailures else { return false }
        switch failure.code {
        case .http where (failure.httpStatus ?? 500) < 500, .data, .limit: break
        default: return false
        }
        skips.add(failure)
        return true
    }

    // MARK: children

    private var pagesAhead: Int64 { max(stream.pagesAhead, plan.atOnce.multipliedSaturating(by: 2)) }
    private var handedPages: Int64 { Int64(handed.count - handedHead) }
    /// No further child begins, and those that wait for their turn go no further.
    private var isFull: Bool {
        if isUnasked { return true }
        let pages = handedPages + heldPages
        return pages > 0
            && (pages >= pagesAhead || handedBytes.addingSaturating(heldBytes) >= stream.readAheadBytes)
    }
    /// The same for a child whose pages are handed over as they come: what others hold back does not hold it up.
    private var isFullInTurn: Bool {
        isUnasked || handedPages > 0 && (handedPages >= pagesAhead || handedBytes >= stream.readAheadBytes)
    }

    /// Nobody looks ahead, and the host has what it asked for.
    private var isUnasked: Bool { !stream.lookAhead && given >= asked }
    private var atOnce: Int { stream.lookAhead ? Int(clamping: plan.atOnce) : 1 }

    private func isInTurn(_ index: Int) -> Bool { plan.order == .any || index == 0 }

    /// Whatever can go on does.
    private mutating func pump(ids: inout UInt64) {
        guard !isOver else { return }
        handTurns()
        while !isOver, !isExhausted, running < atOnce, !isFull, children.count < Int(clamping: plan.atOnce) * 4,
            standing.count < Self.mostStanding
        {
            guard begin(ids: &ids) else { break }
        }
        guard !isOver else { return }
        if stream.lookAhead || !isUnasked && running == 0 { takeUp() }
        if children.isEmpty, isExhausted { return finish(doom) }
        hold()
    }

    /// False: there is none to begin.
    private mutating func begin(ids: inout UInt64) -> Bool {
        switch combinations.next() {
        case .later: return false
        case .end:
            isExhausted = true
            if hasAnchor, let anchor = awaited.first { doom = Self.gone(anchor, of: stream) }
            return false
        case .problem(let failure):
            doom = failure
            isExhausted = true
            return false
        case .bindings(let bindings, let parent):
            var entry = FanOutPosition.Entry(over: bindings.filter(\.isKey))
            if !awaited.isEmpty {
                let place = awaited.firstIndex { bindings.isSame(as: $0.over) }
                // What came before the first of them is done.
                if hasAnchor, place != 0 { return true }
                hasAnchor = false
                if let place {
                    let known = awaited.remove(at: place)
                    (entry.at, entry.isDone) = (known.at, known.isDone)
                }
            }
            if entry.isDone {
                standing.append(Standing(entry: entry, parent: parent, walk: 0))
                trim()
                return true
            }
            do {
                var child = try stream.bound(to: bindings)
                child.start = entry.at
                ids &+= 1
                standing.append(Standing(entry: entry, parent: parent, walk: ids))
                children.append(Child(walk: ids))
                running += 1
                orders.append(.open(ids, child))
            } catch {
                var failure = Failure(
                    .data, "stream \"\(stream.name)\", over: \(Sanitized.text(error.reason, most: 300))")
                failure.stream = stream.name
                failure.over = bindings
                if skip(failure) { return true }
                doom = failure
                isExhausted = true
                return false
            }
            return true
        }
    }

    /// The values of the first parent's pages are taken: the next page may come.
    private mutating func takeUp() {
        guard let first = combinations.intakes.first, first.isEmpty, !first.pending.isEmpty else { return }
        combinations.intakes[0].pending = []
        guard let walk = first.walk else { return }
        for bytes in first.pending { orders.append(.consumed(walk, bytes: bytes)) }
    }

    /// Pages whose turn has come.
    private mutating func handTurns() {
        while !isOver, let child = children.first(where: { plan.order == .parents || $0.isOver }) {
            if plan.order == .any {
                for child in children where child.isOver { settle(child.walk) }
                children.removeAll { $0.isOver }
                return
            }
            if !child.held.isEmpty {
                children[0].held = []
                for facts in child.held {
                    heldPages -= 1
                    heldBytes -= facts.bytes
                    if isOver {
                        orders.append(.discard(facts.transfer))
                    } else {
                        hand(facts, of: child.walk)
                    }
                }
                continue
            }
            if let failure = child.failure { return finish(failure) }
            guard child.isOver else { return }
            settle(child.walk)
            children.removeFirst()
        }
    }

    // MARK: where it stands

    /// All of that walk's pages were handed over.
    private mutating func settle(_ walk: UInt64) {
        guard let place = standing.firstIndex(where: { $0.walk == walk }) else { return }
        standing[place].entry.isDone = true
        standing[place].entry.at = nil
        trim()
    }

    /// One of those done stays, as a mark to find the place by.
    private mutating func trim() {
        var done = 0
        while done + 1 < standing.count, standing[done].entry.isDone { done += 1 }
        if done > 0 { standing.removeFirst(done) }
    }

    /// Behind a page of that walk, at `position` within it.
    private mutating func checkpoint(behind position: Checkpoint?, of walk: UInt64) -> Checkpoint {
        if let place = standing.firstIndex(where: { $0.walk == walk }) {
            standing[place].entry.at = position
            if position?.isEnd ?? false {
                standing[place].entry.isDone = true
                standing[place].entry.at = nil
                trim()
            }
        }
        var whole = FanOutPosition()
        (whole.pages, whole.records) = (pages, records)
        whole.parent = standing.first?.parent
        whole.entries = standing.map(\.entry)
        return Checkpoint(.fanOut(whole), of: origin)
    }

    private static func gone(_ entry: FanOutPosition.Entry, of stream: Stream) -> Failure {
        let place = entry.over.map { binding in
            "\(binding.name) \(Sanitized.text(binding.values.map(\.json).joined(separator: ","), most: 80))"
        }
        var failure = Failure(
            .state,
            "stream \"\(stream.name)\": \(place.joined(separator: ", ")), where the checkpoint stands, is no longer there: "
                + "the walk can't be taken up again and must begin anew")
        failure.stream = stream.name
        return failure
    }

    private mutating func hold() {
        let (full, fullInTurn) = (isFull, isFullInTurn)
        for index in children.indices where !children[index].isOver {
            let held = isInTurn(index) ? fullInTurn : full
            guard held != children[index].isHeld else { continue }
            children[index].isHeld = held
            orders.append(.hold(children[index].walk, held))
        }
    }

    // MARK: handing over

    private mutating func hand(_ facts: PageFacts, of walk: UInt64) {
        var facts = facts
        facts.indexWithin = facts.index
        facts.index = pages
        // Of this parent only.
        facts.total = nil
        if facts.hasMore == false { facts.hasMore = nil }
        pages += 1
        if let most = plan.maxRecords, records.addingSaturating(Int64(facts.records.count)) > most {
            facts.records = Array(facts.records.prefix(Int(clamping: max(0, most - records))))
            facts.recordArray = nil
        }
        records = records.addingSaturating(Int64(facts.records.count))
        facts.checkpoint = checkpoint(behind: facts.checkpoint, of: walk)
        let bytes = facts.bytes
        if plan.skipsFailures {
            // As good as taken, for the child: what the host has not taken holds it up.
            orders.append(.consumed(walk, bytes: bytes))
            giveLast()
            last = facts
        } else {
            give(facts, of: walk)
        }
        if let most = plan.maxPages, pages >= UInt64(clamping: most) { return finish(nil) }
        if let most = plan.maxRecords, records >= most { finish(nil) }
    }

    private mutating func give(_ facts: PageFacts, of walk: UInt64?) {
        let bytes = facts.bytes
        handed.append((walk, bytes))
        handedBytes = handedBytes.addingSaturating(bytes)
        given &+= 1
        orders.append(.page(facts))
    }

    private mutating func giveLast(and summary: [String] = []) {
        guard var facts = last else { return }
        last = nil
        facts.warnings += skips.takeWarnings() + summary
        give(facts, of: nil)
    }

    private mutating func finish(_ failure: Failure?) {
        guard !isOver else { return }
        isOver = true
        for walk in walks { orders.append(.close(walk)) }
        for child in children { for facts in child.held { orders.append(.discard(facts.transfer)) } }
        children.removeAll()
        for index in combinations.intakes.indices { combinations.intakes[index].walk = nil }
        if failure == nil { last?.hasMore = false }
        giveLast(and: skips.summary)
        var failure = failure
        if failure == nil, pages == 0, skips.count > 0, var first = skips.first {
            // Nothing was got at all, and there is no page to say so on.
            first.message =
                "nothing is left: \(skips.count) of \(skips.count) were skipped; the first: \(first.message)"
            failure = first
        }
        orders.append(.ended(failure))
    }
}
