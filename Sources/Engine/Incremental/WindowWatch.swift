/// What the walk over one window sees: which records are its own, which came in an earlier run, and how high their values
/// go. A class, so that walks without one stay small; a walk has one of its own and is used by one thread at a time, hence
/// `@unchecked Sendable`.
final class WindowWatch: @unchecked Sendable {
    let window: Window
    private(set) var standing = Standing()
    private var edgeEnd: Mark?
    /// Of the same window, before it was interrupted.
    private var earlier = Edge()
    private var hasWarned: Set<String> = []

    /// What a checkpoint keeps.
    struct Standing: Sendable, Equatable {
        var high: Mark?
        var edge = Edge()
        /// A record came behind one with a higher value.
        var isUnsorted = false
        var latest: Mark?
    }

    /// Of one record.
    struct Sight: Sendable {
        var mark: Mark?
        var digest: Edge.Digest?
    }

    init(_ window: Window) {
        self.window = window
        edgeEnd = window.since?.edge.highest
    }

    /// Where the cursor stands, when it is a time.
    var highest: WallTime? { [standing.high?.time, window.since?.value.time].compactMap(\.self).max() }

    func takeUp(_ standing: Standing) {
        self.standing = standing
        guard window.isAgain else { return }
        earlier = standing.edge
        edgeEnd = [edgeEnd, earlier.highest].compactMap(\.self).max()
        self.standing.latest = nil
    }

    private func isOutside(_ mark: Mark) -> Bool {
        guard window.plan.clips else { return false }
        if let start = window.start, mark < start { return true }
        if let end = window.end, mark >= end { return true }
        return false
    }

    /// Looks at a page's records while its body is there.
    func look(at reading: inout PageReader.Reading, body: UnsafeRawBufferPointer, services: some Services) {
        guard reading.marks.count == reading.records.count, !reading.records.isEmpty else { return }
        let inside = reading.marks.map { mark in mark.flatMap { isOutside($0) ? nil : $0 } }
        let floor = inside.compactMap(\.self).max().map { window.plan.lookedBack(limited($0)) }
        reading.sights.reserveCapacity(reading.records.count)
        reading.withBytes(body) { bytes in
            for (index, span) in reading.records.enumerated() {
                var sight = Sight(mark: reading.marks[index])
                if let mark = inside[index], floor.map({ mark >= $0 }) ?? false || edgeEnd.map({ mark <= $0 }) ?? false
                {
                    sight.digest = Edge.digest(span.bytes(in: bytes), services)
                }
                reading.sights[Int(span.start)] = sight
            }
        }
    }

    /// Not beyond the time of the run: a record that is dated wrongly must not keep later ones away for ever.
    private func limited(_ mark: Mark) -> Mark {
        guard case .time(let time) = mark, time > window.now else { return mark }
        return .time(window.now)
    }

    /// Leaves out what is not the window's, and what came in an earlier run.
    func clip(_ reading: inout PageReader.Reading, _ facts: inout PageFacts) {
        guard !reading.sights.isEmpty else { return }
        var (outside, again, without) = (0, 0, 0)
        var kept: [Int] = []
        for (index, span) in reading.records.enumerated() {
            let sight = reading.sights[Int(span.start)]
            guard let mark = sight?.mark else {
                without += 1
                kept.append(index)
                continue
            }
            if isOutside(mark) {
                outside += 1
            } else if let digest = sight?.digest, window.since?.edge.has(digest) ?? false || earlier.has(digest) {
                again += 1
            } else if let reached = window.asksFrom, mark < reached {
                again += 1
            } else {
                kept.append(index)
            }
        }
        let last = reading.records.last { reading.sights[Int($0.start)]?.mark != nil }
        if window.plan.mode == .newestFirst, let last, let mark = reading.sights[Int(last.start)]?.mark,
            let start = window.start, mark < start
        {
            reading.isStopped = true
        }
        if without > 0, hasWarned.insert("without").inserted {
            reading.warnings.append(
                "incremental: \(without) records have no \"\(window.plan.field)\" that can be read; they are handed over in every run that meets them"
            )
        }
        if outside == reading.records.count, window.plan.mode == .server, hasWarned.insert("outside").inserted {
            reading.warnings.append(
                "incremental: all \(outside) records of the page lie outside what was asked for: is \"\(window.plan.field)\" what the API goes by?"
            )
        }
        facts.duplicates = again > 0 ? (facts.duplicates ?? 0) + Int64(again) : facts.duplicates
        guard kept.count < reading.records.count else { return }
        reading.filtered += Int64(outside)
        if reading.keys.count == reading.records.count { reading.keys = kept.map { reading.keys[$0] } }
        reading.records = kept.map { reading.records[$0] }
        reading.recordArray = nil
    }

    /// The records that are handed over.
    func note(_ records: [JSONSpan], of reading: PageReader.Reading) {
        guard !reading.sights.isEmpty else { return }
        var high = standing.high
        for span in records {
            guard let mark = reading.sights[Int(span.start)]?.mark else { continue }
            if let latest = standing.latest, mark < latest { standing.isUnsorted = true }
            standing.latest = mark
            if high.map({ mark > $0 }) ?? true { high = mark }
        }
        guard let high else { return }
        let floor = window.plan.lookedBack(limited(high))
        let rises = standing.high.map { high > $0 } ?? true
        standing.high = high
        if rises { standing.edge.forget(below: floor) }
        for span in records {
            guard let sight = reading.sights[Int(span.start)], let mark = sight.mark, let digest = sight.digest,
                mark >= floor
            else { continue }
            standing.edge.add(digest, mark)
        }
    }
}

extension WindowWatch.Standing {
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("high", high?.text)
            if !edge.isEmpty {
                writer.name("edge")
                edge.write(to: &writer)
            }
            if isUnsorted {
                writer.name("unsorted")
                writer.bool(true)
            }
            writer.member("latest", latest == high ? nil : latest?.text)
        }
    }

    /// Times and numbers tell themselves apart.
    init(_ json: JSONValue) throws(CheckpointProblem) {
        func mark(_ name: String) throws(CheckpointProblem) -> Mark? {
            guard let text = json[name]?.string else { return nil }
            guard let mark = Mark(text: text, isTime: Self.isTime(text)) else { throw .malformed(name) }
            return mark
        }
        self.init()
        high = try mark("high")
        latest = try mark("latest") ?? high
        if let edge = json["edge"] {
            self.edge = try Edge(edge, isTime: high?.time != nil)
        }
        isUnsorted = json["unsorted"]?.bool ?? false
    }

    private static func isTime(_ text: String) -> Bool { text.utf8.last == UInt8(ascii: "Z") }
}
