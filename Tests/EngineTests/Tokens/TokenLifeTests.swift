import Engine
import EngineTestKit
import Testing

/// The life of a token on the virtual clock.
@Suite struct TokenLifeTests {
    @Test func sixteenWalksAskForOneToken() throws {
        let server = TokenServer()
        let world = server.world()
        let source = try TokenServer.source()
        world.add(source)
        for walk in 1...16 as ClosedRange<UInt64> { world.open(source.streams[0], walk: walk) }
        world.run()
        #expect(world.succeeded, "\(world.violations) \(String(describing: world.failure))")
        #expect(world.endings.count == 16)
        #expect(server.tokenRequests.count == 1)
        #expect(server.refused == 0 && server.accepted == 16 * 4)
        let request = try #require(server.tokenRequests.first)
        #expect(request.method == "POST" && request.url == "https://api.example.com/token" && request.freshConnection)
        #expect(
            String(decoding: request.body ?? [], as: UTF8.self)
                == "grant_type=client_credentials&client_id=me&client_secret=canary-token")
    }

    @Test func tokensThatLiveTwoSecondsFailNoRequest() throws {
        let server = TokenServer()
        server.life = .seconds(2)
        server.lastPage = 400
        let world = server.world()
        let source = try TokenServer.source()
        world.add(source)
        for walk in 1...5 as ClosedRange<UInt64> { world.open(source.streams[0], walk: walk) }
        world.run()
        #expect(world.succeeded && world.records.count == 2000)
        #expect(server.refused == 0)
        // Each is renewed a tenth of its life before its end.
        let last = try #require(world.endings.map(\.at).max())
        let least = Int64((last - (try #require(server.tokenTimes.first))).milliseconds / 1800) + 1
        #expect(abs(Int64(server.tokenRequests.count) - least) <= 1, "\(server.tokenRequests.count), \(least)")
    }

    @Test func theOldTokenServesWhileTheNewOneIsAskedFor() throws {
        let server = TokenServer()
        server.life = .seconds(100)
        server.lastPage = 10_000
        server.dataLatency = .milliseconds(100)
        let world = server.world()
        let source = try TokenServer.source()
        world.add(source)
        world.open(source.streams[0])
        world.run(for: .seconds(5))
        server.tokenLatency = .seconds(6)
        world.run(for: .seconds(90))
        #expect(server.tokenRequests.count == 2)
        // Data went on all the while: no gap is longer than a page.
        let times = world.sent.filter { $0.request.url.contains("/s?") }.map(\.at)
        let gaps = zip(times, times.dropFirst()).map { $1 - $0 }
        #expect((gaps.max() ?? .zero) <= .milliseconds(101))
        #expect(server.refused == 0)
        let second = try #require(server.tokenTimes.last)
        let first = try #require(server.tokenTimes.first)
        #expect(second - first >= .seconds(90) && second - first < .seconds(91))
    }

    @Test func aRefusedTokenIsRenewedOnceForAllWhoHaveIt() throws {
        let server = TokenServer()
        let world = server.world()
        let source = try TokenServer.source()
        world.add(source)
        for walk in 1...8 as ClosedRange<UInt64> { world.open(source.streams[0], walk: walk) }
        world.run(for: .milliseconds(75))
        server.revoke()
        world.run()
        #expect(world.succeeded, "\(String(describing: world.failure))")
        #expect(server.tokenRequests.count == 2)
        #expect(server.refused == 8)
    }

    @Test func aTokenThatIsRefusedWhileNewIsAnErrorAndNoLoop() throws {
        let server = TokenServer()
        server.life = .zero
        server.tokenLatency = .zero
        let world = server.world()
        let source = try TokenServer.source()
        world.add(source)
        world.open(source.streams[1])
        world.run()
        #expect(world.failure?.code == .auth && world.failure?.httpStatus == 401)
        #expect(server.tokenRequests.count == 2 && server.refused == 2)
    }

    @Test func aPostIsRepeatedAfterA401() throws {
        let server = TokenServer()
        let source = try TokenServer.source(
            TokenServer.clientCredentials, "\"retry\": {\"attempts\": 1}")
        let world = server.world()
        world.add(source)
        world.open(source.streams[1])
        world.run()
        server.revoke()
        var post = source.streams[1]
        post.request.method = "POST"
        world.open(post, walk: 2, isCall: true)
        world.run()
        #expect(world.succeeded, "\(String(describing: world.endings.last?.failure))")
        #expect(world.sent.filter { $0.request.method == "POST" && $0.request.url.hasSuffix("/t") }.count == 2)
    }

    @Test func refreshTokensRotate() throws {
        let server = TokenServer()
        server.life = .seconds(2)
        server.rotates = true
        server.lastPage = 500
        let world = server.world()
        let source = try TokenServer.source(TokenServer.refreshing)
        world.add(source)
        world.open(source.streams[0])
        world.run()
        #expect(world.succeeded, "\(String(describing: world.failure))")
        let sent = server.tokenRequests.compactMap { server.form($0)["refresh_token"] }
        #expect(sent.count > 4 && Set(sent).count == sent.count && sent.first == "refresh-0")
        #expect(server.reuses == 0 && server.refused == 0)
    }

    @Test func theOldRefreshTokenStaysWhenNoneComes() throws {
        let server = TokenServer()
        server.life = .seconds(2)
        server.lastPage = 300
        let world = server.world()
        let source = try TokenServer.source(TokenServer.refreshing)
        world.add(source)
        world.open(source.streams[0])
        world.run()
        #expect(world.succeeded)
        #expect(Set(server.tokenRequests.compactMap { server.form($0)["refresh_token"] }) == ["refresh-0"])
    }

    @Test func apasswordGivesARefreshTokenAndStandsInForASpentOne() throws {
        let server = TokenServer()
        server.life = .seconds(2)
        server.lastPage = 250
        let auth =
            #""auth": {"type": "oauth2_password", "token_url": "/token", "username": "u", "password": {"env": "TOKEN"}}"#
        let world = server.world()
        let source = try TokenServer.source(auth)
        world.add(source)
        world.open(source.streams[0])
        world.run(for: .milliseconds(2500))
        #expect(server.tokenRequests.compactMap { server.form($0)["grant_type"] } == ["password", "refresh_token"])
        server.refusals = [.json("{\"error\":\"invalid_grant\"}", status: 400)]
        world.run()
        #expect(world.succeeded, "\(String(describing: world.failure))")
        let grants = server.tokenRequests.compactMap { server.form($0)["grant_type"] }
        #expect(Array(grants.prefix(4)) == ["password", "refresh_token", "refresh_token", "password"])
    }

    @Test func theTokenRequestHasItsOwnRetries() throws {
        let server = TokenServer()
        server.refusals = [
            .status(503), .failing(.connect), .failing(.firstByteTimeout),
            .json("{\"error\":\"slow_down\"}", status: 400),
        ]
        let world = server.world()
        let source = try TokenServer.source(TokenServer.clientCredentials, "\"retry\": {\"attempts\": 1}")
        world.add(source)
        world.open(source.streams[0])
        world.run()
        #expect(world.succeeded, "\(String(describing: world.failure))")
        #expect(server.tokenRequests.count == 5)
    }

    @Test func itNeverWaitsBehindTheLimitsOfTheData() throws {
        let server = TokenServer()
        server.life = .seconds(2)
        server.lastPage = 200
        server.dataLatency = .milliseconds(500)
        let world = server.world()
        let source = try TokenServer.source(
            TokenServer.clientCredentials, "\"limits\": [{\"concurrent\": 1}, {\"requests\": 2, \"per\": \"1s\"}]")
        world.add(source)
        for walk in 1...3 as ClosedRange<UInt64> { world.open(source.streams[0], walk: walk) }
        world.run()
        #expect(world.succeeded && server.refused == 0)
    }

    @Test func aFailureEndsThoseWhoWaitAndNamesThePlace() throws {
        let server = TokenServer()
        server.refusals = [
            .json(
                "{\"error\":\"invalid_client\",\"error_description\":\"no client me with canary-token\\u0007\"}",
                status: 401)
        ]
        let world = server.world()
        let source = try TokenServer.source()
        world.add(source)
        for walk in 1...3 as ClosedRange<UInt64> { world.open(source.streams[0], walk: walk) }
        world.run()
        #expect(world.endings.count == 3 && world.violations.isEmpty)
        for ending in world.endings {
            let failure = try #require(ending.failure)
            #expect(failure.code == .auth && failure.pointer == "/auth" && failure.stream == "s")
            #expect(failure.message.contains("credentials at /auth"))
            #expect(failure.message.contains("https://api.example.com/token"))
            #expect(failure.message.contains("invalid_client: no client me with (secret)"))
            #expect(!failure.message.contains("canary"))
        }
        // The next one asks again.
        world.open(source.streams[0], walk: 9)
        world.run()
        #expect(world.endings.last?.failure == nil && server.tokenRequests.count == 2)
    }

    @Test func aSpentRefreshTokenAsksForAPerson() throws {
        let server = TokenServer()
        server.refusals = [.json("{\"error\":\"invalid_grant\"}", status: 400)]
        let world = server.world()
        let source = try TokenServer.source(TokenServer.refreshing)
        world.add(source)
        world.open(source.streams[0])
        world.run()
        #expect(world.failure?.message.contains("somebody has to give consent again") == true)
    }

    @Test func aFailedRenewalInAdvanceHurtsNobody() throws {
        let server = TokenServer()
        server.life = .seconds(100)
        server.dataLatency = .milliseconds(100)
        server.lastPage = 1100
        let world = server.world()
        let source = try TokenServer.source()
        world.add(source)
        world.open(source.streams[0])
        world.run(for: .seconds(60))
        server.refusals = [.json("{\"error\":\"invalid_request\"}", status: 400)]
        world.run()
        #expect(world.succeeded, "\(String(describing: world.failure))")
        #expect(server.tokenRequests.count == 3 && server.refused == 0)
    }

    @Test func theTokenEndpointIsNotFollowedElsewhere() throws {
        let server = TokenServer()
        server.refusals = [.status(307, [("Location", "https://evil.test/token")])]
        let world = server.world()
        let source = try TokenServer.source(TokenServer.clientCredentials, "\"other_origins\": [\"https://evil.test\"]")
        world.add(source)
        world.open(source.streams[0])
        world.run()
        #expect(world.sent.count == 1)
        #expect(world.failure?.message.contains("redirect") == true)
    }

    @Test func noExpiryIsAnHour() throws {
        let server = TokenServer()
        server.saysExpiry = false
        let world = server.world()
        let source = try TokenServer.source()
        world.add(source)
        world.open(source.streams[1])
        world.run()
        world.pass(.seconds(3200))
        world.open(source.streams[1], walk: 2)
        world.run()
        #expect(server.tokenRequests.count == 1)
        world.pass(.seconds(200))
        world.open(source.streams[1], walk: 3)
        world.run()
        #expect(server.tokenRequests.count == 2 && server.refused == 0)
        // Nobody asks for tokens that nobody needs.
        world.pass(.seconds(100_000))
        #expect(server.tokenRequests.count == 2)
    }

    @Test func aTokenThatIsOverAtOnceServesThoseWhoWaited() throws {
        let world = World { request, _ in
            request.url.hasSuffix("/token")
                ? .json("{\"access_token\":\"t\",\"expires_in\":0}") : .json("{\"data\":[1]}")
        }
        let source = try TokenServer.source()
        world.add(source)
        for walk in 1...4 as ClosedRange<UInt64> { world.open(source.streams[1], walk: walk) }
        world.run()
        #expect(world.succeeded && world.sent.count == 5)
    }

    @Test func aRuleCanCallAnAnswerATokenThatIsNoGood() throws {
        var said = 0
        let world = World { request, _ in
            if request.url.hasSuffix("/token") { return .json("{\"access_token\":\"t\"}") }
            said += 1
            return said == 1 ? .json("{\"code\":\"token_expired\"}") : .json("{\"data\":[1]}")
        }
        let rule = #"{"body": {"path": "code", "=": "token_expired"}, "also_on_2xx": true, "action": "renew_auth"}"#
        let source = try TokenServer.source(TokenServer.clientCredentials, "\"errors\": [\(rule)]")
        world.add(source)
        world.open(source.streams[1])
        world.run()
        #expect(world.succeeded && world.sent.count == 4 && world.records == ["1"])
    }

    @Test func tokensGoHomeOnlyAndAreSaidByNobody() throws {
        for seed in 1...200 as ClosedRange<UInt64> {
            var chance = Seeded(seed: seed)
            let slot = chance.pick(["", ", \"query\": \"access\"", ", \"header\": \"X-T\""], else: "")
            let auth =
                #""auth": {"type": "token_request", "url": "https://login.example.com/t", "json_body": {"user": "u", "pass": "{env.TOKEN}"}\#(slot)}"#
            let source = try source(
                auth
                    + #", "other_origins": ["https://other.test"], "max_redirects": 8, "errors": [{"text_contains": "denied", "action": "fail", "status": 403}]"#
            )
            var stream = try Make.stream(Make.nextURL())
            stream.paging.maxPages = 12
            let world = World(services: TestServices(.seeded(Seeded(seed: seed)))) { request, _ in
                if request.url.hasPrefix("https://login.example.com/t") {
                    return .json("{\"access_token\":\"canary+access/\(chance.below(3))\"}")
                }
                return CanaryTests.echo(request, &chance)
            }
            world.add(source)
            world.open(stream)
            world.run()
            #expect(world.ended && world.violations.isEmpty, "seed \(seed): \(world.violations)")
            for sent in world.sent where !sent.request.url.hasPrefix("https://api.example.com/") {
                guard !sent.request.url.hasPrefix("https://login.example.com/t") else { continue }
                let text = sent.request.url + sent.request.headers.map(\.value).joined(separator: "\n")
                #expect(!CanaryTests.holdsCanary(text), "seed \(seed): \(text)")
            }
            for text in CanaryTests.everythingSaid(world) {
                #expect(!CanaryTests.holdsCanary(text), "seed \(seed): \(text)")
            }
        }
    }
}
