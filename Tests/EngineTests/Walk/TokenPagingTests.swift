import Engine
import EngineTestKit
import Testing

/// Cursors, in every shape and place.
@Suite struct TokenPagingTests {
    static func page(_ first: Int, _ next: String?) -> Reply {
        .json("{\"data\":[\(first)]\(next.map { ",\"next\":" + $0 } ?? "")}")
    }

    @Test func tokensGoBackAsTheyStood() throws {
        let shapes = [
            ("\"abc\"", "abc"), ("\"0\"", "0"), ("0", "0"), ("17", "17"), ("1.10", "1.10"),
            ("12345678901234567890123", "12345678901234567890123"), ("\"a b&c=d+e/f\"", "a%20b%26c%3Dd%2Be/f"),
            ("\"\\u00fc\"", "%C3%BC"),
        ]
        for (token, sent) in shapes {
            let world = try World.walk(Make.stream(Make.cursor()), [Self.page(1, token), Self.page(2, nil)])
            #expect(world.succeeded, "\(token)")
            #expect(world.targets == ["/v1/things", "/v1/things?cursor=\(sent)"], "\(token)")
        }
    }

    @Test func whatIsNoTokenEndsTheWalk() throws {
        for token in [nil, "null", "\"\"", "false"] {
            let world = try World.walk(Make.stream(Make.cursor()), [Self.page(1, token)])
            #expect(world.succeeded, "\(token ?? "missing")")
            #expect(world.pages.first?.facts.hasMore == false)
        }
    }

    @Test func tokenThatIsNoTextIsAnErrorWithItsPlace() throws {
        for (token, kind) in [("true", "a boolean"), ("{\"a\":1}", "an object"), ("[1]", "an array")] {
            let world = try World.walk(Make.stream(Make.cursor()), [Self.page(1, "\"a\""), Self.page(2, token)])
            let failure = try #require(world.failure)
            #expect(failure.code == .data)
            #expect(
                failure.message
                    == "stream \"things\", page 1: the cursor (the value at \"next\") is \(kind), not a text or number")
            #expect(failure.page == 1)
        }
    }

    @Test func emptyTextIsATokenWhenAskedFor() throws {
        var stream = try Make.stream(Make.cursor())
        stream.paging.emptyTokenIsToken = true
        let world = try World.walk(stream, [Self.page(1, "\"\""), Self.page(2, nil)])
        #expect(world.succeeded)
        #expect(world.targets.last == "/v1/things?cursor=")
    }

    @Test func moreWithoutATokenIsAnError() throws {
        for token in [nil, "null", "\"\""] {
            var stream = try Make.stream(Make.cursor())
            stream.paging.hasMore = try Make.body("more")
            let body = "{\"data\":[1],\"more\":true\(token.map { ",\"next\":" + $0 } ?? "")}"
            let world = try World.walk(stream, [.json(body)])
            #expect(world.failure?.code == .data)
            #expect(world.failure?.message.contains("has_more says that another page follows") == true)
        }
    }

    @Test func lastPageThatStillCarriesACursorEndsByItsFlag() throws {
        var stream = try Make.stream(Make.cursor())
        stream.paging.hasMore = try Make.body("more")
        let world = try World.walk(
            stream,
            [
                .json("{\"data\":[1],\"more\":true,\"next\":\"a\"}"),
                .json("{\"data\":[2],\"more\":false,\"next\":\"b\"}"),
            ])
        #expect(world.succeeded)
        #expect(world.records == ["1", "2"])
    }

    @Test func lastPageThatStillCarriesACursorEndsByItsEmptinessWhenAskedFor() throws {
        var stream = try Make.stream(Make.cursor())
        let replies: [Reply] = [
            .json("{\"data\":[1],\"next\":\"a\"}"), .json("{\"data\":[],\"next\":\"b\"}"),
            .json("{\"data\":[2]}"),
        ]
        #expect(try World.walk(stream, replies).records == ["1", "2"])
        stream.paging.stopOnEmptyPage = true
        let world = try World.walk(stream, replies)
        #expect(world.succeeded)
        #expect(world.records == ["1"])
    }

    // MARK: where tokens go

    @Test func tokensGoIntoJSONBodies() throws {
        var stream = try Make.stream(Make.cursor(into: .json(["page", "after"])))
        stream.request.method = "POST"
        stream.request.idempotent = true
        stream.request.body = .json(.object([.init(name: "q", value: .string("x"))]))
        stream.paging.size = PagingPlan.Size(slot: .json(["page", "size"]), value: 2)
        let world = try World.walk(stream, [Self.page(1, "\"t\""), Self.page(2, "99"), Self.page(3, nil)])
        #expect(world.succeeded)
        let bodies = world.sent.map { String(decoding: $0.request.body ?? [], as: UTF8.self) }
        #expect(
            bodies == [
                "{\"q\":\"x\",\"page\":{\"size\":2}}", "{\"q\":\"x\",\"page\":{\"size\":2,\"after\":\"t\"}}",
                // A number stays one: servers that give numbers compare numbers.
                "{\"q\":\"x\",\"page\":{\"size\":2,\"after\":99}}",
            ])
    }

    @Test func tokensGoIntoForms() throws {
        var stream = try Make.stream(Make.cursor(into: .form("after")))
        stream.request.method = "POST"
        stream.request.idempotent = true
        stream.request.body = .form([.init(name: "q", value: .plain("a b"))])
        let world = try World.walk(stream, [Self.page(1, "\"t&\""), Self.page(2, nil)])
        #expect(world.succeeded)
        #expect(
            world.sent.map { String(decoding: $0.request.body ?? [], as: UTF8.self) } == ["q=a+b", "q=a+b&after=t%26"])
    }

    @Test func tokensGoIntoHeadersAndComeFromThem() throws {
        let stream = try Make.stream(.cursor(slot: .header("X-Next"), from: .header("x-continue")))
        let world = try World.walk(
            stream, [.json("{\"data\":[1]}", headers: [("X-Continue", "t1")]), .json("{\"data\":[2]}")])
        #expect(world.succeeded)
        #expect(world.sent.map { $0.request.headers.first { $0.name == "X-Next" }?.value } == [nil, "t1"])
    }

    @Test func tokenThatWouldBreakAHeaderIsAnErrorOnce() throws {
        let world = try World.walk(
            Make.stream(Make.cursor(into: .header("X-Next"))), [Self.page(1, "\"a\\r\\nX-Evil: 1\"")])
        #expect(world.failure?.code == .data)
        #expect(world.failure?.stream == "things")
        #expect(world.endings.count == 1)
        #expect(world.violations.isEmpty, "\(world.violations)")
        #expect(world.sent.count == 1)
    }

    @Test func cursorIsTheLastRecordsField() throws {
        var stream = try Make.stream(
            .cursor(slot: .query("starting_after"), from: .lastRecord(try JSONPath("id"))))
        stream.paging.hasMore = try Make.body("has_more")
        let world = try World.walk(
            stream,
            [
                .json("{\"data\":[{\"id\":\"a\"},{\"id\":\"b\"}],\"has_more\":true}"),
                .json("{\"data\":[{\"id\":\"c\"}],\"has_more\":false}"),
            ])
        #expect(world.succeeded)
        #expect(world.targets.last == "/v1/things?starting_after=b")
    }

    @Test func cursorIsCutOutOfAURL() throws {
        let stream = try Make.stream(
            .cursor(slot: .query("after"), from: .queryParameter("cursor", of: try Make.body("paging.next"))))
        let world = try World.walk(
            stream,
            [
                .json("{\"data\":[1],\"paging\":{\"next\":\"https://elsewhere.test/x?a=1&cursor=q%2F1\"}}"),
                .json("{\"data\":[2],\"paging\":{}}"),
            ])
        #expect(world.succeeded)
        #expect(world.targets.last == "/v1/things?after=q/1")
    }

    @Test func firstPlaceThatHoldsSomethingCounts() throws {
        let source = ValueSource.first([try Make.body("a"), try Make.body("b"), .header("x-next")])
        let world = try World.walk(
            Make.stream(.cursor(slot: .query("c"), from: source)),
            [
                .json("{\"data\":[1],\"a\":\"\",\"b\":\"1\"}"),
                .json("{\"data\":[2],\"a\":null}", headers: [("x-next", "2")]),
                .json("{\"data\":[3]}"),
            ])
        #expect(world.succeeded)
        #expect(world.targets.dropFirst() == ["/v1/things?c=1", "/v1/things?c=2"])
    }

    @Test func configuredParametersStayOnEveryPage() throws {
        var stream = try Make.stream(Make.cursor())
        stream.request.query = [.init(name: "status", value: .plain("open"))]
        let world = try World.walk(stream, [Self.page(1, "\"t\""), Self.page(2, nil)])
        #expect(world.targets == ["/v1/things?status=open", "/v1/things?status=open&cursor=t"])
    }
}
