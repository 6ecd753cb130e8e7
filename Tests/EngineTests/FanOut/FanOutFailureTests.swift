import EngineTestKit
import Testing

@testable import Engine

/// What becomes of a walk over parents when one of them, or all of them, can't be had.
@Suite struct FanOutFailureTests {
    private func server(_ fault: @escaping (String) -> Reply?, users: Int = 6) -> OverServer {
        OverServer(users: users, fault: fault)
    }

    @Test func oneChildFailsAndEndsTheWalkAfterThoseBeforeIt() throws {
        let server = server({ $0.hasPrefix("/v1/users/3/posts?page=2") ? .status(403, body: "no") : nil })
        let world = try server.world().walk("posts", of: OverServer.source(OverServer.users, OverServer.posts()))
        let failure = try #require(world.failure)
        #expect(failure.message == "stream \"posts\", user_id \"3\", page 1: HTTP 403: no")
        #expect(failure.httpStatus == 403 && failure.stream == "posts" && failure.page == 1)
        #expect(failure.json(statusName: "http").contains("\"over\":{\"user_id\":\"3\"},\"page\":1"))
        // Three whole ones and the first page of the fourth.
        #expect(world.records == Array(server.postsInOrder.prefix(11)))
        #expect(world.violations.isEmpty && world.endings.count == 1)
        #expect(world.heldBodies == 0)
        #expect(world.clients[0].owners.isEmpty)
    }

    @Test func skippedItIsNotedAndTheOthersAreWhole() throws {
        let server = server({ $0.hasPrefix("/v1/users/3/") ? .status(404, body: "gone") : nil })
        let world = try server.world().walk(
            "posts", of: OverServer.source(OverServer.users, OverServer.posts(", \"on_error\": \"skip\"")))
        #expect(world.succeeded, "\(world.violations)")
        #expect(world.records == server.postsInOrder.filter { !$0.hasSuffix("\"of\":3}") })
        #expect(world.warnings == ["skipped: stream \"posts\", user_id \"3\", page 0: HTTP 404: gone"])
        #expect(world.clients[0].counts[1]?.skipped == 1)
        #expect(world.heldBodies == 0)
    }

    @Test func skipsBehindTheLastPageAreToldOnIt() throws {
        let server = server(
            { $0.hasPrefix("/v1/users/") && !$0.hasPrefix("/v1/users/0/") ? .status(404) : nil }, users: 30)
        let world = try server.world().walk(
            "posts", of: OverServer.source(OverServer.users, OverServer.posts(", \"on_error\": \"skip\"")))
        #expect(world.succeeded)
        #expect(world.pages.count == 2)
        #expect(world.warnings.count == Skips.mostTold + 1)
        #expect(world.warnings.last == "skipped: 29 in all")
        #expect(world.clients[0].counts[1]?.firstSkipped.count == Skips.mostTold)
    }

    @Test func whenAllAreSkippedTheWalkFails() throws {
        let server = server({ $0.hasPrefix("/v1/users/") ? .status(404, body: "gone") : nil })
        let world = try server.world().walk(
            "posts", of: OverServer.source(OverServer.users, OverServer.posts(", \"on_error\": \"skip\"")))
        #expect(
            world.failure?.message
                == "nothing is left: 6 of 6 were skipped; the first: stream \"posts\", user_id \"0\", page 0: HTTP 404: gone"
        )
    }

    @Test(arguments: [401, 500]) func whatIsNotThatParentsFaultIsNotSkipped(_ status: Int) throws {
        let server = server({ $0.hasPrefix("/v1/users/3/") ? .status(status) : nil })
        let world = try server.world().walk(
            "posts", of: OverServer.source(OverServer.users, OverServer.posts(", \"on_error\": \"skip\"")))
        #expect(world.failure?.httpStatus == status)
        #expect(world.failure?.message.hasPrefix("stream \"posts\", user_id \"3\", page 0: HTTP \(status)") == true)
    }

    @Test func aParentThatFailsEndsTheWalkAfterItsValues() throws {
        let server = server({ $0.hasPrefix("/v1/users?page=2") ? .status(403, body: "no") : nil })
        for options in ["", ", \"on_error\": \"skip\""] {
            let world = try server.world().walk(
                "posts", of: OverServer.source(OverServer.users, OverServer.posts(options)))
            #expect(
                world.failure?.message
                    == "stream \"posts\", over its parent: stream \"users\", page 1: HTTP 403: no (if this is how the API "
                    + "ends its pages, say \"end_statuses\": [403])"
                    || world.failure?.message
                        == "stream \"posts\", over its parent: stream \"users\", page 1: HTTP 403: no"
            )
            #expect(world.records == Array(server.postsInOrder.prefix(6)))
            #expect(world.heldBodies == 0)
        }
    }

    @Test func aParentWithoutItsKeyIsNamed() throws {
        let body = "{\"data\":[{\"id\":0},{\"name\":\"x\"},{\"id\":2},{\"id\":null},{\"id\":\"\"}],\"more\":false}"
        let server = server({ $0.hasPrefix("/v1/users?") ? .json(body) : nil })
        let world = try server.world().walk("posts", of: OverServer.source(OverServer.users, OverServer.posts()))
        #expect(
            world.failure?.message
                == "stream \"posts\", over its parent: stream \"users\", page 0, record 1: has no \"id\"")
        #expect(world.failure?.code == .data)
        #expect(world.records == Array(server.postsInOrder.prefix(3)))

        let skipping = try server.world().walk(
            "posts", of: OverServer.source(OverServer.users, OverServer.posts(", \"on_error\": \"skip\"")))
        #expect(skipping.succeeded)
        #expect(
            skipping.records == server.postsInOrder.filter { $0.hasSuffix("\"of\":0}") || $0.hasSuffix("\"of\":2}") })
        #expect(skipping.warnings.count == 3)
        #expect(skipping.warnings.contains { $0.hasSuffix("record 3: \"id\" is null, not a text or number") })
    }

    @Test func aValueThatCantBeAPathSegmentIsNamed() throws {
        let body = "{\"data\":[{\"id\":\"a/b {c}\"},{\"id\":\"..\"}],\"more\":false}"
        let server = server({ target in
            if target.hasPrefix("/v1/users?") { return .json(body) }
            return target.hasPrefix("/v1/users/a%2Fb%20%7Bc%7D/posts") ? .json("{\"data\":[1],\"more\":false}") : nil
        })
        let world = try server.world().walk("posts", of: OverServer.source(OverServer.users, OverServer.posts()))
        #expect(world.records == ["1"])
        #expect(world.failure?.message == "stream \"posts\", over: user_id \"..\" can't be part of a path")
    }

    @Test func faultsThatPassAreRetriedInside() throws {
        var seen: [String: Int] = [:]
        let server = OverServer(users: 12)
        let world = World { request, _ in
            seen[request.url, default: 0] += 1
            return seen[request.url] == 1 && request.url.utf8.count % 3 == 0 ? .status(503) : server.reply(request)
        }
        try world.walk("posts", of: OverServer.source(OverServer.users, OverServer.posts()))
        #expect(world.succeeded)
        #expect(world.records == server.postsInOrder)
        #expect(world.clients[0].counts[1]?.requests == Int64(world.sent.count))
        #expect((world.clients[0].counts[1]?.retries ?? 0) > 0)
    }

    @Test func limitsHoldOverAllOfIt() throws {
        let server = OverServer(users: 30)
        let world = server.world()
        var source = try OverServer.source(OverServer.users, OverServer.posts(", \"at_once\": 20"))
        source.limits.rules = [.window(requests: 10, per: .seconds(1)), .concurrent(3)]
        try world.walk("posts", of: source)
        #expect(world.records == server.postsInOrder)
        let times = world.sent.map(\.at)
        for index in times.indices.dropFirst(10) { #expect(times[index] - times[index - 10] >= .seconds(1)) }
    }
}
