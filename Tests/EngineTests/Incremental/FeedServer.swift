import EngineTestKit

@testable import Engine

/// Records with a time, given out as their API likes it: `/v1/feed?since=…&until=…`, by pages of `size`.
final class FeedServer {
    struct Row: Equatable {
        var id: Int
        /// Seconds since 1970.
        var time: Int64
        var milliseconds: Int64 = 0
        var parent = 0
        var content = 0
        var json: String { json(nil) }
        func json(_ clocks: Clocks?) -> String {
            if let clocks { return "{\"id\":\(id),\"at\":\"\(clocks.text(time))\",\"n\":\(time),\"v\":\(content)}" }
            let stamp = ISO8601.format(
                WallTime(epochSeconds: time, nanoseconds: Int32(milliseconds * 1_000_000)), fractionDigits: 3)
            return "{\"id\":\(id),\"at\":\"\(stamp)\",\"n\":\(time),\"v\":\(content)}"
        }
    }
    /// It writes and reads local times without an offset.
    struct Clocks {
        /// What it takes a time for that its clocks show twice, or leap over.
        enum Twice: CaseIterable { case earlier, later, text }
        var zone: Zone
        var twice: Twice

        static let format = TimeFormat.parse("%Y-%m-%d %H:%M:%S") ?? .date
        func text(_ time: Int64) -> String { Self.format.write(WallTime(epochSeconds: time), zone: zone) }

        /// What it compares.
        func value(_ time: Int64) -> Int64 {
            twice == .text ? zone.local(WallTime(epochSeconds: time)).seconds : time
        }
        func bound(_ text: String) -> Int64? {
            if text.utf8.dropFirst(10).contains(where: { "Z+".utf8.contains($0) }) {
                return ISO8601.parse(text).map { value($0.seconds) }
            }
            guard let local = ISO8601.parse(text)?.seconds else { return nil }
            let first = zone.seconds(ofLocal: local)
            switch twice {
            case .text: return local
            case .earlier: return first
            case .later:
                let second = WallTime(epochSeconds: first + 3600)
                return zone.local(second).seconds == local ? second.seconds : first
            }
        }
    }
    var clocks: Clocks?
    enum Order { case rising, falling, byID }

    var rows: [Row] = []
    var gone: [Row] = []
    var size = 3
    var order = Order.rising
    var isStartInclusive = true
    var isEndInclusive = false
    /// It looks at nothing finer.
    var resolution: Int64 = 1
    var filters = true
    /// Before each answer.
    var happens: (FeedServer, Int) -> Void = { _, _ in }
    var requests = 0
    var date: String?
    var targets: [String] = []

    /// Answers as a document says that reads it in this way, and otherwise as it comes.
    func suit(_ way: String, _ chance: inout Seeded) {
        size = 1 + chance.below(5)
        isStartInclusive = !way.contains("\"inclusive\": false")
        isEndInclusive = way.contains("\"inclusive\": true")
        filters = !way.contains("mode")
        if way.contains("newest_first") {
            order = .falling
        } else if !way.contains("sorted") {
            order = [.rising, .falling, .byID][chance.below(3)]
        }
    }

    func reply(_ request: TransferRequest) -> Reply {
        happens(self, requests)
        requests += 1
        guard let url = try? WebURL(request.url) else { return .status(400) }
        targets.append(url.requestTarget)
        let parts = url.path.split(separator: "/").map(String.init)
        if parts == ["v1", "parents"] { return .json("{\"data\":[{\"id\":1},{\"id\":2},{\"id\":3}]}") }
        var found = rows
        if parts.count == 4, let parent = Int(parts[2]) { found = found.filter { $0.parent == parent } }
        func bound(_ name: String) -> Int64? {
            url.queryValue(name).flatMap { text in
                if let clocks { return clocks.bound(text) }
                return (ISO8601.parse(text)?.seconds ?? Int64(text)).map { $0 / resolution * resolution }
            }
        }
        if filters {
            if let start = bound("since") {
                found = found.filter {
                    let time = (clocks?.value($0.time) ?? $0.time) / resolution * resolution
                    return isStartInclusive ? time >= start : time > start
                }
            }
            if let end = bound("until") {
                found = found.filter {
                    let time = (clocks?.value($0.time) ?? $0.time) / resolution * resolution
                    return isEndInclusive ? time <= end : time < end
                }
            }
        }
        switch order {
        case .rising: found.sort { ($0.time, $0.milliseconds, $0.id) < ($1.time, $1.milliseconds, $1.id) }
        case .falling: found.sort { ($0.time, $0.milliseconds, $0.id) > ($1.time, $1.milliseconds, $1.id) }
        case .byID: found.sort { $0.id < $1.id }
        }
        let start: Int
        if let after = url.queryValue("after").flatMap({ Int($0) }),
            let row = (rows + gone).first(where: { $0.id == after })
        {
            // Behind that place in the order, whether the row is still there or not.
            start = found.firstIndex { isBefore(row, $0) } ?? found.count
        } else {
            start = Int(url.queryValue("offset") ?? "0") ?? 0
        }
        let page = found.dropFirst(start).prefix(size)
        let more = start + size < found.count
        var headers: [(String, String)] = []
        if let date { headers.append(("Date", date)) }
        return .json(
            "{\"data\":[\(page.map { $0.json(clocks) }.joined(separator: ","))],\"more\":\(more)}", headers: headers,
            latency: .milliseconds(5))
    }

    private func isBefore(_ a: Row, _ b: Row) -> Bool {
        switch order {
        case .rising: (a.time, a.milliseconds, a.id) < (b.time, b.milliseconds, b.id)
        case .falling: (a.time, a.milliseconds, a.id) > (b.time, b.milliseconds, b.id)
        case .byID: a.id < b.id
        }
    }

    static let base: Int64 = 1_704_067_200  // 2024-01-01T00:00:00Z

    static let offset = "\"pagination\": {\"type\": \"offset\", \"has_more\": \"more\"}"
    static let cursor =
        "\"pagination\": {\"type\": \"cursor\", \"param\": \"after\", \"from\": {\"last_record\": \"id\"}, \"has_more\": \"more\"}"

    static func document(_ incremental: String, paging: String = offset, more: String = "") -> String {
        "\"streams\": {\"feed\": {\"path\": \"/feed\", \"records\": \"data\", \(paging), \"incremental\": {\(incremental)}\(more)}}"
    }

    struct Outcome {
        var records: [String] = []
        var checkpoint: String?
        var failure: Failure?
        var pages = 0
        var warnings: [String] = []
        var facts: [PageFacts] = []
    }

    /// One run, or a part of it: killed behind so many pages.
    func run(
        _ document: String, now: Int64, from checkpoint: String? = nil, killedBehind most: Int? = nil,
        stream: String = "feed", seed: UInt64 = 1
    ) throws -> Outcome {
        let source = try source(document)
        var options = "{\"stream\": \"\(stream)\""
        if let checkpoint { options += CheckpointTests.option(checkpoint) }
        var stream = try Stream.parse(options: json(options + "}"), source: source, references: FakeReferences())
        stream.now = WallTime(epochSeconds: now)
        let world = World(services: TestServices(.seeded(Seeded(seed: seed)))) { [self] request, _ in reply(request) }
        world.epoch = now
        world.add(source)
        world.open(stream)
        world.run()
        var outcome = Outcome()
        outcome.checkpoint = checkpoint
        let pages = world.pages.prefix(most ?? world.pages.count)
        for page in pages {
            outcome.records += page.records
            outcome.checkpoint = page.facts.checkpoint?.text
            outcome.warnings += page.facts.warnings
            outcome.facts.append(page.facts)
        }
        outcome.pages = pages.count
        outcome.failure =
            world.endings.first?.failure ?? (world.endings.count == 1 ? nil : Failure(.internalFault, "no end"))
        if !world.violations.isEmpty {
            outcome.failure = Failure(.internalFault, world.violations.joined(separator: "; "))
        }
        return outcome
    }
}
