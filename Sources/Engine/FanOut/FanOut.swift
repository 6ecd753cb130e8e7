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

    struct Child: Sendable {
        let walk: UInt64
        /// Pages that wait for those of the children before.
        var held: [PageFacts] = []
        var isOver = false
        var failure: Failure?
        var isHeld = false
    }

    struct Standing: Sendable {
        var entry: FanOutPosition.Entry
        let parent: Checkpoint?
        let walk: UInt64
        /// Of its window, up to its last page that was handed over.
        var seen: WindowWatch.Standing?
    }
    /// Walks that are done count too, while one that began before them is not.
    private static let mostStanding = 4096

    @Boxed var stream: Stream
    @Boxed var plan: OverPlan
    var combinations: Combinations
    /// In the order of their parents.
    var children: [Child] = []
    var running = 0
    var isExhausted = false
    /// What it ends with when the children at work are done.
    var doom: Failure?
    var isOver = false
    var skips = Skips()

    /// In the host's hands, and whose they are.
    var handed: [(walk: UInt64?, bytes: Int64)] = []
    var handedHead = 0
    var handedBytes: Int64 = 0
    var heldPages: Int64 = 0
    var heldBytes: Int64 = 0
    var pages: UInt64 = 0
    var records: Int64 = 0
    /// Walks that are not all done, and those done behind one that is not: what a checkpoint has.
    var standing: [Standing] = []
    /// Of an earlier run, until they are met again.
    var awaited: [FanOutPosition.Entry] = []
    var hasAnchor = false
    /// Of a stream that is read incrementally.
    var run: IncrementalRun?
    /// It goes on from a checkpoint, and nothing was handed over yet: if nothing is, the run before was whole, and the next
    /// one begins.
    var mayBeginAnew = false
    @Boxed var origin: Checkpoint.Origin
    /// The last page is kept back where skips are to be told on it.
    var last: PageFacts?

    /// Pages given to the host, and how many it has asked for, where that matters.
    var given: UInt64 = 0
    var asked: UInt64 = 1

    var orders: [Order] = []

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
        if let plan = stream.incremental {
            guard let now = stream.now else {
                isOver = true
                return orders.append(
                    .ended(Failure(.internalFault, "stream \"\(stream.name)\": nobody said what time it is")))
            }
            run = IncrementalRun(plan, now: now)
        }
        if case .fanOut(let position)? = stream.start?.position {
            do throws(CheckpointProblem) {
                if let text = position.runText, let plan = stream.incremental { run = try IncrementalRun(text, plan) }
            } catch {
                isOver = true
                return orders.append(
                    .ended(Failure(.state, "stream \"\(stream.name)\": the checkpoint can't be used: \(error.reason)")))
            }
            if stream.isIncremental, position.isOver || stream.isComplete {
                run?.finishAll(position.entries)
                return beginRun(behind: position.parentLast, ids: &ids)
            }
            mayBeginAnew = stream.isIncremental
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
        openParents(at: first, ids: &ids)
        pump(ids: &ids)
    }

    mutating func openParents(at first: Checkpoint?, ids: inout UInt64) {
        for (index, dimension) in plan.dimensions.enumerated() {
            guard case .stream(let parent, let key) = dimension.origin else { continue }
            open(
                OverPlan.Dimension.Parent(stream: parent, key: key), of: index, at: index == 0 ? first : nil, ids: &ids)
        }
    }

    /// The run behind one that was whole.
    mutating func beginRun(behind parent: Checkpoint?, ids: inout UInt64) {
        mayBeginAnew = false
        stream.earlier = nil
        (pages, records, standing, awaited, hasAnchor) = (0, 0, [], [], false)
        (isExhausted, combinations) = (false, Combinations(plan.dimensions))
        if let now = stream.now { run?.beginAnew(now: now) }
        let last = isFirstParentIncremental ? parent : nil
        if let last { combinations.intakes[0].before = last }
        openParents(at: last, ids: &ids)
        pump(ids: &ids)
    }

    var isFirstParentIncremental: Bool {
        guard case .stream(let parent, _)? = plan.dimensions.first?.origin else { return false }
        return parent.isIncremental && plan.dimensions[0].further.isEmpty
    }

    mutating func open(
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
        stream.now = self.stream.now
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

    mutating func take(_ facts: PageFacts, from index: Int, _ walk: UInt64) {
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
    func placed(_ failure: Failure) -> Failure {
        var failure = failure
        failure.message = "stream \"\(stream.name)\", over its parent: \(failure.message)"
        return failure
    }

    /// What lies in one parent's being as it is. A server that is down, or credentials that are wrong, are nobody's in
    /// particular: passing over all parents one by one would look like an answer.
    mutating func skip(_ failure: Failure) -> Bool {
        guard plan.skipsFailures else { return false }
        switch failure.code {
        case .http where (failure.httpStatus ?? 500) < 500, .data, .limit: break
        default: return false
        }
        skips.add(failure)
        return true
    }

    // MARK: children

    var pagesAhead: Int64 { max(stream.pagesAhead, plan.atOnce.multipliedSaturating(by: 2)) }
    var handedPages: Int64 { Int64(handed.count - handedHead) }
    /// No further child begins, and those that wait for their turn go no further.
    var isFull: Bool {
        if isUnasked { return true }
        let pages = handedPages + heldPages
        return pages > 0
            && (pages >= pagesAhead || handedBytes.addingSaturating(heldBytes) >= stream.readAheadBytes)
    }
    /// The same for a child whose pages are handed over as they come: what others hold back does not hold it up.
    var isFullInTurn: Bool {
        isUnasked || handedPages > 0 && (handedPages >= pagesAhead || handedBytes >= stream.readAheadBytes)
    }

    /// Nobody looks ahead, and the host has what it asked for.
    var isUnasked: Bool { !stream.lookAhead && given >= asked }
    var atOnce: Int { stream.lookAhead ? Int(clamping: plan.atOnce) : 1 }

    func isInTurn(_ index: Int) -> Bool { plan.order == .any || index == 0 }

    /// Whatever can go on does.
    mutating func pump(ids: inout UInt64) {
        guard !isOver else { return }
        handTurns()
        while !isOver, !isExhausted, running < atOnce, !isFull, children.count < Int(clamping: plan.atOnce) * 4,
            standing.count < Self.mostStanding
        {
            guard begin(ids: &ids) else { break }
        }
        guard !isOver else { return }
        if stream.lookAhead || !isUnasked && running == 0 { takeUp() }
        if children.isEmpty, isExhausted {
            if doom == nil, mayBeginAnew {
                return beginRun(
                    behind: isFirstParentIncremental ? combinations.intakes[0].before : nil, ids: &ids)
            }
            return finish(doom)
        }
        hold()
    }

    /// False: there is none to begin.
    mutating func begin(ids: inout UInt64) -> Bool {
        let (next, window) = nextCombination()
        switch next {
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
            if !entry.isDone { run?.started(bindings) }
            if entry.isDone {
                standing.append(Standing(entry: entry, parent: parent, walk: 0))
                trim()
                return true
            }
            do {
                var child = try stream.bound(to: bindings, window: window.map { asked($0, entry.at) })
                child.start = stream.incremental?.isSorted == true && !isUnsorted(entry.at) ? nil : entry.at
                if child.start == nil, let at = entry.at { child.start = again(at) }
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
                if skip(failure) {
                    // Nothing is known of it: the next run asks from where this one did.
                    return true
                }
                doom = failure
                isExhausted = true
                return false
            }
            return true
        }
    }

    /// Each parent, or the one that a stream without parents stands for, in each of its windows.
    mutating func nextCombination() -> (Combinations.Next, Window?) {
        guard run != nil else { return (combinations.next(), nil) }
        while true {
            if let (bindings, from, window) = run?.next() { return (.bindings(bindings, from: from), window) }
            var next = Combinations.Next.end
            if !plan.dimensions.isEmpty {
                next = combinations.next()
            } else if run?.hasBegun == false {
                run?.hasBegun = true
                next = .bindings([], from: nil)
            }
            guard case .bindings(let bindings, let from) = next else { return (next, nil) }
            run?.begin(bindings, from: from)
        }
    }

    /// Where the API sorts, a window that was interrupted is taken up at the highest value seen, not at its page.
    func asked(_ window: Window, _ at: Checkpoint?) -> Window {
        var window = window
        guard window.plan.isSorted, !isUnsorted(at), case .walk(let walk)? = at?.position, !walk.isOver,
            let high = walk.window?.high
        else { return window }
        window.asksFrom = window.plan.lowered(high)
        window.isAgain = true
        return window
    }

    func isUnsorted(_ at: Checkpoint?) -> Bool {
        guard case .walk(let walk)? = at?.position else { return false }
        return walk.isOver || walk.window?.isUnsorted ?? false || walk.window?.high == nil
    }

    /// What was seen, at the first page.
    func again(_ at: Checkpoint) -> Checkpoint? {
        guard case .walk(let walk) = at.position else { return nil }
        var position = WalkPosition()
        position.window = walk.window
        position.token = Paging(plan: stream.paging).first
        return Checkpoint(.walk(position), of: nil)
    }

    /// The values of the first parent's pages are taken: the next page may come.
    mutating func takeUp() {
        guard let first = combinations.intakes.first, first.isEmpty, !first.pending.isEmpty else { return }
        combinations.intakes[0].pending = []
        guard let walk = first.walk else { return }
        for bytes in first.pending { orders.append(.consumed(walk, bytes: bytes)) }
    }

    /// Pages whose turn has come.
    mutating func handTurns() {
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
    mutating func settle(_ walk: UInt64) {
        guard let place = standing.firstIndex(where: { $0.walk == walk }) else { return }
        finishEntry(place)
    }

    mutating func finishEntry(_ place: Int) {
        if !standing[place].entry.isDone { run?.finished(standing[place].entry.over, standing[place].seen) }
        standing[place].entry.isDone = true
        standing[place].entry.at = nil
        trim()
    }

    /// One of those done stays, as a mark to find the place by.
    mutating func trim() {
        var done = 0
        while done + 1 < standing.count, standing[done].entry.isDone { done += 1 }
        if done > 0 { standing.removeFirst(done) }
    }

    /// Behind a page of that walk, at `position` within it.
    mutating func checkpoint(behind position: Checkpoint?, of walk: UInt64) -> Checkpoint {
        if let place = standing.firstIndex(where: { $0.walk == walk }) {
            standing[place].entry.at = position
            if case .walk(let walk)? = position?.position { standing[place].seen = walk.window }
            if position?.isEnd ?? false { finishEntry(place) }
        }
        var whole = FanOutPosition()
        (whole.pages, whole.records) = (pages, records)
        whole.parent = standing.first?.parent
        whole.entries = standing.map(\.entry)
        if isFirstParentIncremental { whole.parentLast = combinations.intakes[0].before }
        if run != nil {
            run?.forget(but: Set(standing.map { IncrementalRun.key($0.entry.over) }))
            whole.run = run
        }
        whole.isOver = stream.isIncremental && isKnownToBeLast
        return Checkpoint(.fanOut(whole), of: origin)
    }

    /// Nothing is left to walk, and that is known already.
    var isKnownToBeLast: Bool {
        guard standing.allSatisfy(\.entry.isDone), awaited.isEmpty, run?.isAtEnd ?? true else { return false }
        guard let first = combinations.intakes.first else { return run?.hasBegun ?? true }
        return (first.isOver || first.isToldTheEnd) && combinations.isAtEnd
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

    mutating func hold() {
        let (full, fullInTurn) = (isFull, isFullInTurn)
        for index in children.indices where !children[index].isOver {
            let held = isInTurn(index) ? fullInTurn : full
            guard held != children[index].isHeld else { continue }
            children[index].isHeld = held
            orders.append(.hold(children[index].walk, held))
        }
    }
}
