/// Where a walk that is made of many stands: which of its parents are done, and how far the others are.
struct FanOutPosition: Sendable {
    /// One walk inside.
    struct Entry: Sendable {
        /// What it is made for; only what tells it from the others.
        var over: [OverBinding]
        /// Behind its last page that was handed over; nil: none was.
        var at: Checkpoint?
        var isDone = false
    }

    var pages: UInt64 = 0
    var records: Int64 = 0
    var isOver = false
    /// Where the first parent's walk is taken up again, so that the first of `entries` comes; nil: at its start.
    var parent: Checkpoint?
    /// In the order of their beginnings. All before the first one are done, all behind the last one have not begun.
    var entries: [Entry] = []
    /// Behind the last page of a parent that is read incrementally.
    var parentLast: Checkpoint?
    /// Of a stream that is read incrementally: to write, and as it was read.
    var run: IncrementalRun?
    var runText: JSONValue?

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("page", pages)
            writer.member("records", records)
            if isOver {
                writer.name("end")
                writer.bool(true)
            }
            if let parent {
                writer.name("parent")
                parent.write(to: &writer)
            }
            if let parentLast {
                writer.name("parent_last")
                parentLast.write(to: &writer)
            }
            if let run {
                writer.name("incremental")
                run.write(to: &writer)
            }
            writer.name("over")
            writer.array { list in
                for entry in entries {
                    list.object { object in
                        object.name("for")
                        object.array { names in
                            for binding in entry.over {
                                names.array { one in
                                    one.string(binding.name)
                                    for value in binding.values { one.string(value.json) }
                                }
                            }
                        }
                        if entry.isDone {
                            object.name("done")
                            object.bool(true)
                        }
                        guard let at = entry.at else { return }
                        object.name("at")
                        at.write(to: &object)
                    }
                }
            }
        }
    }

    init() {}

    /// - Parameter depth: how many walks may yet be inside each other.
    init(_ value: JSONValue, depth: Int) throws(CheckpointProblem) {
        guard let page = value["page"]?.int, (0...WalkPosition.mostCount).contains(page) else {
            throw .malformed("page")
        }
        pages = UInt64(page)
        guard let records = value["records"]?.int, (0...WalkPosition.mostCount).contains(records) else {
            throw .malformed("records")
        }
        self.records = records
        isOver = value["end"]?.bool ?? false
        if let parent = value["parent"] { self.parent = try Checkpoint(part: parent, depth: depth) }
        if let last = value["parent_last"] { parentLast = try Checkpoint(part: last, depth: depth) }
        runText = value["incremental"]
        for element in value["over"]?.array ?? [] {
            var entry = Entry(over: [])
            for binding in element["for"]?.array ?? [] {
                let texts = (binding.array ?? []).compactMap(\.string)
                guard let name = texts.first else { throw .malformed("for") }
                let values = texts.dropFirst().map { OverValue(json: $0, text: nil) }
                entry.over.append(OverBinding(name: name, values: Array(values)))
            }
            entry.isDone = element["done"]?.bool ?? false
            if let at = element["at"] { entry.at = try Checkpoint(part: at, depth: depth) }
            entries.append(entry)
        }
    }
}

extension [OverBinding] {
    /// The same walk: by names and values as they stood.
    func isSame(as other: [OverBinding]) -> Bool {
        let keys = filter(\.isKey)
        return keys.count == other.count
            && zip(keys, other).allSatisfy { $0.name == $1.name && $0.values.map(\.json) == $1.values.map(\.json) }
    }
}
