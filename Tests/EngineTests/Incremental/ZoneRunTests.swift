import EngineTestKit
import Testing

@testable import Engine

/// Servers that write local times without an offset, over the hours in which their clocks are changed: nothing is lost,
/// nothing comes twice, in whatever mode, killed or not, and whatever the server takes a text that means two times for.
@Suite struct ZoneRunTests {
    /// 2025-10-26T01:00:00Z, and 2025-03-30T01:00:00Z.
    static let autumn: Int64 = 1_761_440_400
    static let spring: Int64 = 1_743_296_400

    static let pattern = "\"format\": \"%Y-%m-%d %H:%M:%S\", \"zone\": \"Europe/Berlin\""
    static let ways = [
        "\"from\": \"since\"", "\"from\": {\"param\": \"since\", \"inclusive\": false}",
        "\"from\": \"since\", \"to\": \"until\", \"step\": \"1h\"",
        "\"from\": \"since\", \"to\": \"until\", \"step\": \"20m\"",
        "\"from\": \"since\", \"to\": {\"param\": \"until\", \"inclusive\": true}, \"step\": \"2h\", \"granularity\": \"1s\"",
        "\"from\": \"since\", \"to\": {\"param\": \"until\", \"inclusive\": true}, \"step\": \"1d\"",
        "\"from\": \"since\", \"to\": \"until\", \"step\": \"1d\", \"at_once\": 3",
        "\"from\": \"since\", \"to\": \"until\", \"end\": \"now - 10m\"", "\"from\": \"since\", \"sorted\": true",
        "\"from\": \"since\", \"to\": \"until\", \"step\": \"3h\", \"sorted\": true",
        "\"from\": \"since\", \"to\": \"until\", \"request_format\": \"iso\", \"step\": \"1h\"",
        "\"from\": \"since\", \"to\": \"until\", \"request_format\": \"%Y-%m-%d %H:%M\", \"granularity\": \"1m\"",
        "\"mode\": \"client\"", "\"mode\": \"newest_first\"",
    ]

    private func zone() throws -> Zone { try ZoneTests.zone(ZoneBytes.berlin) }

    @Test(
        arguments: [
            (0, .earlier, autumn), (1, .later, autumn), (2, .text, autumn), (3, .earlier, spring), (4, .text, spring),
        ] as [(UInt64, FeedServer.Clocks.Twice, Int64)])
    func allOfThemOnce(seed: UInt64, twice: FeedServer.Clocks.Twice, change: Int64) throws {
        for (number, way) in Self.ways.enumerated() {
            var chance = Seeded(seed: seed &* 97 &+ UInt64(number))
            let first = change - 3 * 3600
            let server = FeedServer()
            server.clocks = FeedServer.Clocks(zone: try zone(), twice: twice)
            server.suit(way, &chance)
            let paging = chance.once(in: 2) ? FeedServer.offset : FeedServer.cursor
            let start = ISO8601.format(WallTime(epochSeconds: first))
            let document = FeedServer.document(
                "\"field\": \"at\", \"start\": \"\(start)\", \"lookback\": \"5m\", \(Self.pattern), \(way)",
                paging: paging)
            var now = first
            var made = 0
            func happen(until time: Int64, from: Int64) {
                for _ in 0..<chance.below(14) {
                    let at = from + chance.below(max(1, time - from)) / 60 * 60
                    server.rows.append(.init(id: made, time: max(first, min(at, time))))
                    made += 1
                }
            }
            var checkpoint: String?
            var seen: [String] = []
            while now < change + 4 * 3600 {
                let killed = chance.once(in: 3) ? 1 + chance.below(4) : nil
                let run = try server.run(document, now: now, from: checkpoint, killedBehind: killed)
                #expect(run.failure == nil, "seed \(seed) \(way): \(String(describing: run.failure))")
                seen += run.records
                checkpoint = run.checkpoint
                if let killed, killed <= run.pages { continue }
                let then = now
                now += chance.below(7000 as Int64) + 1
                happen(until: now, from: then)
            }
            now += 100_000
            for _ in 0..<3 {
                let run = try server.run(document, now: now, from: checkpoint)
                #expect(run.failure == nil, "seed \(seed) \(way): \(String(describing: run.failure))")
                seen += run.records
                checkpoint = run.checkpoint
                now += 1000
            }
            let all = Set(server.rows.map { $0.json(server.clocks) })
            #expect(
                Set(seen).count == seen.count, "seed \(seed) \(twice) \(way): \(seen.count - Set(seen).count) twice")
            #expect(
                Set(seen) == all, "seed \(seed) \(twice) \(way): missing \(all.subtracting(seen).sorted().prefix(3))")
        }
    }

    private func ids(_ records: [String]) -> [Int] {
        records.compactMap { $0.dropFirst(6).split(separator: ",").first.flatMap { Int($0) } }
    }

    @Test func killedWithinTheHour() throws {
        let server = FeedServer()
        server.clocks = FeedServer.Clocks(zone: try zone(), twice: .text)
        // Ten minutes apart, each text of the hour twice.
        server.rows = (0..<20).map { .init(id: $0, time: Self.autumn - 5400 + Int64($0) * 600) }
        let all = Set(0..<20)
        for (way, order) in [
            ("\"from\": \"since\", \"sorted\": true", FeedServer.Order.rising),
            ("\"from\": \"since\", \"to\": \"until\", \"step\": \"1d\", \"sorted\": true", .rising),
            ("\"from\": \"since\"", .byID), ("\"mode\": \"client\"", .rising), ("\"mode\": \"newest_first\"", .falling),
        ] {
            server.order = order
            server.filters = !way.contains("mode")
            let document = FeedServer.document(
                "\"field\": \"at\", \"start\": \"2025-10-25\", \(Self.pattern), \(way)", paging: FeedServer.cursor)
            for kill in 1..<7 {
                let first = try server.run(document, now: Self.autumn + 10_000, killedBehind: kill)
                let rest = try server.run(document, now: Self.autumn + 11_000, from: first.checkpoint)
                #expect(first.failure == nil && rest.failure == nil, "\(way), \(kill)")
                let told = ids(first.records + rest.records)
                #expect(Set(told) == all, "\(way), killed behind \(kill): missing \(all.subtracting(told).sorted())")
                #expect(told.count == 20, "\(way), killed behind \(kill): \(told)")
            }
        }
    }

    /// A start in the hour that comes twice is taken for its beginning: too much is told, nothing too little.
    @Test func startsWithinTheHour() throws {
        for way in ["\"from\": \"since\"", "\"mode\": \"client\"", "\"mode\": \"newest_first\""] {
            for start in ["2025-10-26T00:40:00Z", "2025-10-26 02:40:00", "2025-10-26T01:40:00Z"] {
                let server = FeedServer()
                server.clocks = FeedServer.Clocks(zone: try zone(), twice: .text)
                server.filters = !way.contains("mode")
                server.order = .falling
                // Two show the hour for the first time, two for the second, one lies behind it.
                server.rows = [-3600, -600, 1200, 3000, 4000].enumerated().map {
                    .init(id: $0.offset, time: Self.autumn + $0.element)
                }
                server.rows.append(.init(id: 9, time: Self.autumn - 3700))
                let run = try server.run(
                    FeedServer.document("\"field\": \"at\", \"start\": \"\(start)\", \(Self.pattern), \(way)"),
                    now: Self.autumn + 10_000)
                #expect(Set(ids(run.records)) == [0, 1, 2, 3, 4], "\(way) \(start): \(ids(run.records))")
            }
        }
    }

    /// Up to and with that very text, which some take for the first of two times.
    @Test(arguments: ["1s", "30m", "1h"]) func inclusiveEnds(granularity: String) throws {
        let plan = try #require(
            try stream(
                "\"incremental\": {\"field\": \"at\", \"from\": \"since\", \"to\": {\"param\": \"b\", \"inclusive\": true}, \"granularity\": \"\(granularity)\", \(Self.pattern)}"
            ).incremental)
        let end = plan.written(.time(try ZoneTests.time("2025-10-26T02:00:00Z")), .end).shown
        #expect(end == "2025-10-26 03:00:00")
        let leap = plan.written(.time(try ZoneTests.time("2025-03-30T01:00:00Z")), .end).shown
        #expect(leap >= "2025-03-30 01:00:00" && leap <= "2025-03-30 03:00:00" && !leap.hasPrefix("2025-03-30 02"))
    }

    /// Without steps, what is asked for is exactly what is new, but for the hour that comes twice.
    @Test func whatRequestsSay() throws {
        let server = FeedServer()
        server.clocks = FeedServer.Clocks(zone: try zone(), twice: .text)
        server.rows = [.init(id: 1, time: Self.autumn - 600), .init(id: 2, time: Self.autumn + 600)]
        let document = FeedServer.document(
            "\"field\": \"at\", \"from\": \"since\", \"to\": \"until\", \"start\": \"2025-10-26\", \(Self.pattern)")
        let first = try server.run(document, now: Self.autumn + 1200)
        #expect(server.targets == ["/v1/feed?since=2025-10-26%2000:00:00&until=2025-10-26%2003:00:00&offset=0"])
        #expect(first.records.count == 2)
        server.targets = []
        server.rows.append(.init(id: 3, time: Self.autumn + 900))
        let second = try server.run(document, now: Self.autumn + 7200, from: first.checkpoint)
        #expect(server.targets == ["/v1/feed?since=2025-10-26%2001:59:59&until=2025-10-26%2004:00:00&offset=0"])
        #expect(second.records.count == 1)
        // Instants, which hang on no table.
        #expect(second.checkpoint?.contains("\"value\":\"2025-10-26T00:50:00Z\"") == true)
    }

    @Test func daysAndMonthsAreThoseOfThePlace() throws {
        let server = FeedServer()
        server.clocks = FeedServer.Clocks(zone: try zone(), twice: .text)
        for (step, windows) in [
            ("1d", ["03-29&until=2025-03-30", "03-30&until=2025-03-31", "03-31&until=2025-04-01"]),
            ("1 month", ["03-29&until=2025-04-01"]),
        ] {
            server.targets = []
            let document = FeedServer.document(
                "\"field\": \"at\", \"from\": \"since\", \"to\": \"until\", \"start\": \"2025-03-29\", \"end\": \"2025-04-01\", \"step\": \"\(step)\", \"format\": [\"%Y-%m-%d %H:%M:%S\", \"date\"], \"request_format\": \"date\", \"zone\": \"Europe/Berlin\""
            )
            let run = try server.run(document, now: Self.spring + 20 * 86_400)
            #expect(run.failure == nil)
            #expect(server.targets == windows.map { "/v1/feed?since=2025-\($0)&offset=0" })
        }
    }

    @Test func datesInAWeekOfChange() throws {
        let plan = try #require(
            try stream(
                "\"incremental\": {\"field\": \"at\", \"from\": {\"param\": \"a\", \"inclusive\": false}, \"to\": \"b\", \"request_format\": \"date\", \"zone\": \"Europe/Berlin\"}"
            ).incremental)
        func written(_ text: String, _ side: IncrementalPlan.Side) throws -> String {
            plan.written(.time(try ZoneTests.time(text)), side).shown
        }
        // Of a day with 25 hours, nothing is left out at either end.
        #expect(try written("2025-10-26T22:30:00Z", .start) == "2025-10-25")
        #expect(try written("2025-10-26T23:00:00Z", .start) == "2025-10-26")
        #expect(try written("2025-10-26T02:00:00Z", .end) == "2025-10-27")
        #expect(try written("2025-10-26T22:59:59Z", .end) == "2025-10-27")
        #expect(try written("2025-10-26T23:00:00Z", .end) == "2025-10-27")
        #expect(try written("2025-03-30T01:00:00Z", .end) == "2025-03-31")
        #expect(try written("2025-03-29T23:00:00Z", .end) == "2025-03-30")
    }

    @Test func theNameIsExplainedAndMarked() throws {
        let members = "\"incremental\": {\"field\": \"at\", \"from\": \"since\", \"zone\": "
        let named = try stream(members + "\"Europe/Berlin\"}")
        let sentences = IncrementalExplanation(plan: try #require(named.incremental)).sentences
        #expect(sentences.contains { $0.hasPrefix("times without a zone are by the clocks of Europe/Berlin") })
        let offset = try stream(members + "\"+01:00\"}")
        #expect(
            IncrementalExplanation(plan: try #require(offset.incremental)).sentences
                .contains("times without a zone are +01:00 of UTC"))
        #expect(named.outline != offset.outline)
    }

    /// New rules for the place, between two parts of one run.
    @Test func checkpointsHangOnTheNameAlone() throws {
        let document =
            "\"streams\": {\"s\": {\"path\": \"/s\", \"incremental\": {\"field\": \"at\", \"from\": \"since\", \"zone\": \"Europe/Berlin\"}}}"
        var other = FakeReferences.usual
        other.zones["Europe/Berlin"] = ZoneBytes.file(footer: "CET-1")
        let (one, two) = (try source(document), try source(document, references: other))
        #expect(one.streams[0].incremental?.zone.table?.starts.isEmpty == false)
        #expect(two.streams[0].incremental?.zone.table?.starts.isEmpty == true)
        #expect(DocumentMarks(one.streams[0], one) == DocumentMarks(two.streams[0], two))
        // Shared by streams of one source.
        #expect(one.context.zones.count == 1)
    }
}
