import EngineTestKit
import Testing

@testable import Engine

/// Where the time of a walk goes, and whether the figures are what the server counted.
@Suite struct AccountingTests {
    static func spent(_ snapshot: Snapshot, _ stream: String = "things") -> [String: Int64] {
        var spent: [String: Int64] = [:]
        for item in snapshot.tallies.first(where: { $0.name == stream })?.spent ?? [] {
            spent[item.label.name, default: 0] += item.time.nanoseconds
        }
        return spent
    }

    static func begun(_ world: World) -> Instant { Instant(nanoseconds: 1_000_000_000) }

    /// How long at least one of the requests was under way.
    static func busy(_ world: World) -> Int64 {
        var total: Int64 = 0
        var reached = Instant(nanoseconds: 0)
        for sent in world.sent.sorted(by: { $0.at < $1.at }) {
            let end = sent.answeredAt ?? sent.at
            let start = max(sent.at, reached)
            if end > start { total += (end - start).nanoseconds }
            reached = max(reached, end)
        }
        return total
    }

    static func pages(_ count: Int, latency: Timespan, _ fault: @escaping (Int) -> Reply?) -> (
        TransferRequest, World.Sent
    ) -> Reply {
        var sent = 0
        var served = 0
        return { _, _ in
            sent += 1
            if var reply = fault(sent) {
                reply.latency = latency
                return reply
            }
            served += 1
            let next = served < count ? "\"\(served)\"" : "null"
            return .json("{\"data\":[{\"id\":\(served)}],\"next\":\(next)}", latency: latency)
        }
    }

    @Test func everyKindOfWaitIsToldApart() throws {
        var script: [Int: Reply] = [:]
        script[2] = .status(429, [("Retry-After", "5")])
        script[4] = .status(503)
        script[6] = .failing(.connectTimeout)
        let world = World(server: Self.pages(6, latency: .milliseconds(200)) { script[$0] })
        var source = try Make.source()
        source.limits.rules = [.window(requests: 2, per: .seconds(3))]
        world.add(source)
        world.open(try Make.stream(Make.cursor()))
        world.run()
        #expect(world.succeeded, "\(world.failure?.message ?? "") \(world.violations)")
        let snapshot = world.snapshot()
        let spent = Self.spent(snapshot)
        let end = try #require(world.endings.first).at
        #expect(spent.values.reduce(0, +) == (end - Self.begun(world)).nanoseconds, "\(spent)")
        #expect(spent["response"] == Self.busy(world))
        #expect((4_900_000_000...5_600_000_000).contains(spent["server_pause"] ?? 0), "\(spent)")
        #expect((spent["limit"] ?? 0) >= 4_000_000_000, "\(spent)")
        #expect((spent["retry"] ?? 0) > 0, "\(spent)")
        let tally = try #require(snapshot.tallies.first { $0.name == "things" })
        #expect(tally.requests == Int64(world.sent.count))
        #expect(tally.latency.count == Int64(world.sent.count))
        #expect(tally.latency.average == .milliseconds(200))
        #expect(tally.throttled == 1)
        #expect(tally.pages == 6 && tally.records == 6)
        #expect(Set(tally.retries.map(\.label)) == [.throttled, .status, .timeout])
        #expect(tally.statuses.first { $0.label == 200 }?.count == 6)
        #expect(tally.started == 1 && tally.finished == 1 && tally.failed == 0)
    }

    @Test func aTimeThatTheServerNamesIsItsPauseWhateverTheStatus() throws {
        let world = World(
            server: Self.pages(2, latency: .milliseconds(10)) { $0 == 2 ? .status(503, [("Retry-After", "5")]) : nil })
        world.add(try Make.source())
        world.open(try Make.stream(Make.cursor()))
        world.run()
        let spent = Self.spent(world.snapshot())
        #expect(world.succeeded)
        #expect((4_900_000_000...5_600_000_000).contains(spent["server_pause"] ?? 0), "\(spent)")
        #expect(spent["retry"] == nil, "\(spent)")
    }

    @Test(arguments: 0..<60) func theCausesAddUpToTheTimeUnderFaults(seed: UInt64) throws {
        var chance = Seeded(seed: seed)
        let world = World(
            services: TestServices(.seeded(Seeded(seed: seed))),
            server: Self.pages(30, latency: .milliseconds(Int64(chance.below(900)) + 1)) { _ in
                switch chance.below(12) {
                case 0: .status(429, [("Retry-After", "\(chance.below(20))")])
                case 1: .status(429)
                case 2: .status(503)
                case 3: .failing(.closedBeforeResponse)
                case 4: .json("{\"data\": [")
                default: nil
                }
            })
        var source = try Make.source()
        source.retry.maxAttempts = 30
        source.limits.rules = [.bucket(requests: 2, per: .seconds(1), burst: 3), .concurrent(2)]
        world.add(source)
        var stream = try Make.stream(Make.cursor())
        stream.readAheadPages = 2
        world.open(stream)
        world.open(stream, walk: 2)
        world.run()
        let ends = world.endings.map { ($0.at - Self.begun(world)).nanoseconds }
        #expect(ends.count == 2)
        let snapshot = world.snapshot()
        let spent = Self.spent(snapshot)
        #expect(spent.values.reduce(0, +) == ends.reduce(0, +), "\(spent)")
        #expect(snapshot.waiting.isEmpty)
        #expect(snapshot.tallies.first?.requests == Int64(world.sent.count))
        let retries = snapshot.tallies.first?.retries.reduce(0) { $0 + $1.count } ?? 0
        #expect(retries == world.clients[0].counts.values.reduce(0) { $0 + $1.retries })
    }

    @Test func whatAWalkWaitsForNowIsToldWithItsEnd() throws {
        let world = World(
            server: Self.pages(3, latency: .milliseconds(10)) { $0 == 1 ? .status(429, [("Retry-After", "60")]) : nil })
        world.add(try Make.source())
        world.open(try Make.stream(Make.cursor()))
        world.pass(.seconds(20))
        let waiting = try #require(world.snapshot().waiting.first)
        #expect(waiting.cause == .pause && waiting.stream == "things")
        #expect(waiting.since.milliseconds == 19_990)
        #expect((39_000...47_000).contains(waiting.left?.milliseconds ?? 0))
    }

    @Test func theHostThatTakesNothingIsACause() throws {
        let world = World(server: Self.pages(50, latency: .milliseconds(10)) { _ in nil })
        world.consumesAtOnce = false
        world.add(try Make.source())
        world.open(try Make.stream(Make.cursor()))
        world.pass(.seconds(30))
        #expect(world.snapshot().waiting.first?.cause == .host)
        #expect((Self.spent(world.snapshot())["host"] ?? 0) > 29_000_000_000)
    }

    @Test func anOpenBreakerIsACause() throws {
        let world = World(server: Self.pages(2, latency: .milliseconds(10)) { $0 <= 8 ? .status(500) : nil })
        var source = try Make.source()
        source.retry.maxAttempts = 20
        world.add(source)
        world.keepsTold = true
        for walk in 1...3 as ClosedRange<UInt64> { world.open(try Make.stream(Make.cursor()), walk: walk) }
        world.run()
        #expect(world.told.contains { $0.contains("\"breaker_changed\"") && $0.contains("\"to\":\"open\"") })
        #expect((Self.spent(world.snapshot())["breaker"] ?? 0) > 0, "\(Self.spent(world.snapshot()))")
    }

    @Test func givenUpRequestsCount() throws {
        let world = World { _, _ in .silence }
        world.add(try Make.source())
        world.open(try Make.stream(Make.cursor()))
        world.pass(.seconds(1))
        world.close()
        world.run()
        let tally = try #require(world.snapshot().tallies.first)
        #expect(tally.requests == 1 && tally.failed == 1)
    }
}
