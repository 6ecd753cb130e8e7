/// The values of one thing that a stream is walked over, on their way from its parent's pages into walks.
struct Intake: Sendable {
    enum Entry: Sendable {
        /// And where its parent's walk stood before the page that they are from.
        case bindings([OverBinding], from: Checkpoint?)
        /// The values before it are walked; then the walk ends with this.
        case problem(Failure)
    }

    @Boxed private(set) var dimension: OverPlan.Dimension
    /// The parent's.
    var walk: UInt64?
    private(set) var entries: [Entry] = []
    private var head = 0
    private var batch: [OverValue] = []
    private var parentsDone = 0
    /// Nothing more comes.
    private(set) var isOver = false
    /// Behind the parent's last page but the one that is taken in.
    var before: Checkpoint?
    /// Of the parent's pages, in bytes, whose values are not all taken.
    var pending: [Int64] = []

    init(_ dimension: OverPlan.Dimension) {
        self.dimension = dimension
        guard case .items(let items) = dimension.origin else { return }
        for item in items { add([item], inherited: []) }
        end()
    }

    var isEmpty: Bool { head == entries.count }
    var count: Int { entries.count - head }

    /// - Parameter inherited: What the parent's page was asked for itself.
    mutating func add(_ values: [OverValue], inherited: [OverBinding]) {
        guard let key = values.first else { return }
        if dimension.batch > 1 {
            batch.append(key)
            if Int64(batch.count) >= dimension.batch { closeBatch() }
            return
        }
        var bindings = [OverBinding(name: dimension.name, values: [key], separator: dimension.separator)]
        for (carried, value) in zip(dimension.carried, values.dropFirst()) {
            bindings.append(OverBinding(name: carried.name, values: [value], isKey: false))
        }
        guard dimension.further.isEmpty else {
            // Of several parents none can be taken up in the middle: they are read anew from the first one on.
            entries.append(.bindings(bindings, from: nil))
            return
        }
        entries.append(.bindings(inherited.filter { !$0.isBatch } + bindings, from: before))
    }

    /// Behind the one that is done; nil when there is none, or when nothing more is wanted.
    mutating func nextParent() -> OverPlan.Dimension.Parent? {
        guard !isOver, dimension.further.indices.contains(parentsDone) else { return nil }
        defer { parentsDone += 1 }
        return dimension.further[parentsDone]
    }

    mutating func fail(_ failure: Failure) {
        closeBatch()
        entries.append(.problem(failure))
        isOver = true
    }

    mutating func end() {
        closeBatch()
        isOver = true
    }

    private mutating func closeBatch() {
        guard !batch.isEmpty else { return }
        entries.append(
            .bindings(
                [OverBinding(name: dimension.name, values: batch, separator: dimension.separator, isBatch: true)],
                // It may have values of several pages.
                from: nil))
        batch = []
    }

    mutating func next() -> Entry? {
        guard head < entries.count else { return nil }
        defer {
            head += 1
            // What was taken goes, in large pieces.
            if head == entries.count || (head >= 256 && head * 2 >= entries.count) {
                entries.removeFirst(head)
                head = 0
            }
        }
        return entries[head]
    }
}
