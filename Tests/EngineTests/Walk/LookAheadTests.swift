import Engine
import EngineTestKit
import Testing

/// Requests that leave before the page in front of them is there.
@Suite struct LookAheadTests {
    static let link = PagingPlan.Style.nextURL(from: .link(relation: "next", attribute: nil))
    static let header = PagingPlan.Style.cursor(slot: .query("c"), from: .header("X-Next"))

    /// `count` pages of one record; heads after 10 ms, the rest after 100.
    static func world(
        _ style: PagingPlan.Style = link, count: Int = 5, _ change: (inout Engine.Stream) throws -> Void = { _ in },
        answer: @escaping (_ page: Int, _ attempt: Int, _ usual: Reply) -> Reply? = { _, _, _ in nil }
    ) throws -> World {
        var stream = try Make.stream(style)
        try change(&stream)
        var attempts: [Int: Int] = [:]
        let world = World { request, _ in
            let page = Int(request.url.split(separator: "=").last ?? "") ?? 0
            defer { attempts[page, default: 0] += 1 }
            var fields: [(String, String)] = []
            if page + 1 < count {
                fields = [("Link", "</v1/things?c=\(page + 1)>; rel=next"), ("X-Next", String(page + 1))]
            }
            var reply = Reply.json("{\"data\":[\(page)],\"more\":\(page + 1 < count)}", headers: fields)
            reply.latency = .milliseconds(100)
            reply.headLatency = .milliseconds(10)
            return answer(page, attempts[page] ?? 0, reply) ?? reply
        }
        world.add(try Make.source())
        world.open(stream)
        return world
    }

    private func milliseconds(_ world: World) -> [Int64] {
        world.sent.map { ($0.at - world.sent[0].at).milliseconds }
    }

    @Test func theNextRequestLeavesAtTheHead() throws {
        for style in [Self.link, Self.header] {
            let world = try Self.world(style)
            world.run()
            #expect(world.succeeded && world.records == ["0", "1", "2", "3", "4"] && world.heldBodies == 0)
            #expect(milliseconds(world) == [0, 10, 20, 30, 100])
        }
    }

    @Test func noMoreIsUnderWayThanMayBeReady() throws {
        let world = try Self.world { $0.readAheadPages = 2 }
        world.consumesAtOnce = false
        world.run()
        #expect(world.sent.count == 2 && world.pages.count == 2)
        let none = try Self.world { $0.readAheadPages = 1 }
        none.run()
        #expect(milliseconds(none) == [0, 100, 200, 300, 400])
    }

    @Test func rulesThatTheBodyHasAWordInHoldItBack() throws {
        let changes: [(inout Engine.Stream) throws -> Void] = [
            { $0.lookAhead = false },
            { $0.paging.hasMore = try Make.body("more") },
            { $0.paging.maxRecords = 100 },
            { $0.paging.stopOnEmptyPage = true },
            { $0.paging.stops = [StopRule(source: try Make.body("data"), test: .empty)] },
            {
                $0.paging.style = .nextURL(
                    from: .first([try Make.body("next"), .link(relation: "next", attribute: nil)]))
            },
        ]
        for (index, change) in changes.enumerated() {
            let world = try Self.world(Self.link, change)
            if index == 0 { for page in 1..<9 { world.ask(taken: UInt64(page)) } }
            world.run()
            #expect(world.succeeded && milliseconds(world) == [0, 100, 200, 300, 400], "change \(index)")
        }
    }

    @Test func stopsInTheHeadAreHeardThere() throws {
        let world = try Self.world(Self.header) {
            $0.paging.stops = [StopRule(source: .header("X-Next"), test: .equals(.constant(.int(3))))]
        }
        world.run()
        #expect(world.succeeded && world.records == ["0", "1", "2"] && world.sent.count == 3)
        let pages = try Self.world { $0.paging.maxPages = 3 }
        pages.run()
        #expect(pages.succeeded && pages.sent.count == 3)
    }

    @Test func aBodyThatBreaksIsAskedForAgainAndTheNextPageWaits() throws {
        for broken: (Reply) -> Reply in [
            {
                var reply = Reply.failing(.truncated)
                (reply.latency, reply.headLatency) = ($0.latency, $0.headLatency)
                if case .response(_, let headers, _) = $0.outcome { reply.headFields = headers }
                return reply
            },
            {
                var reply = Reply.json("{\"data\":[1", headers: [("Link", "</v1/things?c=2>; rel=next")])
                (reply.latency, reply.headLatency) = ($0.latency, $0.headLatency)
                return reply
            },
        ] {
            let world = try Self.world { _ in
            } answer: { page, attempt, usual in
                page == 1 && attempt == 0 ? broken(usual) : nil
            }
            world.run()
            #expect(world.succeeded && world.records == ["0", "1", "2", "3", "4"] && world.heldBodies == 0)
            #expect(world.sent.count == 6 && world.targets.filter { $0.hasSuffix("=2") }.count == 1)
        }
    }

    @Test func aTokenThatComesOutOtherwiseWins() throws {
        let world = try Self.world { _ in
        } answer: { page, attempt, usual in
            guard page == 1 else { return nil }
            var reply = usual
            if attempt == 0 {
                reply.outcome = .failure(.truncated, mayHaveReachedServer: true)
                reply.headFields = [("Link", "</v1/things?c=99>; rel=next")]
            }
            return reply
        }
        world.run()
        #expect(world.succeeded && world.records == ["0", "1", "2", "3", "4"] && world.violations.isEmpty)
        #expect(world.targets.contains { $0.hasSuffix("=99") } && world.heldBodies == 0)
    }

    @Test func neitherCirclesNorStrangersAreFollowedAhead() throws {
        for target in ["/v1/things?c=0", "/v1/things?c=1", "https://other.test/?c=7"] {
            let world = try Self.world { _ in
            } answer: { page, _, usual in
                guard page == 1 else { return nil }
                var reply = Reply.json("{\"data\":[1]}", headers: [("Link", "<\(target)>; rel=next")])
                (reply.latency, reply.headLatency) = (usual.latency, usual.headLatency)
                return reply
            }
            world.run()
            // The first page was asked for without a parameter: it is known by its records.
            let isFirst = target.hasSuffix("=0")
            #expect(world.failure?.page == (isFirst ? 2 : 1) && world.failure?.code == .data, "\(target)")
            #expect(world.sent.count == (isFirst ? 3 : 2), "\(target)")
        }
    }

    @Test func errorsAreNoHeads() throws {
        let world = try Self.world { _ in
        } answer: { page, _, usual in
            guard page == 1 else { return nil }
            var reply = Reply.status(403, [("Link", "</v1/things?c=2>; rel=next")])
            (reply.latency, reply.headLatency) = (usual.latency, usual.headLatency)
            return reply
        }
        world.run()
        #expect(world.failure?.httpStatus == 403 && world.sent.count == 2)
    }

    @Test func onDemandARequestLeavesWhenItsPageIsAskedFor() throws {
        let world = try Self.world(Self.header) { $0.lookAhead = false }
        world.run()
        // The first leaves at once.
        #expect(world.sent.count == 1 && world.pages.count == 1)
        world.ask(taken: 0)
        world.run()
        #expect(world.sent.count == 1)
        for _ in 0..<3 { world.ask(taken: 1) }
        world.run()
        #expect(world.sent.count == 2 && world.pages.count == 2)
        for page: UInt64 in 2...5 {
            world.ask(taken: page)
            world.run()
        }
        #expect(world.succeeded && world.sent.count == 5)
    }
}
