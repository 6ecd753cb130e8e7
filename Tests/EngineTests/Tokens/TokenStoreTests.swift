import Engine
import EngineTestKit
import Testing

/// Tokens that outlive their process, and processes that share them, on the virtual clock.
@Suite struct TokenStoreTests {
    static let refreshing =
        #""auth": {"type": "oauth2_refresh_token", "token_url": "/token", "client_id": "me", "refresh_token": "refresh-0", "store": "tokens.db"}"#
    static let client =
        #""auth": {"type": "oauth2_client_credentials", "token_url": "/token", "client_id": "me", "client_secret": {"env": "TOKEN"}, "store": "tokens.db"}"#

    static func world(_ server: TokenServer, _ tokens: SimulatedTokens) -> World {
        let world = World { request, sent in
            if request.url.hasSuffix("/token") {
                tokens.story.append("ask \(server.form(request)["refresh_token"] ?? "-")")
            }
            return server.answer(request, at: sent.at)
        }
        world.tokens = tokens
        return world
    }

    @Test(arguments: [false, true]) func processesThatStartAtOnceAskForOneToken(isFar: Bool) throws {
        let (server, tokens) = (TokenServer(), SimulatedTokens(isFar: isFar))
        server.tokenLatency = .milliseconds(330)
        let world = Self.world(server, tokens)
        let source = try TokenServer.source(Self.client)
        for process in 0..<4 {
            world.add(source)
            for walk in 1...16 as ClosedRange<UInt64> { world.open(source.streams[0], walk: walk, client: process) }
        }
        world.run()
        #expect(world.succeeded, "\(world.violations) \(String(describing: world.failure))")
        #expect(server.tokenRequests.count == 1 && server.refused == 0)
        #expect(tokens.reserved.isEmpty)
    }

    @Test(arguments: [false, true]) func theNextRunGoesOnWithWhatWasKept(isFar: Bool) throws {
        let (server, tokens) = (TokenServer(), SimulatedTokens(isFar: isFar))
        server.rotates = true
        let source = try TokenServer.source(Self.refreshing)
        for _ in 1...3 {
            let world = Self.world(server, tokens)
            world.add(source)
            world.open(source.streams[0])
            world.run()
            #expect(world.succeeded, "\(String(describing: world.failure))")
        }
        // The first run's serves the others.
        #expect(server.tokenRequests.count == 1)
        server.revoke()
        let world = Self.world(server, tokens)
        world.add(source)
        world.open(source.streams[0])
        world.run()
        #expect(world.succeeded, "\(String(describing: world.failure))")
        #expect(server.tokenRequests.count == 2 && server.reuses == 0)
    }

    @Test(arguments: [false, true]) func aNewRefreshTokenIsKeptBeforeAnythingElseHappens(isFar: Bool) throws {
        let (server, tokens) = (TokenServer(), SimulatedTokens(isFar: isFar))
        server.rotates = true
        server.life = .seconds(2)
        server.lastPage = 500
        let world = Self.world(server, tokens)
        let source = try TokenServer.source(Self.refreshing)
        world.add(source)
        world.open(source.streams[0])
        world.run()
        #expect(world.succeeded && server.reuses == 0)
        // Each one that is asked with was kept before, and none twice.
        var known = ["refresh-0"]
        for line in tokens.story {
            let (what, token) = (String(line.prefix(4)), line.split(separator: " ").last.map(String.init) ?? "")
            if what == "keep" { known.append(token) } else { #expect(known.last == token) }
        }
        #expect(known.count > 4 && Set(known).count == known.count)
    }

    @Test(arguments: [false, true]) func whatCanNotBeKeptIsNotUsedAndNotLost(isFar: Bool) throws {
        let (server, tokens) = (TokenServer(), SimulatedTokens(isFar: isFar))
        server.rotates = true
        tokens.isFull = true
        let world = Self.world(server, tokens)
        let source = try TokenServer.source(Self.refreshing)
        world.add(source)
        world.add(source)
        world.open(source.streams[0])
        world.run()
        let failure = try #require(world.failure)
        #expect(failure.code == .storage && failure.pointer == "/auth")
        #expect(failure.message.contains("credentials at /auth: the state file is full"))
        #expect(server.accepted == 0 && server.tokenRequests.count == 1)
        // Another process may not spend the old one meanwhile, and gives up one day.
        world.open(source.streams[0], walk: 5, client: 1)
        world.run()
        #expect(world.endings.last?.failure?.code == .timeout && server.tokenRequests.count == 1)
        tokens.isFull = false
        world.open(source.streams[0], walk: 2)
        world.run()
        #expect(world.endings.last?.failure == nil && server.tokenRequests.count == 1 && server.accepted == 4)
        world.open(source.streams[0], walk: 6, client: 1)
        world.run()
        #expect(world.endings.last?.failure == nil && server.tokenRequests.count == 1 && server.reuses == 0)
    }

    @Test(arguments: [false, true]) func aRefusedTokenIsNotTakenFromTheStoreAgain(isFar: Bool) throws {
        let (server, tokens) = (TokenServer(), SimulatedTokens(isFar: isFar))
        let world = Self.world(server, tokens)
        let source = try TokenServer.source(Self.client)
        for process in 0..<4 {
            world.add(source)
            for walk in 1...4 as ClosedRange<UInt64> { world.open(source.streams[0], walk: walk, client: process) }
        }
        world.run(for: .milliseconds(75))
        server.revoke()
        world.run()
        #expect(world.succeeded, "\(String(describing: world.failure))")
        #expect(server.tokenRequests.count == 2)
    }

    @Test(arguments: [false, true]) func whoDiesWhileItAsksHoldsUpNobodyForEver(isFar: Bool) throws {
        let (server, tokens) = (TokenServer(), SimulatedTokens(isFar: isFar))
        server.tokenLatency = .seconds(5)
        let world = Self.world(server, tokens)
        let source = try TokenServer.source(Self.client)
        for process in 0..<2 {
            world.add(source)
            world.open(source.streams[0], client: process)
        }
        world.run(for: .seconds(1))
        #expect(server.tokenRequests.count == 1)
        world.close(client: 0)
        tokens.die(client: 0)
        world.run(for: .seconds(1))
        #expect(server.tokenRequests.count == 2)
        world.run()
        #expect(world.endings.count == 1 && world.endings.first?.failure == nil)
    }

    @Test(arguments: [false, true]) func oneRenewsInAdvanceWhileAllGoOn(isFar: Bool) throws {
        let (server, tokens) = (TokenServer(), SimulatedTokens(isFar: isFar))
        server.life = .seconds(100)
        server.lastPage = 2000
        server.dataLatency = .milliseconds(100)
        let world = Self.world(server, tokens)
        let source = try TokenServer.source(Self.client)
        for process in 0..<3 {
            world.add(source)
            world.open(source.streams[0], client: process)
        }
        world.run()
        #expect(world.succeeded && server.refused == 0)
        // 200 seconds, renewed every 90.
        #expect(server.tokenRequests.count == 3)
    }

    @Test(arguments: [false, true]) func whatAsksForAnotherTokenKeepsAnother(isFar: Bool) throws {
        func identity(_ auth: String) throws -> String {
            let (server, tokens) = (TokenServer(), SimulatedTokens(isFar: isFar))
            let world = Self.world(server, tokens)
            let source = try TokenServer.source("\"auth\": \(auth)")
            world.add(source)
            world.open(source.streams[1])
            world.run()
            return try #require(tokens.kept.keys.first)
        }
        let plain =
            #""type": "oauth2_client_credentials", "token_url": "/token", "client_id": "me", "store": "tokens.db""#
        let first = try identity("{\(plain), \"client_secret\": \"one\"}")
        // A new secret is the same client.
        #expect(try identity("{\(plain), \"client_secret\": \"two\"}") == first)
        #expect(!first.contains("one"))
        let others = try [
            "{\(plain), \"scope\": \"read\"}", "{\(plain), \"audience\": \"a\"}",
            "{\(plain.replacing("\"me\"", with: "\"you\""))}", "{\(plain.replacing("tokens.db", with: "other.db"))}",
        ].map(identity)
        #expect(Set(others + [first]).count == others.count + 1)
    }

    @Test func theTokenEndpointHasLimitsOfItsOwn() throws {
        let server = TokenServer()
        server.life = .zero
        server.lastPage = 40
        let auth =
            #""auth": {"type": "oauth2_client_credentials", "token_url": "/token", "client_id": "me", "limits": "1/s"}"#
        let world = server.world()
        let source = try TokenServer.source(auth)
        world.add(source)
        world.open(source.streams[0])
        world.run(for: .seconds(30))
        let gaps = zip(server.tokenTimes, server.tokenTimes.dropFirst()).map { $1 - $0 }
        #expect(!gaps.isEmpty)
        #expect(gaps.allSatisfy { $0 >= .seconds(1) }, "\(gaps)")
    }
}
