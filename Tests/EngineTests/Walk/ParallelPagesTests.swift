import Engine
import EngineTestKit
import Testing

/// Several pages of one walk at once. That the records are those of a walk page by page is for the simulation.
@Suite struct ParallelPagesTests {
    /// Pages of three records; `answer` is asked first.
    static func world(
        _ count: Int, parallel: Int64 = 4, source: Source? = nil,
        _ change: (inout Engine.Stream) throws -> Void = { _ in },
        answer: @escaping (_ offset: Int, _ attempt: Int) -> Reply? = { _, _ in nil }
    ) throws -> World {
        var stream = try CounterPagingTests.stream(Make.offset(), size: 3)
        stream.parallel = parallel
        try change(&stream)
        var attempts: [Int: Int] = [:]
        let world = World { request, _ in
            let offset = Int(request.url.split(separator: "=").last ?? "") ?? 0
            defer { attempts[offset, default: 0] += 1 }
            var reply =
                answer(offset, attempts[offset] ?? 0)
                ?? CounterPagingTests.data(offset, min(3, max(0, count - offset)), "\"total\":\(count)")
            if reply.latency == .zero { reply.latency = .milliseconds(50) }
            return reply
        }
        world.add(try source ?? Make.source())
        world.open(stream)
        return world
    }

    private func most(_ world: World) -> Int {
        world.sent.map { one in
            world.sent.filter { $0.at <= one.at && $0.answeredAt ?? world.now > one.at }.count
        }.max() ?? 0
    }

    @Test func soManyAreUnderWayAndTheFirstAlone() throws {
        let world = try Self.world(300)
        world.run()
        #expect(world.succeeded && world.records == (0..<300).map(String.init))
        #expect(most(world) == 4)
        #expect(world.sent[1].at == world.pages[0].at)
        // One page, and 99 by four.
        #expect((world.endings[0].at - world.sent[0].at).milliseconds < 50 * 28)
    }

    @Test func aKnownTotalIsNotPassed() throws {
        let world = try Self.world(30, parallel: 16) { $0.paging.total = try Make.body("total") }
        world.run()
        #expect(world.succeeded && world.sent.count == 10 && world.aborted.isEmpty)
    }

    @Test func whatIsAskedBeyondTheEndIsNoError() throws {
        for past in [Reply.status(404), .status(400), .status(416), CounterPagingTests.data(0, 0), .status(500)] {
            let world = try Self.world(11, parallel: 8) {
                $0.paging.total = nil
            } answer: { offset, _ in
                offset >= 11 ? past : nil
            }
            world.run()
            #expect(world.succeeded && world.records == (0..<11).map(String.init) && world.heldBodies == 0)
            #expect(world.targets.count <= 12)
        }
    }

    @Test func aServersOwnPageSizeLosesNothing() throws {
        let world = try Self.world(100) {
            $0.paging.size = .init(slot: .query("limit"), value: 1000)
        }
        world.run()
        #expect(world.succeeded && world.records == (0..<100).map(String.init))
        // The second page tells that the first was not the last one.
        #expect(world.sent[2].at > world.sent[1].at)
        #expect(most(world) == 4)
    }

    @Test func aPageThatFailsForGoodEndsTheWalkAfterThoseBeforeIt() throws {
        let world = try Self.world(60) { _ in
        } answer: { offset, _ in
            offset == 15 ? .status(403) : nil
        }
        world.run()
        #expect(world.records == (0..<15).map(String.init))
        #expect(world.failure?.page == 5 && world.failure?.httpStatus == 403)
        #expect(world.failure?.message.hasPrefix("stream \"things\", page 5: ") == true)
        #expect(world.violations.isEmpty && world.heldBodies == 0)
    }

    @Test func aPageThatFailsForATimeHoldsBackThoseBehindIt() throws {
        let world = try Self.world(60) {
            $0.readAheadPages = 6
        } answer: { offset, attempt in
            offset == 3 && attempt < 2 ? .status(503) : nil
        }
        world.run()
        #expect(world.succeeded && world.records == (0..<60).map(String.init))
        #expect(world.mostHeld <= 6)
    }

    @Test func nothingIsAskedForWithoutRoom() throws {
        let world = try Self.world(300, parallel: 8) { $0.readAheadPages = 5 }
        world.consumesAtOnce = false
        world.run()
        #expect(world.sent.count == 5 && world.pages.count == 5)
        for page in world.pages.prefix(2) { world.consume(page) }
        world.run()
        #expect(world.sent.count == 7)
        let byBytes = try Self.world(300, parallel: 8) { $0.readAheadBytes = 100 }
        byBytes.consumesAtOnce = false
        byBytes.run()
        #expect((2...4).contains(byBytes.sent.count))
    }

    @Test func inAnyOrderPagesComeAsTheyAre() throws {
        let world = try Self.world(32) {
            $0.order = .any
        } answer: { offset, _ in
            guard offset == 3 else { return nil }
            var reply = CounterPagingTests.data(3, 3)
            reply.latency = .seconds(1)
            return reply
        }
        world.run()
        #expect(world.succeeded && world.heldBodies == 0)
        #expect(world.records.sorted { (Int($0) ?? 0) < (Int($1) ?? 0) } == (0..<32).map(String.init))
        #expect(world.pages[1].facts.index > 1 && world.pages.map(\.facts.index).sorted() == (0..<11).map { $0 })
        let late = world.pages.firstIndex { $0.facts.index == 1 } ?? 0
        #expect(late > 2)
    }

    @Test func inAnyOrderAHoleIsAnErrorAndNotAGap() throws {
        let world = try Self.world(60) {
            $0.order = .any
            $0.paging.total = try Make.body("total")
        } answer: { offset, _ in
            guard offset == 6 else { return nil }
            var reply = CounterPagingTests.data(6, 1, "\"total\":60")
            reply.latency = .seconds(1)
            return reply
        }
        world.run()
        #expect(world.failure?.code == .data && world.failure?.message.contains("\"order\": \"pages\"") == true)
    }

    @Test func maxRecordsHoldsInAnyOrder() throws {
        for order in [Engine.Stream.Order.pages, .any] {
            let world = try Self.world(300) {
                $0.order = order
                $0.paging.maxRecords = 20
            }
            world.run()
            #expect(world.succeeded && world.records.count == 20 && world.sent.count == 7)
        }
    }

    @Test func closingGivesUpAllThatIsUnderWay() throws {
        let world = try Self.world(300) { _ in }
        world.run(for: .milliseconds(75))
        #expect(world.sent.count == 5)
        world.close()
        world.run()
        #expect(world.aborted.count == 4 && world.sent.count == 5 && world.violations.isEmpty)
        #expect(world.heldBodies == 0)
    }

    @Test func otherWalksGetTheirTurns() throws {
        var source = try Make.source()
        source.limits.rules = [.concurrent(1)]
        let world = try Self.world(300, parallel: 16, source: source)
        var other = try CounterPagingTests.stream(Make.page(), size: 3)
        other.request.path = "/others"
        world.open(other, walk: 2)
        world.run(for: .seconds(2))
        // Every second permit, though the other walk has fifteen requests in the line.
        let others = world.targets.filter { $0.hasPrefix("/v1/others") }.count
        #expect(abs(world.targets.count - 2 * others) <= 2)
    }

    @Test func detectionFindsPagesForManyAtOnce() throws {
        let world = World { request, _ in
            let page = Int(request.url.split(separator: "=").last ?? "") ?? 1
            return .json(
                "{\"data\":\(Make.list(page * 10, 10)),\"page\":\(page),\"total_pages\":9}", latency: .milliseconds(50))
        }
        world.add(try Make.source())
        var stream = try Make.stream(.detect, records: nil)
        stream.parallel = 4
        world.open(stream)
        world.run()
        #expect(world.succeeded && world.sent.count == 9 && world.warnings.isEmpty)
        #expect((world.now - world.sent[0].at).milliseconds <= 150)
        let links = World { _, sent in
            .json(
                "[\(sent.transfer)]",
                headers: sent.transfer < 6 ? [("Link", "</v1/things?p=\(sent.transfer)>; rel=next")] : [])
        }
        links.add(try Make.source())
        links.open(stream)
        links.run()
        #expect(links.succeeded && links.warnings.contains { $0.contains("one after the other") })
    }
}
