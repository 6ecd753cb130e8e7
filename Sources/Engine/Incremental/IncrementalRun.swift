/// One run of a stream that is read incrementally: which windows it has, for each parent, and what is known when they are
/// whole. What is kept of it between runs are the highest values.
struct IncrementalRun: Sendable {
    /// Of a parent whose windows are under way, or were a moment ago.
    struct Open: Sendable {
        /// Where the runs before stood: what its windows come from.
        var since: HighMark?
        /// Of its whole windows.
        var seen = WindowWatch.Standing()
        var walks = 0
        var hasAllBegun = false
        var isDone = false
    }

    let plan: IncrementalPlan
    var now: WallTime
    /// Seconds that this machine's clock is ahead of the server's.
    var skew: Int64?
    /// By the text of the parent's values; "" for a stream without.
    private(set) var marks: [String: HighMark] = [:]
    private(set) var open: [String: Open] = [:]
    private var current: (parent: String, bindings: [OverBinding], from: Checkpoint?, windows: Windows)?
    /// The one combination of a stream that is walked over nothing else.
    var hasBegun = false

    init(_ plan: IncrementalPlan, now: WallTime) {
        self.plan = plan
        self.now = now
    }

    static func key(_ bindings: [OverBinding]) -> String {
        bindings.filter { $0.isKey && !$0.isWindow }.flatMap(\.values).map(\.json).joined(separator: ",")
    }

    /// The latest time of all parents', as the runs before left it.
    var highest: WallTime? { marks.values.compactMap(\.value.time).max() }

    // MARK: windows

    mutating func begin(_ bindings: [OverBinding], from: Checkpoint?) {
        let parent = Self.key(bindings)
        var entry = open[parent] ?? Open(since: marks[parent])
        entry.hasAllBegun = false
        open[parent] = entry
        current = (parent, bindings, from, Windows(plan, since: entry.since, now: now))
    }

    /// Of the parent at hand; nil: it has no more.
    mutating func next() -> (bindings: [OverBinding], from: Checkpoint?, window: Window)? {
        guard var current else { return nil }
        let window = current.windows.next()
        guard let window else {
            open[current.parent]?.hasAllBegun = true
            settle(current.parent)
            self.current = nil
            return nil
        }
        self.current?.windows = current.windows
        current.bindings += window.bindings
        return (current.bindings, current.from, window)
    }

    /// Whether the parent at hand has no further windows.
    var isAtEnd: Bool { current?.windows.isOver ?? true }

    mutating func started(_ bindings: [OverBinding]) { open[Self.key(bindings)]?.walks += 1 }

    /// A window is whole.
    mutating func finished(_ bindings: [OverBinding], _ seen: WindowWatch.Standing?) {
        let parent = Self.key(bindings)
        guard var entry = open[parent] else { return }
        entry.walks -= 1
        if let seen {
            Self.add(seen, to: &entry.seen)
            if let high = entry.seen.high { entry.seen.edge.forget(below: plan.lookedBack(limited(high))) }
        }
        open[parent] = entry
        if current?.parent == parent, isAtEnd { open[parent]?.hasAllBegun = true }
        settle(parent)
    }

    private static func add(_ seen: WindowWatch.Standing, to sum: inout WindowWatch.Standing) {
        if let high = seen.high { sum.high = sum.high.map { max($0, high) } ?? high }
        sum.edge.merge(seen.edge)
    }

    private mutating func settle(_ parent: String) {
        guard let entry = open[parent], entry.hasAllBegun, entry.walks <= 0, !entry.isDone else { return }
        open[parent]?.isDone = true
        marks[parent] = mark(of: entry)
    }

    /// The highest value that was ever seen, but none of the future; before anything was seen, where the run started, so
    /// that the next one leaves nothing out.
    private func mark(of entry: Open) -> HighMark? {
        var value = entry.since?.value ?? Windows.start(plan, since: nil, now: now)
        if let high = entry.seen.high.map(limited) { value = value.map { max($0, high) } ?? high }
        guard let value else { return nil }
        var edge = entry.since?.edge ?? Edge()
        edge.merge(entry.seen.edge)
        edge.forget(below: plan.lookedBack(value))
        return HighMark(value: value, edge: edge)
    }

    private func limited(_ mark: Mark) -> Mark {
        guard case .time(let time) = mark, time > now else { return mark }
        return .time(now)
    }

    /// Parents that no walk is open for need not be known any more but by their values.
    mutating func forget(but parents: Set<String>) {
        guard open.count > parents.count + 1 else { return }
        open = open.filter { parents.contains($0.key) || !$0.value.isDone || $0.key == current?.parent }
    }

    /// All that the run came to, whatever of it was noted: it is known to be over.
    mutating func finishAll(_ entries: [FanOutPosition.Entry]) {
        for entry in entries where !entry.isDone {
            guard case .walk(let walk)? = entry.at?.position, let seen = walk.window else { continue }
            guard var open = open[Self.key(entry.over)] else { continue }
            Self.add(seen, to: &open.seen)
            self.open[Self.key(entry.over)] = open
        }
        for (parent, entry) in open where !entry.isDone { marks[parent] = mark(of: entry) }
    }

    mutating func beginAnew(now: WallTime) {
        self.now = now - .seconds(skew ?? 0)
        open = [:]
        current = nil
        hasBegun = false
    }

    // MARK: the clock

    mutating func hear(_ head: ResponseHead) {
        guard skew == nil, head.receivedAtEpoch > 0, let text = head.headers.first("date") else { return }
        let here = WallTime(epochSeconds: head.receivedAtEpoch)
        guard let there = HTTPDate.parse(text, now: here) else { return }
        let ahead = head.receivedAtEpoch.subtractingSaturating(there)
        // A second is lost in the text, another on the way.
        skew = ahead.magnitude <= 2 ? 0 : ahead
    }

    // MARK: as text

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("field", plan.field.description)
            writer.member("type", plan.isTime ? "time" : "number")
            writer.member("now", Mark.time(now).text)
            if let skew, skew != 0 { writer.member("skew", skew) }
            writer.name("marks")
            writer.object { writer in
                for (parent, mark) in marks.sorted(by: { $0.key < $1.key }) {
                    writer.name(parent)
                    mark.write(to: &writer)
                }
            }
            writer.name("open")
            writer.object { writer in
                for (parent, entry) in open.sorted(by: { $0.key < $1.key }) {
                    writer.name(parent)
                    writer.object { writer in
                        if let since = entry.since {
                            writer.name("since")
                            since.write(to: &writer)
                        }
                        if entry.seen.high != nil {
                            writer.name("seen")
                            entry.seen.write(to: &writer)
                        }
                        if entry.isDone {
                            writer.name("done")
                            writer.bool(true)
                        }
                    }
                }
            }
        }
    }

    init(_ json: JSONValue, _ plan: IncrementalPlan) throws(CheckpointProblem) {
        guard let now = json["now"]?.string.flatMap({ ISO8601.parse($0) }) else { throw .malformed("now") }
        guard json["field"]?.string == plan.field.description,
            (json["type"]?.string == "time") == plan.isTime
        else { throw CheckpointProblem(reason: "it goes by another field (\"incremental\")") }
        self.init(plan, now: now)
        if let skew = json["skew"]?.int, skew.magnitude < 1 << 40 { self.skew = skew }
        for member in json["marks"]?.members ?? [] {
            marks[member.name] = try HighMark(member.value, isTime: plan.isTime)
        }
        for member in json["open"]?.members ?? [] {
            var entry = Open()
            if let since = member.value["since"] { entry.since = try HighMark(since, isTime: plan.isTime) }
            if let seen = member.value["seen"] { entry.seen = try WindowWatch.Standing(seen) }
            entry.isDone = member.value["done"]?.bool ?? false
            open[member.name] = entry
        }
    }
}

extension OverBinding {
    var isWindow: Bool { name.utf8.starts(with: "window.".utf8) }
}
