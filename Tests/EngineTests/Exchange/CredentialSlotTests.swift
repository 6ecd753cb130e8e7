import Engine
import EngineTestKit
import Testing

/// Where fixed credentials go, and what becomes of the request they join.
@Suite struct CredentialSlotTests {
    private func sent(
        _ auth: String, _ stream: String, params: String = "{}", references: FakeReferences = .usual
    ) throws -> TransferRequest {
        let source = try source(
            "\"auth\": \(auth), \"streams\": {\"s\": {\"path\": \"/s\", \"pagination\": \"none\"\(stream)}}",
            params: params, references: references)
        let world = try World.walk(source.streams[0], source: source, [.json("[1]")])
        #expect(world.succeeded, "\(String(describing: world.failure))")
        return try #require(world.sent.first).request
    }
    private func body(_ request: TransferRequest) -> String { String(decoding: request.body ?? [], as: UTF8.self) }
    private func key(_ slot: String, _ rest: String = "") -> String {
        "{\"type\": \"api_key\", \(slot), \"value\": {\"env\": \"TOKEN\"}\(rest)}"
    }
    private func header(_ name: String, _ request: TransferRequest) -> [String] {
        request.headers.filter { $0.name.lowercased() == name }.map(\.value)
    }

    @Test func joinsAForm() throws {
        let request = try sent(key("\"form\": \"k ey\""), ", \"method\": \"POST\", \"form\": {\"a\": \"b&c\"}")
        #expect(body(request) == "a=b%26c&k+ey=canary-token")
        #expect(header("content-type", request) == ["application/x-www-form-urlencoded"])
    }

    @Test func makesAFormOfAnEmptyPost() throws {
        let request = try sent(key("\"form\": \"key\"", ", \"prefix\": \"K \""), ", \"method\": \"POST\"")
        #expect(body(request) == "key=K+canary-token")
        #expect(header("content-type", request) == ["application/x-www-form-urlencoded"])
    }

    @Test func joinsAJSONBodyAtAnyDepth() throws {
        let auth = "[\(key("\"json\": [\"auth\", \"key\"]")), \(key("\"json\": \"top\""))]"
        let request = try sent(auth, ", \"method\": \"POST\", \"json\": {\"a\": [1.10], \"auth\": {\"v\": 2}}")
        #expect(body(request) == #"{"a":[1.1],"auth":{"v":2,"key":"canary-token"},"top":"canary-token"}"#)
        #expect(try body(sent(key("\"json\": \"k\""), ", \"method\": \"POST\"")) == #"{"k":"canary-token"}"#)
    }

    @Test func severalSlotsAtOnce() throws {
        let auth =
            "[\(key("\"header\": \"X-A\"")), \(key("\"header\": \"X-B\"", ", \"prefix\": \"Token token=\"")), \(key("\"query\": \"q\""))]"
        let request = try sent(auth, "")
        #expect(header("x-a", request) == ["canary-token"] && header("x-b", request) == ["Token token=canary-token"])
        #expect(request.parameter("q") == "canary-token")
    }

    @Test func placesInCredentialsAreFilledIn() throws {
        let fixed = "{\"type\": \"bearer\", \"token\": \"{env.TOKEN}.{param.tail}\"}"
        #expect(try header("authorization", sent(fixed, "", params: "{\"tail\": \"x\"}")) == ["Bearer canary-token.x"])
        let prefix = "{\"type\": \"api_key\", \"value\": \"v\", \"prefix\": \"{param.kind} \"}"
        #expect(try header("x-api-key", sent(prefix, "", params: "{\"kind\": \"Key\"}")) == ["Key v"])
        let braces = "{\"type\": \"bearer\", \"token\": \"{{env.TOKEN}}\"}"
        #expect(try header("authorization", sent(braces, "")) == ["Bearer {env.TOKEN}"])
        let basic = "{\"type\": \"basic\", \"username\": \"{env.TOKEN}\"}"
        #expect(try header("authorization", sent(basic, "")) == ["Basic Y2FuYXJ5LXRva2VuOg=="])
    }

    @Test(arguments: [
        ("{\"type\": \"bearer\", \"token\": \"{env.NOPE}\"}", "", "/auth/token", "\"NOPE\" is not set"),
        ("{\"type\": \"bearer\", \"token\": \"{page.token}\"}", "", "/auth/token", "there are no pages"),
        ("{\"type\": \"bearer\", \"token\": \"{evn.TOKEN}\"}", "", "/auth/token", "unknown placeholder"),
        ("{\"type\": \"bearer\", \"token\": \"{param.gone}\"}", "", "/auth/token", "\"gone\" is not given"),
        ("{\"type\": \"api_key\", \"value\": \"v\", \"prefix\": \"{env.TOKEN}\"}", "", "/auth/prefix", "not secret"),
        ("{\"type\": \"api_key\", \"value\": \"v\", \"form\": \"k\"}", "", "/streams/s", "no form body"),
        (
            "{\"type\": \"api_key\", \"value\": \"v\", \"form\": \"k\"}",
            ", \"method\": \"POST\", \"form\": {\"k\": 1}",
            "/streams/s/form", "carries the source's credentials"
        ),
        (
            "{\"type\": \"api_key\", \"value\": \"v\", \"json\": [\"a\", \"b\"]}",
            ", \"method\": \"POST\", \"json\": {\"a\": 1}", "/streams/s/json", "carries the source's credentials"
        ),
        (
            "[{\"type\": \"api_key\", \"value\": \"v\", \"json\": \"a\"}, {\"type\": \"api_key\", \"value\": \"v\", \"form\": \"b\"}]",
            "", "/auth/1", "no request has both"
        ),
        (
            "[{\"type\": \"api_key\", \"value\": \"v\", \"json\": \"a\"}, {\"type\": \"api_key\", \"value\": \"v\", \"json\": [\"a\", \"b\"]}]",
            "", "/auth/1", "two credentials"
        ),
    ])
    func refuses(_ auth: String, _ stream: String, _ pointer: String, _ part: String) throws {
        let refused = try #require(try failure { try self.sent(auth, stream) })
        #expect(refused.pointer == pointer && refused.message.contains(part), "\(refused)")
        #expect(!refused.message.contains("canary"))
    }

    @Test func bodyCredentialsStayAtHome() throws {
        for slot in ["\"form\": \"k\"", "\"json\": \"k\""] {
            let source = try source(
                "\"other_origins\": [\"https://b.example\"], \"auth\": \(key(slot)), \"streams\": {\"s\": {\"path\": \"/s\", \"method\": \"POST\", \"pagination\": \"none\"}}"
            )
            for status in [302, 307, 308] {
                let world = try World.walk(
                    source.streams[0], source: source,
                    [.status(status, [("Location", "https://b.example/")]), .json("[]")])
                #expect(world.sent.count == 2)
                #expect(world.sent.last?.request.body?.isEmpty ?? true)
            }
        }
    }

    @Test func aRedirectThatBecomesAGetHasNoBodyAgain() throws {
        let source = try source(
            "\"auth\": \(key("\"form\": \"k\"")), \"streams\": {\"s\": {\"path\": \"/s\", \"method\": \"POST\", \"form\": {\"a\": 1}, \"pagination\": \"none\"}}"
        )
        let world = try World.walk(
            source.streams[0], source: source, [.status(303, [("Location", "/v1/t")]), .json("[]")])
        #expect(world.sent.map(\.request.method) == ["POST", "GET"])
        #expect(world.sent.last?.request.body == nil)
    }

    @Test func messagesHideASecretInEveryFormThatServersRepeat() throws {
        let plain = "p+s/\"w<ör>d&\\:%1é"
        let references = FakeReferences(variables: ["TOKEN": plain])
        let source = try source("\"auth\": \(key("\"header\": \"X-A\""))", references: references)
        var stream = try Make.stream()
        stream.request.path = "/s"
        let bytes = Array(plain.utf8)
        var said = [plain, #"p+s\/\"w<ör>d&\\:%1é"#, #"p+s/\"w\u003cör\u003ed\u0026\\:%1é"#]
        said += [PercentEncoding.formField(plain), PercentEncoding.encode(plain).lowercased()]
        // Python's way, in either case; a JSON text within another; escapes of either case in one text.
        said += [#"p+s/\"w<\u00f6r>d&\\:%1\u00e9"#, #"p+s/\"w<\u00F6r>d&\\:%1\u00E9"#]
        said += [#"p+s/\\\"w<ör>d&\\\\:%1é"#, #"p+s/\\\"w<\\u00f6r>d&\\\\:%1\\u00e9"#]
        said.append(PercentEncoding.encode(plain).replacing("%2B", with: "%2b"))
        // In other case than it was sent in: hosts are made lower, and what servers do is their own affair.
        said += ["p+S/\"W<ör>d&\\:%1é", PercentEncoding.formField(plain).uppercased()]
        for lead in ["", "u", "us:", "user:"] {
            said.append(Base64.encode(Array(lead.utf8) + bytes + Array("@end".utf8)))
        }
        for text in said {
            let world = try World.walk(stream, source: source, [.status(400, body: "<\(text)>")])
            let shown = try #require(world.failure?.body)
            #expect(shown.contains("(secret)"), "\(text): \(shown)")
            #expect(!shown.contains(text), "\(text)")
        }
    }

    /// A literal or a parameter that is named like a credential is taken for one, though nobody said so.
    @Test func whatIsNamedLikeACredentialIsOne() throws {
        let source = try source(
            """
            "headers": {"X-API-Key": "canary-header", "X-Team": "blue-team"},
            "query": {"access_token": {"param": "t"}, "sort_key": "created_at", "token": "short"},
            "other_origins": ["https://files.test"]
            """, params: #"{"t": "canary-query"}"#)
        let said = "canary-header canary-query blue-team created_at short"
        let world = try World.walk(
            Make.stream(), source: source,
            [
                .status(302, [("Location", "https://files.test/?q=1&access_token=canary-query")]),
                .status(400, body: said),
            ])
        #expect(world.sent.count == 2)
        let (home, away) = (try #require(world.sent.first?.request), try #require(world.sent.last?.request))
        #expect(home.headers.contains { $0.name == "X-API-Key" && $0.value == "canary-header" })
        #expect(home.url.contains("access_token=canary-query") && home.url.contains("sort_key=created_at"))
        #expect(away.url == "https://files.test/?q=1" && away.headers.map(\.name) == ["Accept"])
        #expect(world.failure?.body == "(secret) (secret) blue-team created_at short")
    }

    @Test func partsOfBasicCredentialsAreHidden() throws {
        let auth = "{\"type\": \"basic\", \"username\": {\"env\": \"USER_NAME\"}, \"password\": {\"env\": \"TOKEN\"}}"
        let source = try source("\"auth\": \(auth)")
        let world = try World.walk(
            Make.stream(), source: source, [.status(403, body: "canary-user:canary-token is wrong")])
        #expect(world.failure?.body == "(secret):(secret) is wrong")
    }
}
