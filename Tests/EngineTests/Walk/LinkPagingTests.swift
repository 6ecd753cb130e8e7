import Engine
import EngineTestKit
import Testing

/// Next URLs, in bodies and Link headers.
@Suite struct LinkPagingTests {
    static func page(_ first: Int, _ next: String?) -> Reply {
        .json("{\"data\":[\(first)]\(next.map { ",\"next\":\"\($0)\"" } ?? "")}")
    }

    @Test func nextURLsAreFollowedAsTheyAre() throws {
        let shapes = [
            ("https://api.test/v1/things?page=2&x=%41", "https://api.test/v1/things?page=2&x=%41"),
            ("/v2/other?c=1", "https://api.test/v2/other?c=1"), ("?page=2", "https://api.test/v1/things?page=2"),
            ("things;p=2", "https://api.test/v1/things;p=2"), ("../v3/x", "https://api.test/v3/x"),
            ("//api.test/v1/y", "https://api.test/v1/y"),
            ("https://API.test:443/v1/z#frag", "https://api.test/v1/z"),
        ]
        for (next, followed) in shapes {
            var stream = try Make.stream(Make.nextURL())
            stream.request.query = [.init(name: "filter", value: .plain("on"))]
            let world = try World.walk(stream, [Self.page(1, next), Self.page(2, nil)])
            #expect(world.succeeded, "\(next): \(world.failure?.message ?? "")")
            #expect(world.sent.last?.request.url == followed, "\(next)")
        }
    }

    @Test func linkHeadersAreFollowed() throws {
        let stream = try Make.stream(.nextURL(from: .link(relation: "next", attribute: nil)), records: "")
        let world = try World.walk(
            stream,
            [
                .json(
                    "[1]", headers: [("Link", "<https://api.test/v1/things?page=9>; rel=last, <?page=2>; rel=\"next\"")]
                ),
                .json("[2]", headers: [("Link", "<?page=1>; rel=\"prev\"")]),
            ])
        #expect(world.succeeded)
        #expect(world.sent.map(\.request.url) == ["https://api.test/v1/things", "https://api.test/v1/things?page=2"])
    }

    @Test func linkAttributesGiveCursors() throws {
        let stream = try Make.stream(
            .cursor(slot: .query("cursor"), from: .link(relation: "next", attribute: "cursor")), records: "")
        let world = try World.walk(
            stream,
            [.json("[1]", headers: [("Link", "<x>; rel=\"next\"; cursor=\"0:100:0\"")]), .json("[2]")])
        #expect(world.targets.last == "/v1/things?cursor=0:100:0")
    }

    @Test func whereNextURLsMustNotLead() throws {
        let cases = [
            ("http://api.test/v1/things?page=2", "it leads from https to http"),
            ("https://evil.test/v1/things", "it leads to another origin"),
            ("https://api.test:8443/v1/things", "it leads to another origin"),
            ("https://user:pw@api.test/x", "user information"), ("ftp://api.test/x", "scheme"),
            ("https://api.test/a b", "a space"),
        ]
        for (next, reason) in cases {
            let world = try World.walk(Make.stream(Make.nextURL()), [Self.page(1, next)])
            let failure = try #require(world.failure, "\(next)")
            #expect(failure.code == .data)
            #expect(failure.message.contains(reason), "\(failure.message)")
            #expect(failure.stream == "things" && failure.page == 0)
            #expect(world.sent.count == 1)
        }
    }

    @Test func nextURLThatIsNoTextIsAnError() throws {
        for next in ["5", "{\"href\":\"/x\"}", "true"] {
            let world = try World.walk(Make.stream(Make.nextURL()), [.json("{\"data\":[1],\"next\":\(next)}")])
            #expect(world.failure?.code == .data, "\(next)")
        }
    }

    @Test func otherOriginsAreFollowedWhenListedAndWithoutAnythingOfOurs() throws {
        var source = try Make.source()
        source.auth = .fixed([
            .init(slot: .header("Authorization"), prefix: "Bearer ", secret: Secret("s3cret")),
            .init(slot: .query("api_key"), secret: Secret("k3y")),
        ])
        source.headers = [.init(name: "X-Team", value: .plain("blue"))]
        source.otherOrigins = [try WebURL("https://files.test").origin]
        let world = try World.walk(
            Make.stream(Make.nextURL()), source: source,
            [
                Self.page(1, "https://files.test/2"), Self.page(2, "https://api.test/v1/things?page=3"),
                Self.page(3, nil),
            ])
        #expect(world.succeeded, "\(world.failure?.message ?? "")")
        #expect(world.sent[0].request.url == "https://api.test/v1/things?api_key=k3y")
        #expect(world.sent[1].request.url == "https://files.test/2")
        #expect(world.sent[1].request.headers.map(\.name) == ["Accept"])
        #expect(world.sent[2].request.headers.map(\.name).contains("Authorization"))
    }

    @Test func requestBodiesDoNotFollowALinkToAnotherOrigin() throws {
        var source = try Make.source()
        source.otherOrigins = [try WebURL("https://files.test").origin]
        var stream = try Make.stream(Make.nextURL())
        stream.request.method = "POST"
        stream.request.idempotent = true
        stream.request.body = .json(.object([.init(name: "token", value: .string("x"))]))
        let world = try World.walk(stream, source: source, [Self.page(1, "https://files.test/2")])
        #expect(world.sent.count == 1)
        #expect(world.failure?.message.contains("request body to another origin") == true)
    }

    /// Servers put the key they were called with into the links they give.
    @Test func secretsAreNotStoredInNextTokens() throws {
        var source = try Make.source()
        source.auth = .fixed([.init(slot: .query("api_key"), secret: Secret("k3y"))])
        source.query = [.init(name: "tenant", value: .secret(Secret("t3nant")))]
        let world = try World.walk(
            Make.stream(Make.nextURL()), source: source,
            [Self.page(1, "?page=2&api_key=k3y&tenant=t3nant"), Self.page(2, nil)])
        #expect(world.succeeded)
        #expect(world.pages.first?.facts.nextToken == "https://api.test/v1/things?page=2")
        #expect(world.sent.last?.request.url == "https://api.test/v1/things?page=2&tenant=t3nant&api_key=k3y")
        #expect(world.pages.last?.facts.url.text == "https://api.test/v1/things?page=2")
    }

    @Test func secretsAreNotStoredInNextTokensOfCalls() throws {
        var source = try Make.source()
        source.auth = .fixed([.init(slot: .query("api_key"), secret: Secret("k3y"))])
        let world = try World.walk(
            Make.stream(.detect, records: nil), source: source, isCall: true,
            [Self.page(1, "https://api.test/v1/things?page=2&api_key=k3y")])
        #expect(world.pages.first?.facts.nextToken == "https://api.test/v1/things?page=2")
    }
}
