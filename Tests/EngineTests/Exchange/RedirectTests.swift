import Engine
import EngineTestKit
import Testing

/// RFC 9110 section 15.4, and where we do not go.
@Suite struct RedirectTests {
    static func to(_ location: String, _ status: Int = 302) -> Reply { .status(status, [("Location", location)]) }

    static func call(_ method: String, body: Bool = false) throws -> Stream {
        var stream = try Make.stream(.single, records: "")
        stream.request.method = method
        if body {
            stream.request.body = .json(.object([]))
            stream.request.headers = [.init(name: "Content-Language", value: .plain("en"))]
        }
        return stream
    }

    @Test func methodAndBodyFollowTheStatus() throws {
        let cases: [(status: Int, method: String, becomes: String)] = [
            (301, "GET", "GET"), (302, "GET", "GET"), (303, "GET", "GET"), (307, "GET", "GET"), (308, "GET", "GET"),
            (301, "POST", "GET"), (302, "POST", "GET"), (303, "POST", "GET"), (307, "POST", "POST"),
            (308, "POST", "POST"), (301, "PUT", "PUT"), (302, "PATCH", "PATCH"), (303, "PUT", "GET"),
            (303, "DELETE", "GET"), (308, "DELETE", "DELETE"), (303, "HEAD", "HEAD"),
        ]
        for (status, method, becomes) in cases {
            let hasBody = ["POST", "PUT", "PATCH"].contains(method)
            let world = try World.walk(Self.call(method, body: hasBody), [Self.to("/v2", status), .json("[]")])
            #expect(world.succeeded, "\(status) \(method): \(world.failure?.message ?? "")")
            let request = try #require(world.sent.last?.request)
            #expect(request.method == becomes, "\(status) \(method)")
            #expect(request.url == "https://api.test/v2")
            #expect((request.body != nil) == (hasBody && becomes == method))
            let content = request.headers.filter { $0.name.hasPrefix("Content-") }
            #expect(content.isEmpty == (request.body == nil), "\(status) \(method)")
            #expect(world.pages.first?.facts.redirects == 1)
            #expect(world.pages.first?.facts.attempts == 1)
        }
    }

    @Test func targetsAreResolvedAndOurHeadersStay() throws {
        var source = try Make.source()
        source.auth = .fixed([.init(slot: .header("X-API-Key"), secret: Secret("k3y"))])
        for (location, url) in [("?b=2", "/v1/things?b=2"), ("other", "/v1/other"), ("//api.test/x", "/x")] {
            let world = try World.walk(
                Make.stream(.single, records: ""), source: source, [Self.to(location), .json("[]")])
            #expect(world.sent.last?.request.url == "https://api.test" + url)
            #expect(world.sent.last?.request.headers.contains { $0.name == "X-API-Key" && $0.value == "k3y" } == true)
        }
    }

    @Test func chainsAndLoopsHaveAnEnd() throws {
        let chain = try World.walk(
            Make.stream(.single, records: ""), (1...5).map { Self.to("/\($0)") } + [.json("[]")])
        #expect(chain.succeeded)
        let loop = try World.walk(
            Make.stream(.single, records: ""), Array(repeating: Self.to("/v1/things"), count: 99))
        #expect(loop.sent.count == 6)
        #expect(loop.failure?.code == .limit)
        #expect(loop.failure?.httpStatus == 302)
        #expect(loop.failure?.message.contains("more than 5 redirects") == true)
    }

    /// A redirect is a part of its attempt: five hops leave all attempts for what may really fail.
    @Test func redirectsUseUpNoAttempts() throws {
        let world = try World.walk(
            Make.stream(.single, records: ""),
            [Self.to("/1"), Self.to("/2"), Self.to("/3"), Self.to("/4"), .status(500), .status(500), .json("[]")])
        #expect(world.succeeded, "\(world.failure?.message ?? "")")
        #expect(world.pages.first?.facts.attempts == 3)
        #expect(world.pages.first?.facts.redirects == 4)
    }

    @Test func whatAPostLedToMayBeAskedForAgain() throws {
        let world = try World.walk(
            Self.call("POST", body: true), [Self.to("/result", 303), .status(500), .failing(.receiving), .json("[1]")])
        #expect(world.succeeded, "\(world.failure?.message ?? "")")
        #expect(world.sent.map(\.request.method) == ["POST", "GET", "GET", "GET"])
        #expect(world.sent.map(\.request.freshConnection) == [true, false, false, false])
    }

    @Test func whereRedirectsMustNotLead() throws {
        let cases = [
            ("http://api.test/v1/things", "from https to http"), ("https://evil.test/", "another origin"),
            ("https://api.test:444/", "another origin"), ("https://api.test.evil.test/", "another origin"),
            ("https://u:p@api.test/", "user information"), ("ftp://api.test/", "scheme"), ("https:///x", "no host"),
        ]
        for (location, reason) in cases {
            let world = try World.walk(Make.stream(.single, records: ""), [Self.to(location), .json("[]")])
            #expect(world.sent.count == 1, "\(location)")
            #expect(world.failure?.message.contains(reason) == true, "\(world.failure?.message ?? "")")
            #expect(world.failure?.code == .data)
        }
    }

    @Test func listedOriginsAreVisitedAsAStranger() throws {
        var source = try Make.source()
        source.auth = .fixed([.init(slot: .header("X-API-Key"), secret: Secret("k3y"))])
        source.headers = [.init(name: "X-Team", value: .plain("blue"))]
        source.otherOrigins = [try WebURL("https://files.test").origin, try WebURL("http://files.test").origin]
        let world = try World.walk(
            Make.stream(.single, records: ""), source: source, [Self.to("https://files.test/x"), .json("[]")])
        #expect(world.succeeded)
        #expect(world.sent.last?.request.headers.map(\.name) == ["Accept"])
        // Listed or not: never from https to http.
        let down = try World.walk(
            Make.stream(.single, records: ""), source: source, [Self.to("http://files.test/x"), .json("[]")])
        #expect(down.sent.count == 1)
    }

    /// A server that writes a secret into the address of another one (found by fuzzing).
    @Test func aSecretInThePathOfAnotherOriginStaysHere() throws {
        var source = try Make.source()
        source.auth = .fixed([.init(slot: .query("api_key"), secret: Secret("canary key&1"))])
        source.otherOrigins = [try WebURL("https://files.test").origin]
        for place in ["/f/canary%20key%261/x", "/f?q=a-canary+key%261", "/f;k=Y2FuYXJ5IGtleSYx"] {
            let redirect = try World.walk(
                Make.stream(.single, records: ""), source: source, [Self.to("https://files.test\(place)"), .json("[]")])
            let link = try World.walk(
                Make.stream(Make.nextURL()), source: source,
                [.json("{\"data\":[1],\"next\":\"https://files.test\(place)\"}"), .json("{\"data\":[]}")])
            for world in [redirect, link] {
                #expect(world.sent.count == 1, "\(place)")
                let message = try #require(world.failure?.message)
                #expect(message.contains("it would take a credential to https://files.test"), "\(message)")
                #expect(!message.contains("canary") && !message.contains("Y2FuYXJ5"), "\(message)")
            }
        }
        // At home it is followed, and not told.
        let home = try World.walk(
            Make.stream(.single, records: ""), source: source,
            [Self.to("/f/canary%20key%261/x"), .status(404, body: "no")])
        #expect(home.sent.count == 2 && home.failure?.url == "https://api.test/f/(secret)/x")
        // As a parameter it is taken off, as ever.
        let bare = try World.walk(
            Make.stream(.single, records: ""), source: source,
            [Self.to("https://files.test/f?a=1&k=canary+key%261"), .json("[]")])
        #expect(bare.succeeded && bare.sent.last?.request.url == "https://files.test/f?a=1")
    }

    @Test func credentialsDoNotComeBackLaterInTheChain() throws {
        var source = try Make.source()
        source.auth = .fixed([.init(slot: .header("X-API-Key"), secret: Secret("k3y"))])
        source.otherOrigins = [try WebURL("https://files.test").origin]
        let home = source.baseURL.origin.text
        let world = try World.walk(
            Make.stream(.single, records: ""), source: source,
            [Self.to("https://files.test/x"), Self.to("\(home)/chosen-by-a-stranger"), .json("[]")])
        #expect(world.succeeded)
        #expect(world.sent.count == 3)
        #expect(world.sent.last?.request.headers.map(\.name) == ["Accept"])
    }

    @Test func bodiesDoNotGoToAnotherOriginWhateverTheStatus() throws {
        var source = try Make.source()
        source.otherOrigins = [try WebURL("https://files.test").origin]
        for (method, status) in [("POST", 307), ("POST", 308), ("PUT", 301), ("PATCH", 302), ("PUT", 308)] {
            let world = try World.walk(
                Self.call(method, body: true), source: source, [Self.to("https://files.test/", status), .json("[]")])
            #expect(world.sent.count == 1, "\(method) \(status)")
            #expect(world.failure?.message.contains("request body to another origin") == true)
        }
        let becomesGET = try World.walk(
            Self.call("POST", body: true), source: source, [Self.to("https://files.test/", 303), .json("[]")])
        #expect(becomesGET.succeeded)
        #expect(becomesGET.sent.last?.request.body == nil)
    }

    @Test func redirectWithoutATargetIsAnError() throws {
        for status in [300, 301, 304, 307] {
            let world = try World.walk(Make.stream(.single, records: ""), [.status(status)])
            #expect(world.failure?.httpStatus == status)
        }
    }

    @Test func everyHopPaysForItsPermit() throws {
        var source = try Make.source()
        source.limits.rules = [.window(requests: 1, per: .seconds(10))]
        let world = try World.walk(
            Make.stream(.single, records: ""), source: source, [Self.to("/a"), Self.to("/b"), .json("[]")])
        #expect(world.succeeded)
        #expect(world.sent.map { ($0.at - world.sent[0].at).milliseconds } == [0, 10_000, 20_000])
    }
}
