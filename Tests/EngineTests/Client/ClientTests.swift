import EngineTestKit
import Testing

@testable import Engine

/// The contract between the client and whoever drives it.
@Suite struct ClientTests {
    /// A world whose server has pages without end.
    static func endless(latency: Timespan = .milliseconds(10), body: Int = 1) -> World {
        var serial = 0
        return World { _, _ in
            serial += 1
            let records = "[" + (0..<body).map { "\(serial * 1000 + $0)" }.joined(separator: ",") + "]"
            return .json("{\"data\":\(records),\"next\":\"\(serial)\"}", latency: latency)
        }
    }
    static func stream(pages: Int64 = 1000) throws -> Stream {
        var stream = try Make.stream(Make.cursor())
        stream.paging.maxPages = pages
        return stream
    }

    // MARK: reading ahead

    @Test func nextRequestLeavesBeforeThePageIsHandedOver() throws {
        let world = Self.endless()
        world.add(try Make.source())
        world.open(try Self.stream(pages: 3))
        world.run()
        #expect(
            world.story == ["send 2", "send 4", "page 1.0", "send 6", "page 1.1", "page 1.2", "ended 1"],
            "\(world.story)")
    }

    @Test func readsAheadAsManyPagesAsAllowedAndNoFurther() throws {
        for most in [1, 2, 5] as [Int64] {
            let world = Self.endless()
            world.consumesAtOnce = false
            world.add(try Make.source())
            var stream = try Self.stream()
            stream.readAheadPages = most
            world.open(stream)
            world.run()
            #expect(world.pages.count == Int(most))
            #expect(world.sent.count == Int(most))
            #expect(world.clients[0].isStarved)
            for taken in 1...7 {
                world.consume(world.pages[taken - 1])
                world.run()
                #expect(world.pages.count == Int(most) + taken)
            }
            #expect(world.violations.isEmpty)
        }
    }

    @Test func readsAheadAsManyBytesAsAllowed() throws {
        let world = Self.endless(body: 100)
        world.consumesAtOnce = false
        world.add(try Make.source())
        var stream = try Self.stream()
        stream.readAheadPages = 1000
        stream.readAheadBytes = 2000
        world.open(stream)
        world.run()
        let ready = world.pages.map(\.bodySize).reduce(0, +)
        #expect(ready >= 2000 && ready < 2000 + 800)
        world.consume(world.pages[0])
        world.run()
        #expect(world.pages.map(\.bodySize).dropFirst().reduce(0, +) >= 2000)
    }

    @Test func onePageAlwaysFitsHoweverLarge() throws {
        let world = Self.endless(body: 100)
        world.consumesAtOnce = false
        world.add(try Make.source())
        var stream = try Self.stream()
        stream.readAheadPages = 0
        stream.readAheadBytes = 0
        world.open(stream)
        for taken in 0..<5 {
            world.run()
            #expect(world.pages.count == taken + 1)
            world.consume(world.pages[taken])
        }
    }

    // MARK: closing

    @Test func closedInFlightIsAbortedAndGivesItsPermitBack() throws {
        let world = World { _, sent in sent.transfer == 3 ? .silence : .json("{\"data\":[1]}") }
        var source = try Make.source()
        source.limits.rules = [.concurrent(1)]
        world.add(source)
        world.open(try Make.stream(), walk: 1)
        world.open(try Make.stream(), walk: 2)
        world.run()
        #expect(world.sent.count == 1)
        world.close(walk: 1)
        world.run()
        #expect(world.aborted == [world.sent[0].transfer])
        #expect(world.endings.map(\.walk) == [2])
        #expect(world.violations.isEmpty)
    }

    @Test func closedWhileItWaitsForAPermitIsForgotten() throws {
        let world = World { _, _ in .json("{\"data\":[1]}", latency: .seconds(1)) }
        var source = try Make.source()
        source.limits.rules = [.concurrent(1)]
        world.add(source)
        for walk in 1...3 as ClosedRange<UInt64> { world.open(try Make.stream(), walk: walk) }
        world.settle()
        world.close(walk: 2)
        world.run()
        #expect(world.aborted.isEmpty)
        #expect(world.sent.count == 2)
        #expect(world.endings.map(\.walk) == [1, 3])
    }

    @Test func closedInBackoffIsForgotten() throws {
        let world = World(services: TestServices(.always(.max))) { _, _ in .status(500) }
        world.add(try Make.source())
        world.open(try Make.stream())
        world.settle()
        world.run(for: .milliseconds(1))
        world.close()
        world.run()
        #expect(world.sent.count == 1)
        #expect(world.endings.isEmpty && world.aborted.isEmpty)
    }

    @Test func closedBeforeAnythingAndTwiceAndAfterTheEndIsNothing() throws {
        let world = World { _, _ in .json("{\"data\":[1]}") }
        world.add(try Make.source())
        world.close(walk: 77)
        world.open(try Make.stream(), walk: 1)
        world.close(walk: 1)
        world.close(walk: 1)
        world.run()
        #expect(world.story.isEmpty)
        world.open(try Make.stream(), walk: 2)
        world.run()
        world.close(walk: 2)
        world.run()
        #expect(world.endings.count == 1)
        #expect(world.violations.isEmpty)
    }

    /// Events may come in one after the other before the driver asks what to do.
    @Test func nothingIsSaidOfAWalkOnceItIsClosed() throws {
        for isLast in [true, false] {
            var client = Client(source: try Make.source())
            var services = TestServices(.always(0))
            let now = Instant(nanoseconds: 0)
            client.open(try Make.stream(Make.cursor()), isCall: false, walk: 1)
            guard case .send(let transfer, _) = client.next(now: now) else {
                Issue.record("no request")
                return
            }
            var head = ResponseHead()
            head.status = 200
            Array((isLast ? "{\"data\":[1]}" : "{\"data\":[1],\"next\":\"a\"}").utf8).withUnsafeBytes {
                client.received(
                    transfer: transfer, head: head, body: $0, now: now, services: &services)
            }
            client.close(walk: 1, now: now)
            // Only that the body is not needed after all.
            guard case .discard(transfer) = client.next(now: now),
                case .wait(nil) = client.next(now: now)
            else {
                Issue.record("something else than the discard of the page")
                return
            }
        }
    }

    @Test func lateEventsOfClosedWalksAreDiscarded() throws {
        var client = Client(source: try Make.source())
        var services = TestServices(.always(0))
        let now = Instant(nanoseconds: 0)
        client.open(try Make.stream(), isCall: false, walk: 1)
        guard case .send(let transfer, _) = client.next(now: now) else { return }
        client.close(walk: 1, now: now)
        guard case .abort(transfer) = client.next(now: now) else {
            Issue.record("not aborted")
            return
        }
        var head = ResponseHead()
        head.status = 200
        Array("[]".utf8).withUnsafeBytes {
            client.received(transfer: transfer, head: head, body: $0, now: now, services: &services)
        }
        guard case .discard(transfer) = client.next(now: now) else {
            Issue.record("not discarded")
            return
        }
        client.failed(
            transfer: transfer, failure: .init(kind: .cancelled, code: 42, detail: "", mayHaveReachedServer: true),
            now: now, services: &services)
        guard case .wait(nil) = client.next(now: now) else {
            Issue.record("something is left")
            return
        }
    }

    // MARK: several walks

    @Test func oneThatFailsDoesNotDisturbTheOthers() throws {
        var serial = 0
        let world = World { request, _ in
            serial += 1
            if request.url.contains("bad") { return .status(403, body: "no") }
            if request.url.contains("flaky"), serial % 2 == 0 { return .failing(.truncated) }
            return .json("{\"data\":[\(serial)],\"next\":\"\(serial)\"}", latency: .milliseconds(Int64(serial % 7)))
        }
        var source = try Make.source()
        source.limits.rules = [.concurrent(3)]
        source.retry.maxAttempts = 50
        world.add(source)
        for walk in 1...12 as ClosedRange<UInt64> {
            var stream = try Make.stream(
                Make.cursor(), path: walk % 4 == 0 ? "/bad" : walk % 4 == 1 ? "/flaky" : "/good")
            stream.paging.maxPages = 20
            world.open(stream, walk: walk)
        }
        world.run()
        #expect(world.violations.isEmpty, "\(world.violations)")
        #expect(world.endings.count == 12)
        for ending in world.endings {
            #expect((ending.failure == nil) == (ending.walk % 4 != 0), "walk \(ending.walk)")
        }
        #expect(world.pages.count == 9 * 20)
    }

    @Test func walksTakeTurns() throws {
        let world = Self.endless(latency: .milliseconds(1))
        var source = try Make.source()
        source.limits.rules = [.window(requests: 1, per: .seconds(1))]
        world.add(source)
        for walk in 1...4 as ClosedRange<UInt64> { world.open(try Self.stream(pages: 5), walk: walk) }
        world.run()
        #expect(world.pages.map(\.walk) == Array(repeating: [1, 2, 3, 4], count: 5).flatMap(\.self))
    }

    @Test func repeatsLeaveInTheOrderOfTheirTime() throws {
        // Many wake at once after a pause of the driver: the order must be that of their times in every run.
        let world = World { _, sent in sent.at.nanoseconds > 1_000_000_000 ? .json("{\"data\":[1]}") : .status(500) }
        world.add(try Make.source())
        for walk in 1...40 as ClosedRange<UInt64> {
            world.open(try Make.stream(path: "/w\(walk)"), walk: walk)
        }
        world.run()
        let repeats = world.sent.dropFirst(40)
        #expect(repeats.count == 40)
        #expect(repeats.map(\.at) == repeats.map(\.at).sorted())
        // All at one instant: by age.
        var requests = 0
        let same = World(services: TestServices(.always(0))) { _, _ in
            requests += 1
            return requests <= 40 ? .status(500) : .json("{\"data\":[1]}")
        }
        same.add(try Make.source())
        for walk in 1...40 as ClosedRange<UInt64> {
            same.open(try Make.stream(path: "/w\(walk)"), walk: walk)
        }
        same.run()
        let urls = same.sent.map(\.request.url)
        #expect(urls.count == 80 && Array(urls.prefix(40)) == Array(urls.suffix(40)))
    }

    @Test func countsAreOfTheirWalk() throws {
        var replies = [Reply.status(500), .status(429), .json("{\"data\":[1]}")]
        let world = World { _, _ in replies.isEmpty ? .status(418) : replies.removeFirst() }
        world.add(try Make.source())
        world.open(try Make.stream())
        world.run()
        let counts = try #require(world.clients[0].counts[1])
        #expect(counts.requests == 3 && counts.retries == 2 && counts.throttled == 1)
        world.close()
        #expect(world.clients[0].counts.isEmpty)
    }

    @Test func redirectsAreNoRepeats() throws {
        var replies = [Reply.status(302, [("Location", "/x")]), .json("{\"data\":[1]}")]
        let world = World { _, _ in replies.isEmpty ? .status(418) : replies.removeFirst() }
        world.add(try Make.source())
        world.open(try Make.stream())
        world.run()
        let counts = try #require(world.clients[0].counts[1])
        #expect(counts.requests == 2 && counts.retries == 0)
    }

    // MARK: plans that can't be followed

    @Test func walkThatCanNotBeginEndsOnce() throws {
        let world = World { _, _ in .json("[]") }
        world.add(try Make.source())
        world.open(try Make.stream(path: "https://elsewhere.test/x"))
        world.run()
        #expect(world.failure?.code == .config)
        #expect(world.endings.count == 1 && world.sent.isEmpty)
        world.close()
        world.run()
        #expect(world.violations.isEmpty)
    }

    // MARK: waits

    /// Nobody is kept waiting for a day because another request was told to come back tomorrow.
    @Test func longPauseEndsTheOthersWithItsTime() throws {
        for shared in [true, false] {
            let world = World { request, _ in
                request.url.contains("banned")
                    ? .status(429, [("Retry-After", "86400")]) : .json("{\"data\":[1]}", latency: .seconds(1))
            }
            if shared { world.shared = Limiter(LimitPlan()) }
            var source = try Make.source()
            source.limits.rules = [.concurrent(1)]
            world.add(source)
            world.open(try Make.stream(path: "/banned"), walk: 1)
            world.open(try Make.stream(path: "/good"), walk: 2)
            world.run(for: .seconds(30))
            #expect(world.endings.count == 2)
            for ending in world.endings {
                #expect(ending.failure?.code == .rateLimited)
                #expect(ending.failure?.retryAfter == .seconds(86400))
                #expect(ending.failure?.stream == "things")
            }
            #expect(world.shared?.isAwaited != true)
            // The day after, it goes on.
            world.pass(.seconds(86_500))
            world.open(try Make.stream(path: "/good"), walk: 3)
            world.run()
            #expect(world.endings.last?.walk == 3 && world.endings.last?.failure == nil)
        }
    }

    @Test func waitsExactlyUntilSomethingCanBeDone() throws {
        var client = Client(source: try Make.source())
        var services = TestServices(.always(500_000_000))
        var now = Instant(nanoseconds: 0)
        guard case .wait(nil) = client.next(now: now) else {
            Issue.record("waits for something though there is nothing")
            return
        }
        client.open(try Make.stream(), isCall: false, walk: 1)
        guard case .send(let transfer, _) = client.next(now: now) else { return }
        client.failed(
            transfer: transfer, failure: .init(kind: .connect, code: 7, detail: "x", mayHaveReachedServer: false),
            now: now, services: &services)
        guard case .wait(let until?) = client.next(now: now) else {
            Issue.record("waits for ever")
            return
        }
        #expect(until == Instant(nanoseconds: 500_000_000))
        now = Instant(nanoseconds: until.nanoseconds - 1)
        guard case .wait(until) = client.next(now: now) else {
            Issue.record("too early")
            return
        }
        guard case .send = client.next(now: until) else {
            Issue.record("not sent at its time")
            return
        }
    }

    // MARK: calls

    @Test func callTakesAnyBodyAndSaysHowItWouldGoOn() throws {
        let cases: [(String, records: [String], next: String?)] = [
            ("[1,2]", ["1", "2"], nil), ("{\"data\":[1],\"next_cursor\":\"c\"}", ["1"], "c"),
            ("{\"results\":[],\"next\":\"/x?p=2\"}", [], "https://api.test/x?p=2"), ("not json", [], nil),
            ("", [], nil),
            ("{\"id\":1}", ["{\"id\":1}"], nil), ("17", [], nil),
        ]
        for (body, records, next) in cases {
            let world = try World.walk(Make.stream(.detect, records: nil), isCall: true, [.json(body)])
            #expect(world.succeeded, "\(body): \(world.failure?.message ?? "")")
            #expect(world.records == records, "\(body)")
            #expect(world.pages.first?.facts.nextToken == next, "\(body)")
            #expect(world.sent.count == 1)
        }
    }
}
