import EngineTestKit
import Testing

@testable import Engine

/// Limits that tell requests apart, as a client keeps them.
@Suite struct ClientClassTests {
    static func source(_ limits: String, _ streams: String) throws -> Source {
        try EngineTests.source("\"limits\": \(limits), \"streams\": {\(streams)}")
    }

    static func world(_ source: Source, latency: Timespan = .zero, pages: Int = 5) -> World {
        var served: [String: Int] = [:]
        let world = World { request, _ in
            let path = String(request.url.split(separator: "?")[0])
            served[path, default: 0] += 1
            let next = served[path] == pages ? "null" : "\"\(served[path] ?? 0)\""
            return .json("{\"data\":[\(served[path] ?? 0)],\"next_cursor\":\(next)}", latency: latency)
        }
        world.add(source)
        for (index, stream) in source.streams.enumerated() { world.open(stream, walk: UInt64(index) + 1) }
        return world
    }

    static func times(_ world: World, _ path: String) -> [Int64] {
        let all = world.sent.filter { $0.request.url.contains(path) }
        return all.map { ($0.at - (world.sent.first?.at ?? $0.at)).milliseconds }
    }

    @Test func slowClassHoldsNoOtherUp() throws {
        let source = try Self.source(
            #"[{"requests": 1, "per": "10s", "for": {"paths": ["/search/*"]}}, {"requests": 10, "per": "1s"}]"#,
            #""search": {"path": "/search/x", "pagination": "cursor"}, "users": {"path": "/users", "pagination": "cursor"}"#
        )
        let world = Self.world(source)
        world.run()
        #expect(world.succeeded)
        #expect(Self.times(world, "/search") == [0, 10_000, 20_000, 30_000, 40_000])
        #expect(Self.times(world, "/users") == [0, 0, 0, 0, 0])
    }

    /// Nor when it had to wait for what all share, and now waits for its own.
    @Test(arguments: [
        #"{"requests": 10, "per": "1s"}"#, #"{"spacing": "100ms"}"#, #"{"concurrent": 1}"#,
        #"{"requests": 10, "per": "1s", "burst": 1}"#,
    ])
    func slowClassThatWaitedForAllHoldsNoOtherUp(shared: String) throws {
        let source = try Self.source(
            #"[{"requests": 1, "per": "10s", "for": {"paths": ["/search/*"]}}, \#(shared)]"#,
            #""search": {"path": "/search/x", "pagination": "cursor"}, "users": {"path": "/users", "pagination": "cursor"}, "things": {"path": "/things", "pagination": "cursor"}"#
        )
        let world = Self.world(source, latency: .milliseconds(shared.contains("concurrent") ? 99 : 1), pages: 300)
        world.run(for: .seconds(30))
        #expect(Self.times(world, "/search").count == 3 || Self.times(world, "/search").count == 4)
        let others = Self.times(world, "/users").count + Self.times(world, "/things").count
        #expect(others >= 275, "\(others) in 30 s")
    }

    /// Who has to wait for the server, and not for a limit of the document, waits in the same line.
    @Test(arguments: ["\"1000/s\"", #"{"concurrent": "auto", "at_most": 1}"#])
    func everybodyHasATurnAtWhatTheServerGives(limits: String) throws {
        let streams = ["a", "b", "c"]
        let source = try Self.source(
            limits, streams.map { "\"\($0)\": {\"path\": \"/\($0)\", \"pagination\": \"page\"}" }.joined(separator: ",")
        )
        var (window, used, serial) = (-1 as Int64, 0, 0)
        let world = World { _, sent in
            if sent.at.nanoseconds / 10_000_000_000 != window {
                (window, used) = (sent.at.nanoseconds / 10_000_000_000, 0)
            }
            used += 1
            serial += 1
            let left = 10 - sent.at.nanoseconds / 1_000_000_000 % 10
            let told = [
                ("X-RateLimit-Limit", "10"), ("X-RateLimit-Remaining", "\(max(0, 10 - used))"),
                ("X-RateLimit-Reset", "\(left)"),
            ]
            return .json("[\(serial)]", headers: limits.contains("auto") ? [] : told, latency: .milliseconds(50))
        }
        world.add(source)
        for (index, stream) in source.streams.enumerated() { world.open(stream, walk: UInt64(index) + 1) }
        world.run(for: .seconds(200))
        let counts = streams.map { name in
            world.sent.filter { $0.request.url.contains("/\(name)?") || $0.request.url.hasSuffix("/\(name)") }.count
        }
        #expect((counts.min() ?? 0) > 30, "\(counts)")
        #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 20, "\(counts)")
    }

    /// The three pipelines of the closing exercise, in one document.
    @Test func everyStreamHasAPaceOfItsOwn() throws {
        let source = try Self.source(
            """
            [{"requests": 10, "per": "1s", "burst": 50, "for": {"streams": ["users"]}},
             {"requests": 5, "per": "1s", "burst": 20, "for": {"streams": ["transactions"]}},
             {"requests": 20, "per": "1s", "burst": 100, "for": {"streams": ["events"]}}]
            """,
            """
            "users": {"path": "/users", "pagination": "cursor"},
            "transactions": {"path": "/transactions", "pagination": "cursor"},
            "events": {"path": "/events", "pagination": "cursor"}
            """)
        let world = Self.world(source, pages: 150)
        world.run()
        #expect(world.succeeded, "\(world.endings.map(\.failure))")
        for (path, burst, last) in [("/users", 50, 10_000), ("/transactions", 20, 26_000), ("/events", 100, 2_500)] {
            let times = Self.times(world, path)
            guard times.count == 150 else { continue }
            #expect(times.prefix(burst).allSatisfy { $0 == 0 } && times[burst] > 0, "\(path)")
            #expect(times.last == Int64(last), "\(path)")
        }
    }

    @Test func eachStreamHasItsOwnBudget() throws {
        let source = try Self.source(
            #"[{"requests": 1, "per": "1s", "each": "stream"}]"#,
            #""a": {"path": "/one", "pagination": "cursor"}, "b": {"path": "/two", "pagination": "cursor"}"#)
        let world = Self.world(source)
        world.run()
        for path in ["/one", "/two"] { #expect(Self.times(world, path) == [0, 1000, 2000, 3000, 4000]) }
    }

    @Test func highPriorityGoesFirstAndLowDoesNotStarve() throws {
        let source = try Self.source(
            #"[{"requests": 1, "per": "1s"}]"#,
            """
            "low": {"path": "/low", "pagination": "cursor", "priority": "low"},
            "high": {"path": "/high", "pagination": "cursor", "priority": "high"}
            """)
        let world = Self.world(source, pages: 40)
        world.run(for: .seconds(34))
        #expect(Self.times(world, "/high").count == 33)
        #expect(Self.times(world, "/low").count == 2)
    }

    @Test func writesWaitForWritesAndReadsForReads() throws {
        var source = try Self.source(
            """
            [{"requests": 2, "per": "1s", "for": {"methods": ["POST"]}},
             {"requests": 10, "per": "1s", "for": {"methods": ["GET"]}}]
            """, "")
        source.retry.maxAttempts = 1
        let world = World { _, _ in .json("{}") }
        world.add(source)
        for walk in 1...40 as ClosedRange<UInt64> {
            var request = RequestPlan()
            request.method = walk <= 10 ? "POST" : "GET"
            request.path = "/things"
            world.open(Engine.Stream(name: "", request: request), walk: walk, isCall: true)
        }
        world.run()
        #expect(world.succeeded)
        let start = world.sent[0].at
        let writes = world.sent.filter { $0.request.method == "POST" }.map { ($0.at - start).milliseconds }
        let reads = world.sent.filter { $0.request.method == "GET" }.map { ($0.at - start).milliseconds }
        #expect(writes == [0, 0, 1000, 1000, 2000, 2000, 3000, 3000, 4000, 4000])
        #expect(reads.count == 30 && reads.last == 2000)
    }

    /// 1000 points in 20 s; ten are expected, the answers say four.
    @Test func costIsWhatTheResponseSays() throws {
        for place in [#"{"body": "cost.actual"}"#, #"{"header": "X-Cost"}"#] {
            let source = try Self.source(
                #"[{"points": 40, "per": "20s"}]"#,
                """
                "s": {"path": "/s", "pagination": "cursor", "records": "data", "cost": {"estimate": 10, "actual": \(place)}}
                """)
            var page = 0
            let world = World { _, _ in
                page += 1
                return .json(
                    "{\"data\":[\(page)],\"next_cursor\":\"\(page)\",\"cost\":{\"actual\":4.0}}",
                    headers: [("X-Cost", "4")])
            }
            world.add(source)
            world.open(source.streams[0])
            world.run(for: .seconds(19))
            // Eight times four leave room for four more, but not for the ten that are expected.
            #expect(world.sent.count == 8, "\(place)")
            #expect(world.violations.isEmpty)
        }
    }

    @Test func refusalOfOneClassPausesThatClassOnly() throws {
        let source = try Self.source(
            #"[{"requests": 100, "per": "1s", "for": {"paths": ["/search"]}}]"#,
            #""search": {"path": "/search", "pagination": "none"}, "users": {"path": "/users", "pagination": "none"}"#)
        var refused = false
        let world = World { request, _ in
            if request.url.contains("/search"), !refused {
                refused = true
                return .status(429, [("Retry-After", "30")])
            }
            return .json("[1]")
        }
        world.add(source)
        world.open(source.streams[0], walk: 1)
        world.run(for: .milliseconds(1))
        world.open(source.streams[1], walk: 2)
        world.run()
        #expect(world.succeeded)
        #expect(Self.times(world, "/users").allSatisfy { $0 < 10 })
        #expect(Self.times(world, "/search").last ?? 0 >= 30_000)
    }

    @Test func costAboveTheSharedLimitEndsWithAnError() throws {
        let source = try Self.source("\"10/s\"", #""s": {"path": "/s", "cost": 50}"#)
        let world = World { _, _ in .json("[]") }
        world.shared = Limiter(try LimitPlan.parse(json(#"{"points": 40, "per": "1m"}"#)))
        world.add(source)
        world.open(source.streams[0])
        world.run()
        #expect(world.sent.isEmpty)
        #expect(world.failure?.code == .config)
        #expect(world.failure?.message.contains("costs 50 points") == true)
        #expect(world.shared?.isAwaited == false)
    }

    @Test func manyKindsOfRequestsDoNotPileUp() throws {
        let source = try Self.source(#"[{"requests": 1000, "per": "1s", "each": "stream"}]"#, "")
        let world = World { _, _ in .json("{}") }
        world.add(source)
        for walk in 1...200 as ClosedRange<UInt64> {
            var request = RequestPlan()
            request.path = "/x"
            request.cost.estimate = Int64(walk)
            world.open(Engine.Stream(name: "", request: request), walk: walk, isCall: true)
            world.run()
        }
        #expect(world.succeeded)
        #expect(world.clients[0].ready.lanes.count <= 66)
    }
}
