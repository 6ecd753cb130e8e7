import Engine
import EngineTestKit
import Testing

/// Several clients, one budget.
@Suite struct SharedLimiterTests {
    static func world(latency: Timespan = .milliseconds(50), shared: LimitPlan.Rule...) -> World {
        var serial = 0
        let world = World { _, _ in
            serial += 1
            return .json("{\"data\":[\(serial)],\"next\":\"\(serial)\"}", latency: latency)
        }
        var plan = LimitPlan()
        plan.rules = shared
        world.shared = Limiter(plan)
        return world
    }

    static func pages(_ count: Int64) throws -> Stream {
        var stream = try Make.stream(Make.cursor())
        stream.paging.maxPages = count
        return stream
    }

    @Test func everyClientGetsItsTurn() throws {
        let world = Self.world(shared: .window(requests: 5, per: .seconds(1)))
        for client in 0..<7 {
            world.add(try Make.source())
            world.open(try Self.pages(20), client: client)
        }
        world.run()
        #expect(world.succeeded, "\(world.violations)")
        #expect(world.sent.count == 140)
        // First come, first served: nobody is overtaken by more than a turn.
        var counts = Array(repeating: 0, count: 7)
        for sent in world.sent {
            counts[sent.client] += 1
            #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 2)
        }
        // And the budget is one.
        let times = world.sent.map(\.at)
        for index in times.indices.dropFirst(5) { #expect(times[index] - times[index - 5] >= .seconds(1)) }
    }

    @Test func clientThatWaitsForItsOwnLimitHoldsNobodyUp() throws {
        let world = Self.world(shared: .window(requests: 1, per: .seconds(1)), .concurrent(1))
        for client in 0..<3 {
            var source = try Make.source()
            if client == 0 { source.limits.rules = [.window(requests: 1, per: .seconds(3600))] }
            world.add(source)
            world.open(try Self.pages(10), client: client)
        }
        world.run(for: .seconds(40))
        #expect(world.endings.map(\.client).sorted() == [1, 2])
        world.run()
        #expect(world.succeeded)
    }

    @Test func refusalByOneBudgetCostsNothingInTheOther() throws {
        // Own: two an hour. Shared: paused at first. Both own permits must still be there after the pause.
        let world = Self.world(latency: .zero)
        world.shared?.pause(until: world.now + .seconds(5))
        var source = try Make.source()
        source.limits.rules = [.window(requests: 2, per: .seconds(3600))]
        world.add(source)
        let start = world.now
        world.open(try Self.pages(2))
        world.run()
        #expect(world.succeeded)
        #expect(world.sent.map { $0.at - start } == [.seconds(5), .seconds(5)])
    }

    @Test func closingAWalkKeepsThePlaceInTheLineForTheOthers() throws {
        let world = Self.world(latency: .seconds(1), shared: .concurrent(1))
        for client in 0..<3 {
            world.add(try Make.source())
            world.open(try Make.stream(), client: client)
            if client > 0 { world.open(try Make.stream(), walk: 2, client: client) }
        }
        world.settle()
        #expect(world.sent.map(\.client) == [0])
        // Client 1 is next in the line. That one of its walks goes must not send it to the end.
        world.close(walk: 1, client: 1)
        world.run()
        #expect(world.violations.isEmpty)
        #expect(world.sent.map(\.client).prefix(2) == [0, 1])
    }

    @Test func closingTheOnlyWalkLeavesTheLine() throws {
        let world = Self.world(latency: .seconds(1), shared: .concurrent(1))
        for client in 0..<3 {
            world.add(try Make.source())
            world.open(try Make.stream(), client: client)
        }
        world.settle()
        world.close(client: 1)
        world.run()
        #expect(world.sent.map(\.client) == [0, 2])
        #expect(world.shared?.isAwaited == false)
    }

    @Test func pauseOfOneIsThePauseOfAll() throws {
        var replies = 0
        let world = World { _, _ in
            replies += 1
            return replies == 1 ? .status(429, [("Retry-After", "30")]) : .json("{\"data\":[\(replies)]}")
        }
        world.shared = Limiter(LimitPlan())
        for client in 0..<2 {
            world.add(try Make.source())
            world.open(try Make.stream(), client: client)
            world.run(for: .milliseconds(1))
        }
        let start = world.sent[0].at
        world.run()
        #expect(world.succeeded)
        #expect(world.sent.dropFirst().allSatisfy { $0.at - start >= .seconds(30) })
    }
}
