import EngineTestKit
import Testing

@testable import Engine

/// Streams read incrementally, run after run, on the virtual clock.
@Suite struct IncrementalTests {
    static let base = FeedServer.base
    static let day: Int64 = 86_400
    static func rows(_ times: [Int64]) -> [FeedServer.Row] {
        times.enumerated().map { FeedServer.Row(id: $0.offset, time: base + $0.element) }
    }
    static let plain = "\"field\": \"at\", \"from\": \"since\", \"start\": \"2024-01-01\""

    private func ids(_ records: [String]) -> [Int] {
        records.compactMap { record in
            record.split(separator: ",").first.flatMap { $0.split(separator: ":").last }.flatMap { Int($0) }
        }
    }

    @Test func theNextRunBeginsAtTheHighestValue() throws {
        let server = FeedServer()
        server.rows = Self.rows([0, 10, 20, 30, 40])
        let document = FeedServer.document(Self.plain)
        let first = try server.run(document, now: Self.base + 100)
        #expect(first.failure == nil && ids(first.records) == [0, 1, 2, 3, 4])
        #expect(server.targets.first == "/v1/feed?since=2024-01-01T00:00:00Z&offset=0")
        server.rows += [FeedServer.Row(id: 5, time: Self.base + 150), FeedServer.Row(id: 6, time: Self.base + 40)]
        server.targets = []
        let second = try server.run(document, now: Self.base + 200, from: first.checkpoint)
        #expect(second.failure == nil, "\(String(describing: second.failure))")
        // The one at the boundary that is new comes, the one that came before does not.
        #expect(ids(second.records) == [6, 5])
        #expect(server.targets.first == "/v1/feed?since=2024-01-01T00:00:40Z&offset=0")
        let third = try server.run(document, now: Self.base + 300, from: second.checkpoint)
        #expect(third.failure == nil && third.records.isEmpty && third.pages == 1)
    }

    @Test func highestSeenNeverLastSeen() throws {
        let server = FeedServer()
        server.order = .byID
        server.rows = Self.rows([0, 90, 20, 30])
        let document = FeedServer.document(Self.plain)
        let first = try server.run(document, now: Self.base + 100)
        server.targets = []
        _ = try server.run(document, now: Self.base + 200, from: first.checkpoint)
        #expect(server.targets.first == "/v1/feed?since=2024-01-01T00:01:30Z&offset=0")
    }

    @Test func changedRecordsComeAgainUnchangedOnesDoNot() throws {
        let server = FeedServer()
        server.rows = Self.rows([0, 10, 10])
        let document = FeedServer.document(Self.plain + ", \"lookback\": \"1m\"", more: ", \"key\": \"id\"")
        let first = try server.run(document, now: Self.base + 100)
        server.rows[0].content = 1
        let second = try server.run(document, now: Self.base + 200, from: first.checkpoint)
        #expect(second.failure == nil, "\(String(describing: second.failure))")
        // 50 s before the beginning: the look-back reaches it, and it is clipped at nothing.
        #expect(second.records == [server.rows[0].json])
        #expect(second.facts.first?.duplicates == 2)
    }

    @Test func lateRecordsWithinTheLookBack() throws {
        let server = FeedServer()
        server.rows = Self.rows([0, 1000, 2000])
        let document = FeedServer.document(Self.plain + ", \"lookback\": \"10m\"")
        let first = try server.run(document, now: Self.base + 2100)
        server.rows.append(FeedServer.Row(id: 9, time: Self.base + 1500))
        let second = try server.run(document, now: Self.base + 2200, from: first.checkpoint)
        #expect(ids(second.records) == [9])
        let third = try server.run(document, now: Self.base + 2300, from: second.checkpoint)
        #expect(third.records.isEmpty)
    }

    /// A record that is dated 2099 must not keep everything else away for ever.
    @Test func theFutureMovesNothing() throws {
        let server = FeedServer()
        server.rows = Self.rows([0, 10]) + [FeedServer.Row(id: 99, time: Self.base + 80 * 365 * Self.day)]
        let document = FeedServer.document(Self.plain)
        let first = try server.run(document, now: Self.base + 100)
        #expect(ids(first.records) == [0, 1, 99])
        server.rows.append(FeedServer.Row(id: 5, time: Self.base + 150))
        let second = try server.run(document, now: Self.base + 200, from: first.checkpoint)
        #expect(ids(second.records) == [5])
    }

    /// A first run that finds nothing leaves no hole before the second.
    @Test func anEmptyFirstRunIsRememberedWhereItBegan() throws {
        let server = FeedServer()
        let document = FeedServer.document("\"field\": \"at\", \"from\": \"since\"")
        let first = try server.run(document, now: Self.base)
        #expect(server.targets == ["/v1/feed?since=2023-12-31T00:00:00Z&offset=0"])
        server.rows = [FeedServer.Row(id: 1, time: Self.base + Self.day)]
        let second = try server.run(document, now: Self.base + 5 * Self.day, from: first.checkpoint)
        #expect(ids(second.records) == [1])
    }

    /// On the first of January 2024.
    private static func httpDate(_ epoch: Int64) -> String {
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let second = epoch - base
        return "Mon, 01 Jan 2024 \(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60)) GMT"
    }

    /// The server's clock is an hour ahead, or behind: its `Date` says so, and no record is lost or doubled for it.
    @Test(arguments: [3600, -3600] as [Int64]) func clocksThatDisagree(ahead: Int64) throws {
        let server = FeedServer()
        server.rows = Self.rows([0, 40, 100 + max(0, ahead)])
        let document = FeedServer.document(Self.plain)
        var (told, checkpoint): ([Int], String?) = ([], nil)
        for run in 1...4 as ClosedRange<Int64> {
            let now = Self.base + 7200 + run * 100
            server.date = Self.httpDate(now + ahead)
            // What has come about since, by the server's clock.
            server.rows.append(FeedServer.Row(id: 10 + Int(run), time: now + ahead - 5))
            let outcome = try server.run(document, now: now, from: checkpoint)
            #expect(outcome.failure == nil, "\(String(describing: outcome.failure))")
            told += ids(outcome.records)
            checkpoint = outcome.checkpoint
        }
        #expect(told.sorted() == server.rows.map(\.id).sorted())
        // The world began a second before.
        #expect(checkpoint?.contains("\"skew\":\(1 - ahead)") == true)
    }

    /// Windows end where the server's clock is: from the second run on also where that is ahead.
    @Test func windowsEndAtTheServersNow() throws {
        let server = FeedServer()
        let document = FeedServer.document(
            "\"field\": \"at\", \"from\": \"since\", \"to\": {\"param\": \"until\"}, \"start\": \"2024-01-01\", \"step\": \"1h\""
        )
        var (told, checkpoint): ([Int], String?) = ([], nil)
        for run in 1...3 as ClosedRange<Int64> {
            let now = Self.base + run * 3000
            server.date = Self.httpDate(now + 7200)
            server.rows.append(FeedServer.Row(id: Int(run), time: now + 7100))
            let outcome = try server.run(document, now: now, from: checkpoint)
            told += ids(outcome.records)
            checkpoint = outcome.checkpoint
            guard run > 1 else { continue }
            #expect(told.sorted() == server.rows.map(\.id).sorted(), "run \(run): \(server.targets.suffix(3))")
        }
    }

    // MARK: windows

    @Test func calendarWindowsInTheirOrder() throws {
        let server = FeedServer()
        server.rows = Self.rows((0..<100).map { $0 * Self.day })
        let document = FeedServer.document(
            "\"field\": \"at\", \"from\": \"since\", \"to\": {\"param\": \"until\", \"format\": \"date\"}, \"start\": \"2024-01-31\", \"step\": \"1 month\""
        )
        let run = try server.run(document, now: Self.base + 99 * Self.day + 5)
        #expect(run.failure == nil, "\(String(describing: run.failure))")
        #expect(ids(run.records) == Array(30..<100))
        let windows = server.targets.filter { $0.hasSuffix("offset=0") }
        #expect(
            windows == [
                "/v1/feed?since=2024-01-31T00:00:00Z&until=2024-02-29&offset=0",
                "/v1/feed?since=2024-02-29T00:00:00Z&until=2024-03-31&offset=0",
                "/v1/feed?since=2024-03-31T00:00:00Z&until=2024-04-10&offset=0",
            ])
        #expect(
            run.facts.first?.over.boundText
                == ", window.start \"2024-01-31T00:00:00Z\", window.end \"2024-02-29T00:00:00Z\"")
    }

    /// Whatever the API's operators and its rounding: each record in one window, and once.
    @Test(arguments: [true, false], [true, false])
    func operatorsAndRounding(startIncluded: Bool, endIncluded: Bool) throws {
        for resolution: Int64 in [1, 60] {
            for format in ["iso", "iso_ms", "epoch_s"] {
                let server = FeedServer()
                server.isStartInclusive = startIncluded
                server.isEndInclusive = endIncluded
                server.resolution = resolution
                server.rows = Self.rows((0..<60).map { $0 * 60 })
                let granularity = resolution == 60 ? ", \"granularity\": \"1m\"" : ""
                let document = FeedServer.document(
                    "\"field\": \"at\", \"from\": {\"param\": \"since\", \"inclusive\": \(startIncluded)}, \"to\": {\"param\": "
                        + "\"until\", \"inclusive\": \(endIncluded)}, \"start\": \"2024-01-01\", \"step\": \"10m\", "
                        + "\"request_format\": \"\(format)\"\(granularity)")
                let run = try server.run(document, now: Self.base + 3600)
                #expect(run.failure == nil)
                #expect(ids(run.records) == Array(0..<60), "\(resolution) \(format) \(server.targets.prefix(3))")
                server.rows.append(FeedServer.Row(id: 100, time: Self.base + 59 * 60))
                server.rows.append(FeedServer.Row(id: 101, time: Self.base + 61 * 60))
                let next = try server.run(document, now: Self.base + 7200, from: run.checkpoint)
                #expect(Set(ids(next.records)) == [100, 101], "\(resolution) \(format)")
                #expect(next.records.count == 2)
            }
        }
    }

    @Test func windowsOfNumbers() throws {
        let server = FeedServer()
        server.rows = (0..<50).map { FeedServer.Row(id: $0, time: Int64($0 * 7)) }
        let document = FeedServer.document(
            "\"field\": \"n\", \"type\": \"number\", \"from\": \"since\", \"to\": \"until\", \"start\": 0, \"end\": 400, \"step\": 100"
        )
        let run = try server.run(document, now: Self.base)
        #expect(run.failure == nil && ids(run.records) == Array(0..<50), "\(String(describing: run.failure))")
        #expect(server.targets.filter { $0.hasSuffix("offset=0") }.count == 4)
        #expect(server.targets[0] == "/v1/feed?since=0&until=100&offset=0")
    }

    @Test func severalWindowsAtOnceStayInOrder() throws {
        let server = FeedServer()
        server.rows = Self.rows((0..<48).map { $0 * 3600 })
        let document = FeedServer.document(
            "\"field\": \"at\", \"from\": \"since\", \"to\": \"until\", \"start\": \"2024-01-01\", \"step\": \"6h\", \"at_once\": 4"
        )
        let run = try server.run(document, now: Self.base + 2 * Self.day)
        #expect(run.failure == nil && ids(run.records) == Array(0..<48))
    }

    // MARK: modes

    @Test func newestFirstStopsAtTheOld() throws {
        let server = FeedServer()
        server.filters = false
        server.order = .falling
        server.rows = Self.rows((0..<30).map { $0 * 60 })
        let document = FeedServer.document("\"field\": \"at\", \"mode\": \"newest_first\"", paging: FeedServer.cursor)
        let first = try server.run(document, now: Self.base + 3600)
        #expect(first.records.count == 30)
        server.rows += [
            FeedServer.Row(id: 50, time: Self.base + 4000), FeedServer.Row(id: 51, time: Self.base + 29 * 60),
        ]
        server.requests = 0
        let second = try server.run(document, now: Self.base + 7200, from: first.checkpoint)
        #expect(ids(second.records) == [50, 51])
        #expect(server.requests == 2)
        #expect(second.facts.last?.filtered ?? 0 > 0)
    }

    @Test func filteredAtTheClientAndRemembered() throws {
        for mode in ["client", "remember"] {
            let server = FeedServer()
            server.filters = false
            server.order = .byID
            server.rows = Self.rows([50, 20, 90, 10])
            let document = FeedServer.document("\"field\": \"at\", \"mode\": \"\(mode)\"")
            let first = try server.run(document, now: Self.base + 3600)
            #expect(ids(first.records) == [0, 1, 2, 3])
            server.rows.append(FeedServer.Row(id: 4, time: Self.base + 95))
            let second = try server.run(document, now: Self.base + 7200, from: first.checkpoint)
            // What is only remembered keeps back what is known to have come, and no more.
            #expect(ids(second.records) == (mode == "client" ? [4] : [0, 1, 3, 4]))
        }
    }

    // MARK: killed

    @Test func killedBehindEachPage() throws {
        let server = FeedServer()
        server.rows = Self.rows((0..<40).map { $0 * 1000 })
        for (incremental, paging) in [
            (Self.plain, FeedServer.offset), (Self.plain, FeedServer.cursor),
            (Self.plain + ", \"to\": \"until\", \"step\": \"2h\"", FeedServer.offset),
            (Self.plain + ", \"to\": \"until\", \"step\": \"2h\", \"at_once\": 3", FeedServer.cursor),
            (Self.plain + ", \"sorted\": true", FeedServer.cursor),
            (Self.plain + ", \"to\": \"until\", \"step\": \"3h\", \"sorted\": true", FeedServer.offset),
        ] {
            let document = FeedServer.document(incremental, paging: paging)
            let whole = try server.run(document, now: Self.base + 50_000)
            #expect(whole.failure == nil && whole.records.count == 40, "\(incremental)")
            for kill in 1..<whole.pages {
                let first = try server.run(document, now: Self.base + 50_000, killedBehind: kill)
                let rest = try server.run(document, now: Self.base + 60_000, from: first.checkpoint)
                #expect(rest.failure == nil, "\(kill): \(String(describing: rest.failure))")
                #expect(first.records + rest.records == whole.records, "\(incremental), killed behind page \(kill)")
                // And the run behind that one finds nothing.
                let next = try server.run(document, now: Self.base + 70_000, from: rest.checkpoint)
                #expect(next.failure == nil && next.records.isEmpty, "\(kill) \(ids(next.records))")
            }
        }
    }

    // MARK: parents

    static let children =
        "\"streams\": {\"parents\": {\"path\": \"/parents\", \"records\": \"data\", \"pagination\": \"none\"}, \"feed\": {\"path\": "
        + "\"/parents/{p}/feed\", \"records\": \"data\", \(FeedServer.offset), \"over\": {\"stream\": \"parents\", \"key\": \"id\", "
        + "\"as\": \"p\"}, \"incremental\": {\"field\": \"at\", \"from\": \"since\", \"to\": \"until\", \"start\": \"2024-01-01\", "
        + "\"step\": \"1d\"}}}"

    @Test func eachParentHasItsOwnHighestValue() throws {
        let server = FeedServer()
        server.rows = [
            .init(id: 1, time: Self.base + 10, parent: 1), .init(id: 2, time: Self.base + 100_000, parent: 2),
            .init(id: 3, time: Self.base + 20, parent: 3),
        ]
        let first = try server.run(Self.children, now: Self.base + 2 * Self.day)
        #expect(first.failure == nil, "\(String(describing: first.failure))")
        #expect(Set(ids(first.records)) == [1, 2, 3])
        // Late for parent 2, whose highest value is higher; not for 1.
        server.rows.append(.init(id: 4, time: Self.base + 50_000, parent: 1))
        server.targets = []
        let second = try server.run(Self.children, now: Self.base + 3 * Self.day, from: first.checkpoint)
        #expect(second.failure == nil, "\(String(describing: second.failure))")
        #expect(ids(second.records) == [4], "\(server.targets)")
        #expect(
            server.targets.contains("/v1/parents/1/feed?since=2024-01-01T00:00:10Z&until=2024-01-02T00:00:10Z&offset=0")
        )
        #expect(
            server.targets.contains("/v1/parents/2/feed?since=2024-01-02T03:46:40Z&until=2024-01-03T03:46:40Z&offset=0")
        )
    }

    @Test func overParentsKilledBehindEachPage() throws {
        let server = FeedServer()
        server.rows = (0..<24).map { .init(id: $0, time: Self.base + Int64($0) * 5000, parent: $0 % 3 + 1) }
        let whole = try server.run(Self.children, now: Self.base + 2 * Self.day)
        #expect(whole.records.count == 24)
        for kill in 1..<whole.pages {
            let first = try server.run(Self.children, now: Self.base + 2 * Self.day, killedBehind: kill)
            let rest = try server.run(Self.children, now: Self.base + 3 * Self.day, from: first.checkpoint)
            #expect(rest.failure == nil, "\(kill): \(String(describing: rest.failure))")
            #expect(first.records + rest.records == whole.records, "killed behind page \(kill)")
            let next = try server.run(Self.children, now: Self.base + 4 * Self.day, from: rest.checkpoint)
            #expect(next.failure == nil && next.records.isEmpty, "\(kill)")
        }
    }

    @Test func parentsReadIncrementally() throws {
        let server = FeedServer()
        server.rows = Self.rows([0, 10, 20])
        let document =
            "\"streams\": {\"feed\": {\"path\": \"/feed\", \"records\": \"data\", \(FeedServer.offset), \"incremental\": {\(Self.plain)}}, "
            + "\"notes\": {\"path\": \"/parents/{f}/notes\", \"records\": \"data\", \"pagination\": \"none\", \"over\": "
            + "{\"stream\": \"feed\", \"key\": \"id\", \"as\": \"f\"}}}"
        let first = try server.run(document, now: Self.base + 100, stream: "notes")
        #expect(first.failure == nil && first.pages == 3, "\(String(describing: first.failure))")
        server.rows.append(FeedServer.Row(id: 7, time: Self.base + 150))
        server.targets = []
        let second = try server.run(document, now: Self.base + 200, from: first.checkpoint, stream: "notes")
        #expect(second.failure == nil, "\(String(describing: second.failure))")
        #expect(server.targets.filter { $0.contains("/notes") } == ["/v1/parents/7/notes"], "\(server.targets)")
    }

    // MARK: shifting data

    /// Rows come and go while it pages: those that are there throughout are there, once.
    @Test(arguments: 0..<20) func shiftingData(seed: UInt64) throws {
        for (incremental, paging) in [
            (Self.plain, FeedServer.cursor),
            (
                "\"field\": \"at\", \"from\": \"since\", \"to\": \"until\", \"start\": \"2024-01-01\", \"step\": \"10m\"",
                FeedServer.cursor
            ),
        ] {
            var chance = Seeded(seed: seed)
            let server = FeedServer()
            server.rows = Self.rows((0..<60).map { _ in chance.below(3600 as Int64) })
            server.happens = { server, number in
                guard number > 0 else { return }
                if let index = server.rows.indices.randomElement(using: &chance), server.rows[index].id < 60,
                    server.rows[index].id % 3 == 0
                {
                    server.gone.append(server.rows.remove(at: index))
                }
                server.rows.append(.init(id: 1000 + number, time: Self.base + chance.below(3600 as Int64)))
            }
            let run = try server.run(
                FeedServer.document(incremental, paging: paging, more: ", \"key\": \"id\""), now: Self.base + 3601,
                seed: seed)
            #expect(run.failure == nil, "seed \(seed): \(String(describing: run.failure))")
            let seen = ids(run.records)
            #expect(Set(seen).count == seen.count)
            let throughout = Set(0..<60).filter { $0 % 3 != 0 }
            let missing = throughout.subtracting(seen)
            #expect(missing.isEmpty, "seed \(seed): \(missing)")
        }
    }
}
