import Engine
import EngineTestKit
import Testing

/// Where values go in requests, as documents say it.
@Suite struct PlaceholderTests {
    static let next = Reply.json("{\"data\":[1],\"next\":\"t/1\",\"sid\":\"s 1\"}", headers: [("X-Seen", "7")])
    static let last = Reply.json("{\"data\":[2],\"sid\":\"s2\"}")

    static func walk(_ members: String, params: String = "{}", path: String = "/s", _ replies: [Reply] = [next, last])
        throws -> World
    {
        let source = try source(
            "\"streams\": {\"s\": {\"path\": \"\(path)\", \"records\": \"data\", \(members)}}", params: params)
        return try World.walk(#require(source.streams.first), source: source, replies)
    }
    static func bodies(_ world: World) -> [String] {
        world.sent.map { String(decoding: $0.request.body ?? [], as: UTF8.self) }
    }

    static let cursor = "\"pagination\": {\"type\": \"cursor\", \"from\": \"next\", \"size\": 5}"

    @Test func placesInTextsAreFilledIn() throws {
        let world = try Self.walk(
            """
            "query": {"filter": "after:{page.token} top:{page.size}", "who": "{param.who}/x", "plain": "{a}{{page.token}} {\\"b\\":{}}"},
            "headers": {"X-Page": "{page.index}"}, \(Self.cursor)
            """, params: "{\"who\": \"me\"}")
        #expect(world.succeeded, "\(world.failure?.message ?? "")")
        #expect(world.violations.isEmpty)
        let urls = try world.sent.map { try WebURL($0.request.url) }
        #expect(urls.map { $0.queryValue("filter") } == ["after: top:5", "after:t/1 top:5"])
        #expect(urls.map { $0.queryValue("who") } == ["me/x", "me/x"])
        #expect(urls[0].queryValue("plain") == "{a}{page.token} {\"b\":{}}")
        #expect(urls.allSatisfy { $0.queryValue("cursor") == nil && $0.queryValue("limit") == nil })
        #expect(world.sent.map { $0.request.headers.first { $0.name == "X-Page" }?.value } == ["0", "1"])
    }

    @Test func aFieldThatIsOnlyAPlaceIsLeftOutWhileThereIsNoValue() throws {
        let world = try Self.walk(
            "\"query\": {\"after\": \"{page.token}\", \"n[gte]\": 1, \"t[]\": [1, 2], \"D>\": \"x\"}, \(Self.cursor)")
        #expect(world.succeeded)
        #expect(
            world.targets == [
                "/v1/s?n[gte]=1&t[]=1&t[]=2&D%3E=x&limit=5", "/v1/s?n[gte]=1&t[]=1&t[]=2&D%3E=x&limit=5&after=t/1",
            ])
    }

    @Test func fieldsComeAndGo() throws {
        let world = try Self.walk(
            """
            "query": {"a": {"value": "1", "when": "first_page"}, "b": {"value": [2, 3], "when": "next_pages"},
                      "sid": {"value": {"body": "sid"}, "when": "next_pages"}, "e": {"value": "", "omit_empty": true},
                      "s": {"header": "X-Seen", "default": "0"}},
            "headers": {"X-First": {"value": "1", "when": "first_page"}, "X-Sid": "{body.sid}"}, \(Self.cursor)
            """)
        #expect(world.succeeded, "\(world.failure?.message ?? "")")
        #expect(world.targets == ["/v1/s?limit=5&a=1&s=0", "/v1/s?limit=5&b=2&b=3&sid=s%201&s=7&cursor=t/1"])
        let headers = world.sent.map {
            $0.request.headers.filter { $0.name.hasPrefix("X-") }.map { "\($0.name)=\($0.value)" }
        }
        #expect(headers == [["X-First=1"], ["X-Sid=s 1"]])
    }

    @Test func pagesAskedForAtOnceHaveTheirFieldsToo() throws {
        let paging = "\"pagination\": {\"type\": \"page\", \"total_pages\": \"pages\"}, \"parallel\": 3"
        let replies = (1...4).map { Reply.json("{\"data\":[\($0)],\"pages\":4,\"sid\":\"s\($0)\"}") }
        let known = try Self.walk(
            "\"query\": {\"f\": {\"value\": \"x\", \"when\": \"first_page\"}, \"q\": \"p{page.token}\"}, \(paging)",
            replies)
        #expect(known.succeeded && known.targets == ["/v1/s?f=x&q=p1", "/v1/s?q=p2", "/v1/s?q=p3", "/v1/s?q=p4"])
        // What hangs on the page before can't be asked for before that is there.
        let hanging = try Self.walk("\"query\": {\"sid\": {\"body\": \"sid\"}}, \(paging)", replies)
        #expect(hanging.succeeded)
        #expect(
            hanging.targets == ["/v1/s?page=1", "/v1/s?sid=s1&page=2", "/v1/s?sid=s2&page=3", "/v1/s?sid=s3&page=4"])
    }

    @Test func aValueThatAResponseDidNotGiveIsAnError() throws {
        let replies = [Reply.json("{\"data\":[1],\"next\":\"t\"}"), Self.last]
        let world = try Self.walk("\"query\": {\"sid\": {\"body\": \"sid\"}}, \(Self.cursor)", replies)
        #expect(world.failure?.code == .data && world.sent.count == 1)
        #expect(
            world.failure?.message.contains(
                "stream \"s\", page 1: query parameter sid: the value at \"sid\" was not in the response") == true,
            "\(world.failure?.message ?? "")")
        #expect(world.records == ["1"])
        for rest in ["\"default\": \"d\"}", "\"encode\": \"percent\"}, \"omit_empty\": true}"] {
            let source =
                rest.hasSuffix("true}") ? "{\"value\": {\"body\": \"sid\", \(rest)" : "{\"body\": \"sid\", \(rest)"
            #expect(try Self.walk("\"query\": {\"sid\": \(source)}, \(Self.cursor)", replies).succeeded, "\(source)")
        }
    }

    @Test func jsonBodiesAreFilledIn() throws {
        let world = try Self.walk(
            """
            "method": "POST", "idempotent": true, \(Self.cursor),
            "json": {"after": "{page.token}", "limit": "{page.size}", "q": "{ a { b } } {page.index}", "deep": [{"n": "{page.index}"}, 1.5],
                     "fixed": {"x": null}},
            "fields": [{"in": "json", "name": ["session", "id"], "value": "{body.sid}", "when": "next_pages"},
                       {"in": "json", "name": "kind", "value": 3, "when": "first_page"},
                       {"in": "json", "name": "seen", "value": {"header": "X-Seen", "format": "number"}},
                       {"in": "json", "name": "none", "value": "", "omit_empty": true}]
            """)
        #expect(world.succeeded, "\(world.failure?.message ?? "")")
        #expect(
            Self.bodies(world) == [
                "{\"after\":null,\"limit\":5,\"q\":\"{ a { b } } 0\",\"deep\":[{\"n\":0},1.5],\"fixed\":{\"x\":null},\"kind\":3}",
                "{\"after\":\"t/1\",\"limit\":5,\"q\":\"{ a { b } } 1\",\"deep\":[{\"n\":1},1.5],\"fixed\":{\"x\":null},"
                    + "\"session\":{\"id\":\"s 1\"},\"seen\":7}",
            ])
    }

    @Test func formsAndTextsAreFilledIn() throws {
        let form = try Self.walk(
            """
            "method": "POST", "idempotent": true, "form": {"a": [1, 2], "sid": {"value": {"body": "sid"}, "when": "next_pages"},
            "page": "{page.token}"}, "pagination": {"type": "page", "start": 0, "stop": [{"source": {"page": "index"}, "at_least": 1}]}
            """)
        #expect(form.succeeded, "\(form.failure?.message ?? "")")
        #expect(Self.bodies(form) == ["a=1&a=2&page=0", "a=1&a=2&sid=s+1&page=1"])
        let text = try Self.walk(
            "\"method\": \"POST\", \"idempotent\": true, \"text\": \"scroll {page.token} {x}\", \"content_type\": \"text/plain\", \(Self.cursor)"
        )
        #expect(text.succeeded && Self.bodies(text) == ["scroll  {x}", "scroll t/1 {x}"])
    }

    @Test func pathsTakeTokens() throws {
        let start = "\"pagination\": {\"type\": \"cursor\", \"from\": \"next\", \"start\": \"0\"}"
        let placed = try Self.walk(start, path: "/s/{page.token}/x")
        #expect(placed.succeeded && placed.targets == ["/v1/s/0/x", "/v1/s/t%2F1/x"])
        let slot = try Self.walk(
            "\"pagination\": {\"type\": \"page\", \"slot\": {\"in\": \"path\", \"name\": \"n\"}, \"size\": {\"value\": 2, \"slot\": {\"in\": \"path\", \"name\": \"m\"}}, \"max_pages\": 2}",
            path: "/s/{n}/{m}/{{y}}?z=1", [Reply.json("{\"data\":[1,1]}"), Reply.json("{\"data\":[2]}")])
        #expect(
            slot.succeeded && slot.targets == ["/v1/s/1/2/%7By%7D?z=1", "/v1/s/2/2/%7By%7D?z=1"], "\(slot.targets)")
        let climbs = try Self.walk(start, path: "/s/{page.token}", [.json("{\"data\":[1],\"next\":\"..\"}")])
        #expect(climbs.failure?.message.contains("{page.token} is \"..\", which can't be part of a path") == true)
    }

    @Test func secretsInTextsGoOutAndNowhereElse() throws {
        let canary = "canary-token"
        let world = try Self.walk(
            """
            "method": "POST", "idempotent": true, "query": {"k": "key={env.TOKEN}"}, "headers": {"X-K": "v1 {env.TOKEN}"},
            "json": {"key": "{env.TOKEN}", "token": "{page.token}"}, "pagination": {"type": "cursor", "from": "next"}
            """, [Self.next, .status(400, body: "no: canary-token")])
        #expect(try WebURL(world.sent[0].request.url).queryValue("k") == "key=" + canary)
        #expect(world.sent[0].request.headers.contains { $0.name == "X-K" && $0.value == "v1 " + canary })
        #expect(Self.bodies(world)[0] == "{\"key\":\"canary-token\",\"token\":null}")
        #expect(world.failure?.message.contains(canary) == false && world.failure?.body?.contains(canary) == false)
        #expect(world.pages.allSatisfy { !$0.facts.url.text.contains(canary) })
        #expect(throws: Failure.self) {
            let source = try source(
                "\"other_origins\": [\"https://x.example\"], \"streams\": {\"s\": {\"path\": \"https://x.example/s\", \"method\": \"POST\", \"json\": {\"k\": \"{env.TOKEN}\"}}}"
            )
            let world = try World.walk(#require(source.streams.first), source: source, [Self.last])
            if let failure = world.failure { throw failure }
        }
    }

    @Test func nextURLsMayKeepTheQuery() throws {
        func targets(_ keep: String) throws -> [String] {
            let world = try Self.walk(
                "\"query\": {\"status\": \"open\", \"t[]\": [1, 2], \"f\": {\"value\": \"x\", \"when\": \"first_page\"}}, \"pagination\": {\"type\": \"next_url\", \"from\": \"next\", \"size\": {\"value\": 5, \"param\": \"limit\"}\(keep)}",
                [.json("{\"data\":[1],\"next\":\"?page=2&status=old\"}"), Self.last])
            #expect(world.succeeded)
            return world.targets
        }
        let first = "/v1/s?status=open&t[]=1&t[]=2&limit=5&f=x"
        #expect(try targets("") == [first, "/v1/s?page=2&status=old"])
        #expect(try targets(", \"keep_query\": true") == [first, "/v1/s?page=2&status=old&t[]=1&t[]=2&limit=5"])
    }

    @Test func graphQLHasItsVariablesAndItsErrors() throws {
        let members =
            """
            "graphql": {"query": "query($after: String, $n: Int) { list(first: $n, after: $after) { nodes { id } } }",
                        "variables": {"n": "{page.size}"}},
            "pagination": {"type": "cursor", "from": "data.list.end", "slot": {"in": "graphql", "name": "after"},
                           "size": {"value": 2, "slot": {"in": "graphql", "name": "n"}}}
            """.replacing("\n", with: " ")
        func walk(_ replies: [Reply]) throws -> World {
            let source = try source(
                "\"streams\": {\"s\": {\"path\": \"/s\", \"records\": \"data.list.nodes\", \(members)}}")
            return try World.walk(#require(source.streams.first), source: source, replies)
        }
        let good = try walk([
            .json("{\"data\":{\"list\":{\"nodes\":[1,2],\"end\":\"e\"}}}"),
            .json("{\"data\":{\"list\":{\"nodes\":[3],\"end\":null}},\"errors\":[{\"message\":\"half\"}]}"),
        ])
        #expect(good.succeeded && good.records == ["1", "2", "3"])
        #expect(good.sent.allSatisfy { $0.request.method == "POST" && !$0.request.freshConnection })
        #expect(Self.bodies(good)[0].hasSuffix("\"variables\":{\"n\":2}}"))
        #expect(Self.bodies(good)[1].hasSuffix("\"variables\":{\"n\":2,\"after\":\"e\"}}"))
        #expect(good.warnings == ["GraphQL errors beside the data: half"])
        for answer in [
            "{\"data\":null,\"errors\":[{\"message\":\"no such field\"},{}]}",
            "{\"errors\":[{\"message\":\"no such field\"},1]}",
            "{\"data\":{\"list\":null},\"errors\":[{\"message\":\"no such field\"},1]}",
            "{\"data\":{\"list\":{\"nodes\":null}},\"errors\":[{\"message\":\"no such field\"},1]}",
        ] {
            let bad = try walk([.json(answer)])
            #expect(
                bad.failure?.message == "stream \"s\", page 0: the GraphQL request failed: no such field (and 1 more)",
                "\(answer)")
        }
    }
}
