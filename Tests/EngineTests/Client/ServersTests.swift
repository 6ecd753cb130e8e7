import EngineTestKit
import Testing

@testable import Engine

/// What a client makes of servers that fail, and of what they say of their limits.
@Suite struct ServersTests {
    static func source(_ change: (inout Source) -> Void = { _ in }) throws -> Source {
        var source = try Make.source()
        source.retry.maxAttempts = 1
        source.breaker.jitterPercent = 0
        change(&source)
        return source
    }

    /// Single calls to `/things`, one after the other, at these times.
    static func calls(_ world: World, _ count: Int, from first: UInt64 = 1) throws {
        for walk in first..<(first + UInt64(count)) {
            world.open(try Make.stream(records: nil), walk: walk, isCall: true)
            world.run(for: .seconds(10))
        }
    }

    // MARK: breaker

    @Test func fiveFailuresInARowMakeTheNextCallFailAtOnce() throws {
        var status = 500
        let world = World { _, _ in .status(status, body: "{}") }
        world.add(try Self.source())
        try Self.calls(world, 5)
        #expect(world.sent.count == 5 && world.endings.allSatisfy { $0.failure?.code == .http })
        let before = world.now
        try Self.calls(world, 1, from: 6)
        let failure = try #require(world.endings.last?.failure)
        #expect(failure.code == .circuitOpen && world.sent.count == 5)
        #expect(failure.message.contains("https://api.test") && failure.attempts == 0)
        #expect((failure.retryAfter ?? .zero) > .zero && (failure.retryAfter ?? .zero) <= .seconds(60))
        #expect(world.endings.last?.at == before)
        // Half-open after a minute; three that work close it.
        status = 200
        world.pass(.seconds(60))
        try Self.calls(world, 4, from: 7)
        #expect(world.endings.suffix(4).allSatisfy { $0.failure == nil } && world.sent.count == 9)
    }

    @Test func errorsOfTheCallerAndRefusalsDoNotOpenIt() throws {
        for status in [400, 401, 403, 404, 409, 422] {
            let world = World { _, _ in .status(status, body: "{}") }
            world.add(try Self.source())
            try Self.calls(world, 12)
            #expect(world.sent.count == 12, "\(status)")
            #expect(world.endings.allSatisfy { $0.failure?.code != .circuitOpen }, "\(status)")
        }
        let world = World { _, _ in .status(429, [("Retry-After", "1")]) }
        world.add(try Self.source())
        try Self.calls(world, 12)
        #expect(world.endings.allSatisfy { $0.failure?.code == .rateLimited })
    }

    @Test func brokenConnectionsAndBodiesOpenIt() throws {
        for reply in [Reply.failing(.connect), .failing(.firstByteTimeout), .failing(.truncated)] {
            let world = World { _, _ in reply }
            world.add(try Self.source())
            try Self.calls(world, 6)
            #expect(world.endings.last?.failure?.code == .circuitOpen)
        }
    }

    @Test func switchedOffItLetsEverythingThrough() throws {
        let world = World { _, _ in .status(500) }
        world.add(try Self.source { $0.breaker.isOn = false })
        try Self.calls(world, 20)
        #expect(world.sent.count == 20)
    }

    /// A walk waits for the server to come back, and loses nothing.
    @Test func aWalkWaitsItOut() throws {
        let world = World { request, sent in
            if sent.at < Instant(nanoseconds: 200_000_000_000), request.url.contains("page=3") { return .status(503) }
            let page = request.url.contains("page=3") ? 3 : request.url.contains("page=2") ? 2 : 1
            return .json("{\"data\":[\(page)],\"more\":\(page < 3)}")
        }
        var source = try Self.source { $0.breaker.failures = 2 }
        source.retry.maxAttempts = 8
        world.add(source)
        var stream = try Make.stream(Make.page())
        stream.paging.hasMore = try Make.body("more")
        world.open(stream, walk: 1)
        // A second walk of the same stream is evidence enough.
        world.open(stream, walk: 2)
        world.run()
        #expect(world.endings.count == 2 && world.endings.allSatisfy { $0.failure == nil })
        #expect(world.records.sorted() == ["1", "1", "2", "2", "3", "3"])
        #expect(world.sent.count < 16, "\(world.sent.count)")
    }

    @Test func aWalkWaitsNoLongerThanItMay() throws {
        let world = World { _, _ in .status(500) }
        var source = try Self.source {
            $0.breaker.failures = 2
            $0.breaker.open = .seconds(300)
        }
        source.retry.maxAttempts = 50
        source.retry.maxElapsed = .seconds(400)
        world.add(source)
        let stream = try Make.stream()
        for walk in 1...3 as ClosedRange<UInt64> { world.open(stream, walk: walk) }
        world.run()
        #expect(world.endings.count == 3)
        for ending in world.endings {
            #expect([.circuitOpen, .http].contains(ending.failure?.code))
            #expect(ending.at - Instant(nanoseconds: 0) < .seconds(800))
        }
        #expect(world.endings.contains { $0.failure?.code == .circuitOpen })
    }

    /// One page that never works is no server that is down: another stream, and another walk of this one, go on.
    @Test func onePageThatNeverWorksOpensNothing() throws {
        let world = World { request, _ in
            request.url.contains("bad") ? .status(500) : .json("{\"data\":[1]}")
        }
        world.add(try Self.source { $0.retry.maxAttempts = 5 })
        world.open(try Make.stream(path: "/bad"), walk: 1)
        world.run()
        let end = world.now
        world.open(try Make.stream(path: "/good"), walk: 2)
        world.run()
        #expect(world.now == end && world.endings.last?.failure == nil)
    }

    // MARK: the server's own limits

    @Test func nothingLeftIsWaitedForWithoutARefusal() throws {
        let world = World { _, sent in
            let first = sent.at == Instant(nanoseconds: 1_000_000_000)
            return .json(
                "{\"data\":[\(sent.transfer)],\"next\":\(first ? "\"b\"" : "null")}",
                headers: [
                    ("X-RateLimit-Limit", "10"), ("X-RateLimit-Remaining", first ? "0" : "9"),
                    ("X-RateLimit-Reset", "30"),
                ])
        }
        world.add(try Self.source())
        world.open(try Make.stream(Make.cursor()))
        world.run()
        #expect(world.succeeded && world.sent.count == 2)
        let wait = world.sent[1].at - world.sent[0].at
        #expect(wait >= .seconds(30) && wait <= .seconds(31))
    }

    @Test func nothingLeftForLongerThanAllowedIsAnErrorThatSaysWhen() throws {
        let world = World { _, _ in
            .json(
                "{\"data\":[1],\"next\":\"b\"}",
                headers: [("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "86400")])
        }
        world.add(try Self.source())
        world.open(try Make.stream(Make.cursor()))
        world.run()
        let failure = try #require(world.failure)
        #expect(failure.code == .rateLimited && world.sent.count == 1)
        #expect((failure.retryAfter ?? .zero) >= .seconds(86_400))
        #expect(failure.page == 1 && failure.stream == "things")
    }

    @Test func resourcesOfAServerAreToldApart() throws {
        // "search" has nothing left; "core" goes on.
        let world = World { request, sent in
            let isSearch = request.url.contains("search")
            return .json(
                "{\"data\":[\(sent.transfer)],\"next\":\"\(sent.transfer)\"}",
                headers: [
                    ("X-RateLimit-Limit", "100"), ("X-RateLimit-Remaining", isSearch ? "0" : "90"),
                    ("X-RateLimit-Reset", "600"), ("X-RateLimit-Resource", isSearch ? "search" : "core"),
                ], latency: .milliseconds(5))
        }
        world.add(try Self.source())
        var search = try Make.stream(Make.cursor(), path: "/search")
        search.name = "search"
        world.open(search, walk: 1)
        world.open(try Make.stream(Make.cursor(), path: "/core"), walk: 2)
        world.run(for: .seconds(5))
        #expect(world.sent.filter { $0.request.url.contains("search") }.count == 1)
        #expect(world.sent.count > 40)
    }

    @Test func aLimitWithoutANameHoldsForAllStreams() throws {
        var left = 3
        let world = World { _, sent in
            left -= 1
            return left < 0
                ? .status(429, [("Retry-After", "50")])
                : .json(
                    "{\"data\":[\(sent.transfer)],\"next\":\"\(sent.transfer)\"}",
                    headers: [
                        ("X-RateLimit-Limit", "60"), ("X-RateLimit-Remaining", "\(left)"), ("X-RateLimit-Reset", "50"),
                    ], latency: .milliseconds(5))
        }
        world.add(try Self.source { $0.serverLimits.pace = .burst })
        world.open(try Make.stream(Make.cursor(), path: "/a"), walk: 1)
        world.run(for: .milliseconds(6))
        for (walk, name) in [(2, "b"), (3, "c")] as [(UInt64, String)] {
            var stream = try Make.stream(Make.cursor(), path: "/\(name)")
            stream.name = name
            world.open(stream, walk: walk)
        }
        world.run(for: .seconds(40))
        #expect(world.sent.count == 3 && world.endings.isEmpty)
    }

    @Test func switchedOffHeadersAreNotHeeded() throws {
        let world = World { _, sent in
            .json(
                "{\"data\":[\(sent.transfer)],\"next\":\"\(sent.transfer)\"}",
                headers: [("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "600")])
        }
        world.add(try Self.source { $0.serverLimits.isOn = false })
        var stream = try Make.stream(Make.cursor())
        stream.paging.maxPages = 20
        world.open(stream)
        world.run()
        #expect(world.sent.count == 20)
    }

    @Test func ownHeadersAreReadByName() throws {
        let world = World { _, _ in
            .json(
                "{\"data\":[1],\"next\":\"b\"}", headers: [("Credits-Left", "0"), ("Credits-Until", "20000")])
        }
        let mapping = RateLimitMapping(
            remaining: "credits-left", reset: "credits-until", resetFormat: .deltaMilliseconds)
        world.add(try Self.source { $0.serverLimits.profile = .mapping(mapping) })
        world.open(try Make.stream(Make.cursor()))
        world.run(for: .seconds(19))
        #expect(world.sent.count == 1)
    }

    // MARK: retries

    /// Many fail at once: their repetitions are no storm.
    @Test func repetitionsFitIntoTheBudget() throws {
        let world = World { _, sent in
            sent.at < Instant(nanoseconds: 30_000_000_000) ? .status(500) : .json("{\"data\":[1]}")
        }
        var source = try Self.source {
            $0.breaker.isOn = false
            $0.retry.maxAttempts = 10
            $0.retry.budgetPercent = 0
            $0.retry.budgetLeast = 1
        }
        source.retry.maxElapsed = .seconds(3600)
        world.add(source)
        for walk in 1...100 as ClosedRange<UInt64> { world.open(try Make.stream(), walk: walk) }
        world.run()
        #expect(world.endings.count == 100 && world.endings.allSatisfy { $0.failure == nil })
        let retries = world.sent.dropFirst(100)
        for second in 2..<200 as Range<Int64> {
            let window = retries.filter { $0.at.nanoseconds / 1_000_000_000 / 10 == second }
            #expect(window.count <= 20, "\(second): \(window.count)")
        }
    }
}
