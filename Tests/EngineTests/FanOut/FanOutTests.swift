import EngineTestKit
import Testing

@testable import Engine

/// Streams walked over others, on the virtual clock.
@Suite struct FanOutTests {
    @Test func walksEachParentInItsOrder() throws {
        let server = OverServer()
        let world = try server.world().walk("posts", of: OverServer.source(OverServer.users, OverServer.posts()))
        #expect(world.succeeded, "\(world.violations) \(String(describing: world.failure))")
        #expect(world.records == server.postsInOrder)
        #expect(world.endings.count == 1)
        #expect(world.heldBodies == 0)
        #expect(world.pages.map(\.facts.index) == Array(0..<10))
        #expect(world.pages[3].facts.over.boundText == ", user_id \"1\"")
        #expect(world.pages[3].facts.indexWithin == 1)
        #expect(world.pages[3].facts.metadata.contains("\"over\":{\"user_id\":\"1\"},\"page\":1,"))
        // Three pages of users, two of posts for each.
        #expect(world.sent.count == 13)
        #expect(world.clients[0].counts[1]?.requests == 13)
        #expect(world.clients[0].owners.isEmpty)
    }

    @Test func childrenBeginWhileParentsStillCome() throws {
        let server = OverServer(users: 40)
        let world = try server.world().walk("posts", of: OverServer.source(OverServer.users, OverServer.posts()))
        let lastOfParents = try #require(world.targets.lastIndex { $0.hasPrefix("/v1/users?page=") })
        let firstOfChildren = try #require(world.targets.firstIndex { $0.hasPrefix("/v1/users/") })
        #expect(firstOfChildren == 1)
        #expect(lastOfParents > 70)
        #expect(world.records == server.postsInOrder)
    }

    @Test(arguments: ["", ", \"at_once\": 4", ", \"at_once\": 4, \"order\": \"any\""])
    func onDemandNothingIsAskedForBeforeItsPageIs(over: String) throws {
        let server = OverServer()
        let source = try OverServer.source(
            OverServer.users, OverServer.posts(over, stream: ", \"look_ahead\": false"))
        let world = server.world()
        world.add(source)
        world.open(try #require(source.streams.first { $0.name == "posts" }))
        var asked: UInt64 = 0
        while world.endings.isEmpty, asked < 20 {
            world.run()
            #expect(world.pages.count == Int(asked) + 1)
            // The page of users that its user stands on, and no more of them.
            #expect(world.sent.count == world.pages.count + Int(asked) / 4 + 1, "\(world.targets)")
            asked += 1
            world.ask(taken: asked)
            world.run()
            if !world.endings.isEmpty { break }
        }
        #expect(world.succeeded && world.records == server.postsInOrder)
        #expect(world.heldBodies == 0)
    }

    @Test func threeLevelsDeep() throws {
        let server = OverServer(users: 4, posts: { $0 }, comments: { $0 % 4 })
        let source = try OverServer.source(OverServer.users, OverServer.posts(), OverServer.comments())
        let world = try server.world().walk("comments", of: source)
        #expect(world.succeeded, "\(world.violations) \(String(describing: world.failure))")
        #expect(world.records == server.commentsInOrder)
        #expect(world.heldBodies == 0)
        // Named by the whole way down to them.
        #expect(world.pages.last?.facts.over.map(\.name) == ["user_id", "post_id"])
        #expect(world.clients[0].counts[1]?.requests == Int64(world.sent.count))
    }

    @Test func namesOfGrandparentsCanBeUsed() throws {
        var targets: [String] = []
        let server = OverServer(users: 2)
        let world = World { request, _ in
            targets.append((try? WebURL(request.url).requestTarget) ?? "")
            if request.url.contains("/comments") { return .json("{\"data\":[{\"id\":1}]}") }
            return server.reply(request)
        }
        let comments =
            "\"comments\": {\"path\": \"/users/{user_id}/posts/{post_id}/comments\", \"records\": \"data\", \"query\": "
            + "{\"u\": {\"over\": \"user_id\"}, \"n\": {\"over\": \"n\"}}, \"pagination\": \"none\", \"over\": "
            + "{\"stream\": \"posts\", \"key\": \"id\", \"as\": \"post_id\", \"carry\": {\"n\": \"of\"}}}"
        try world.walk("comments", of: OverServer.source(OverServer.users, OverServer.posts(), comments))
        #expect(world.succeeded, "\(world.violations) \(String(describing: world.failure))")
        #expect(targets.contains("/v1/users/1/posts/102/comments?u=1&n=1"), "\(targets)")
        #expect(world.records.count == 6)
    }

    @Test func inAnyOrderTheFastComeFirst() throws {
        let server = OverServer(users: 6, posts: { _ in 1 })
        let world = World { request, _ in
            var reply = server.reply(request)
            if request.url.contains("/users/0/") { reply.latency = .seconds(5) }
            return reply
        }
        try world.walk(
            "posts", of: OverServer.source(OverServer.users, OverServer.posts(", \"order\": \"any\", \"at_once\": 2")))
        #expect(world.succeeded)
        #expect(world.records.last == server.postsInOrder.first)
        #expect(Set(world.records) == Set(server.postsInOrder))
        #expect(world.heldBodies == 0)
    }

    @Test(arguments: [1, 2, 4, 50]) func soManyAtOnce(_ most: Int) throws {
        var inFlight = 0
        var peak = 0
        let server = OverServer(users: 60, posts: { _ in 1 }, size: 100)
        let world = World { request, _ in
            server.reply(request)
        }
        try world.walk(
            "posts", of: OverServer.source(OverServer.users, OverServer.posts(", \"at_once\": \(most)")))
        // The most requests of children that are under way at one instant.
        var moments: [(at: Instant, change: Int)] = []
        for sent in world.sent where sent.request.url.contains("/posts") {
            moments.append((sent.at, 1))
            if let end = sent.answeredAt { moments.append((end, -1)) }
        }
        for moment in moments.sorted(by: { ($0.at, $0.change) < ($1.at, $1.change) }) {
            inFlight += moment.change
            peak = max(peak, inFlight)
        }
        #expect(peak == min(most, 60))
        #expect(world.records == server.postsInOrder)
    }

    // MARK: what bounds it

    @Test func thousandsOfParentsInBoundedMemory() throws {
        let server = OverServer(users: 2000, posts: { $0 % 3 }, size: 50, latency: .milliseconds(1))
        let world = server.world()
        try world.walk("posts", of: OverServer.source(OverServer.users, OverServer.posts()))
        #expect(world.succeeded, "\(world.violations) \(String(describing: world.failure))")
        #expect(world.records == server.postsInOrder)
        #expect(world.mostHeld < 20, "\(world.mostHeld)")
        #expect(world.heldBodies == 0)
    }

    @Test(arguments: ["", ", \"on_error\": \"skip\"", ", \"order\": \"any\""])
    func goesNoFurtherThanTheHostTakes(_ options: String) throws {
        let server = OverServer(users: 100, posts: { _ in 10 })
        let world = server.world()
        world.consumesAtOnce = false
        let source = try OverServer.source(OverServer.users, OverServer.posts(options))
        try world.walk("posts", of: source)
        let first = world.sent.count
        #expect(first < 40, "\(first)")
        #expect(world.clients[0].isStarved)
        #expect(world.heldBodies < 20)
        // Whatever the host takes lets it go on, to the end.
        var taken = 0
        while taken < world.pages.count {
            world.consume(world.pages[taken])
            taken += 1
            world.run()
            #expect(world.sent.count < first + taken * 2 + 60)
        }
        #expect(world.succeeded, "\(world.violations)")
        #expect(world.records.count == 1000)
        #expect(Set(world.records).count == 1000)
    }

    @Test(arguments: [0, 1]) func onDemandIsNoDeadlock(_ ahead: Int) throws {
        let server = OverServer(users: 20)
        for options in ["", ", \"on_error\": \"skip\"", ", \"order\": \"any\""] {
            let world = server.world()
            let source = try OverServer.source(
                OverServer.users, OverServer.posts(options, stream: ", \"read_ahead\": \(ahead)"))
            try world.walk("posts", of: source)
            #expect(world.succeeded, "\(world.violations)")
            #expect(world.records.count == 60)
        }
    }

    @Test func closedInTheMiddleItLeavesNothingBehind() throws {
        for step in 0..<30 {
            let server = OverServer(users: 20)
            let world = server.world()
            var source = try OverServer.source(OverServer.users, OverServer.posts(), OverServer.comments())
            source.limits.rules = [.concurrent(3)]
            world.add(source)
            world.open(source.streams[2])
            world.run(for: .milliseconds(Int64(step) * 7))
            world.close()
            world.run()
            #expect(world.heldBodies == 0)
            #expect(world.violations.isEmpty, "\(world.violations)")
            #expect(world.clients[0].owners.isEmpty && world.clients[0].fanOuts.isEmpty)
            // Its permits are back.
            world.open(source.streams[1], walk: 2)
            world.run()
            #expect(world.endings.map(\.walk) == [2])
            #expect(world.records.suffix(60).count == 60)
        }
    }

    @Test func boundsOfTheStreamHoldForTheWholeWalk() throws {
        let server = OverServer(users: 20)
        for (bound, pages, records) in [("max_pages", 5, 8), ("max_records", 3, 5)] {
            let world = try server.world().walk(
                "posts", of: OverServer.source(OverServer.users, OverServer.posts(stream: ", \"\(bound)\": 5")))
            #expect(world.succeeded)
            #expect(world.pages.count == pages)
            #expect(world.records == Array(server.postsInOrder.prefix(records)))
            #expect(world.heldBodies == 0)
        }
    }

    // MARK: without values

    @Test func withoutParentsThereIsNothing() throws {
        let world = try OverServer(users: 0).world().walk(
            "posts", of: OverServer.source(OverServer.users, OverServer.posts()))
        #expect(world.succeeded)
        #expect(world.pages.isEmpty)
        #expect(world.sent.count == 1)
    }

    @Test func childrenWithoutRecordsAreEmptyPages() throws {
        let server = OverServer(users: 9, posts: { $0 == 4 ? 1 : 0 })
        let world = try server.world().walk("posts", of: OverServer.source(OverServer.users, OverServer.posts()))
        #expect(world.succeeded)
        #expect(world.pages.count == 9)
        #expect(world.records == server.postsInOrder)
    }
}
