import Engine
import EngineTestKit
import Testing

/// Where tokens come from, as documents say it.
@Suite struct ValueSourceTests {
    /// A walk over one stream whose pagination is a cursor from `from`.
    static func walk(_ from: String, _ rest: String = "", _ replies: [Reply]) throws -> World {
        let stream = try stream(
            "\"records\": \"data\", \"pagination\": {\"type\": \"cursor\", \"from\": \(from)\(rest)}")
        return try World.walk(stream, source: source(), replies)
    }

    @Test(arguments: [
        // The last record with has_more, as Stripe has it; the first record for lists that grow at the top.
        (
            "{\"last_record\": \"id\"}, \"has_more\": \"has_more\"",
            "{\"data\":[{\"id\":\"a\"},{\"id\":\"b\"}],\"has_more\":true}",
            "{\"data\":[{\"id\":\"c\"}],\"has_more\":false}", "b"
        ),
        (
            "{\"first_record\": \"meta.id\"}", "{\"data\":[{\"meta\":{\"id\":12345678901234567890}},{}]}",
            "{\"data\":[]}",
            "12345678901234567890"
        ),
        // Cut out of a URL in the body.
        (
            "{\"query_param\": \"after\", \"of\": \"paging.next\"}",
            "{\"data\":[1],\"paging\":{\"next\":\"https://x.test/y?limit=2&after=t%2F1%3D\"}}", "{\"data\":[2]}",
            "t/1%3D"
        ),
        // A number of the body and what is to be added to it.
        ("{\"add\": [\"page\", 1]}", "{\"data\":[1],\"page\":\"7\"}", "{\"data\":[2]}", "8"),
        (
            "{\"add\": [\"offset\", {\"page\": \"count\"}]}", "{\"data\":[1,2,3],\"offset\":10}", "{\"data\":[4]}", "13"
        ),
        // A list of links by relation.
        (
            "{\"find\": \"links\", \"where\": {\"rel\": \"next\"}, \"take\": \"cursor\"}",
            "{\"data\":[1],\"links\":[{\"rel\":\"self\",\"cursor\":\"s\"},{\"rel\":\"next\",\"cursor\":1.10}]}",
            "{\"data\":[2],\"links\":[{\"rel\":\"self\",\"cursor\":\"s\"}]}", "1.10"
        ),
        (
            "{\"find\": \"l\", \"where\": {\"a.b\": 1, \"c\": true}}",
            "{\"data\":[1],\"l\":[{\"c\":true,\"href\":\"x\"},{\"a\":{\"b\":1},\"c\":true,\"href\":\"y\"}]}",
            "{\"data\":[2],\"l\":[]}", "y"
        ),
        (
            "{\"or\": [\"a\", {\"body\": \"b\"}]}", "{\"data\":[1],\"a\":\"\",\"b\":\"t\"}",
            "{\"data\":[2],\"a\":null}", "t"
        ),
        ("{\"body\": \"a\", \"encode\": \"percent\"}", "{\"data\":[1],\"a\":\"b c\"}", "{\"data\":[2]}", "b%2520c"),
    ])
    func tokensComeFrom(_ from: String, _ first: String, _ last: String, _ token: String) throws {
        let world = try Self.walk(from, "", [.json(first), .json(last)])
        #expect(world.succeeded, "\(from): \(world.failure?.message ?? "")")
        #expect(world.targets == ["/v1/s", "/v1/s?cursor=\(token)"], "\(from)")
        #expect(world.warnings.isEmpty)
    }

    @Test func attributesOfLinksAndHeadersGiveTokens() throws {
        func link(_ results: Bool, _ cursor: String) -> [(String, String)] {
            [("Link", "<https://x.test/>; rel=\"next\"; results=\"\(results)\"; CURSOR=\"\(cursor)\"")]
        }
        // As Sentry has it: the link is always there.
        let sentry = try Self.walk(
            "{\"link\": \"next\", \"attribute\": \"Cursor\"}",
            ", \"stop\": [{\"source\": {\"link\": \"next\", \"attribute\": \"results\"}, \"equals\": \"false\"}]",
            [
                .json("{\"data\":[1]}", headers: link(true, "0:100:0")),
                .json("{\"data\":[2]}", headers: link(false, "0:200:0")),
            ])
        #expect(sentry.succeeded && sentry.targets == ["/v1/s", "/v1/s?cursor=0:100:0"])

        let header = try Self.walk(
            "{\"header\": \"X-Next\"}", "",
            [.json("{\"data\":[1]}", headers: [("x-next", "t 1")]), .json("{\"data\":[2]}")])
        #expect(header.succeeded && header.targets.last == "/v1/s?cursor=t%201")

        let url = try World.walk(
            stream(
                "\"records\": \"\", \"pagination\": {\"type\": \"next_url\", \"from\": {\"header\": \"X-Next-Url\"}}"),
            source: source(), [.json("[1]", headers: [("X-Next-Url", "/v1/s?p=2")]), .json("[2]")])
        #expect(url.succeeded && url.targets == ["/v1/s", "/v1/s?p=2"])

        let cut = try Self.walk(
            "{\"query_param\": \"page_info\", \"of\": {\"link\": \"next\"}}", "",
            [
                .json("{\"data\":[1]}", headers: [("Link", "</v1/s?page_info=abc&x=1>; rel=next")]),
                .json("{\"data\":[2]}"),
            ])
        #expect(cut.succeeded && cut.targets.last == "/v1/s?cursor=abc")
    }

    @Test func urlsOfAListOfLinksAreFollowed() throws {
        let world = try World.walk(
            stream(
                "\"records\": \"data\", \"pagination\": {\"type\": \"next_url\", \"from\": {\"find\": \"links\", \"where\": {\"rel\": \"next\"}}}"
            ), source: source(),
            [
                .json("{\"data\":[1],\"links\":[{\"rel\":\"next\",\"href\":\"?p=2\"}]}"),
                .json("{\"data\":[2],\"links\":[{\"rel\":\"prev\",\"href\":\"?p=1\"}]}"),
            ])
        #expect(world.succeeded && world.targets == ["/v1/s", "/v1/s?p=2"])
    }

    @Test func formatsDecideWhatATokenIsInABody() throws {
        func bodies(_ from: String) throws -> [String] {
            let stream = try stream(
                "\"method\": \"POST\", \"idempotent\": true, \"records\": \"data\", \"pagination\": {\"type\": \"cursor\", "
                    + "\"from\": \(from), \"slot\": {\"in\": \"json\", \"name\": \"after\"}}")
            let world = try World.walk(
                stream, source: source(), [.json("{\"data\":[1],\"n\":7,\"t\":\"1.10\"}"), .json("{\"data\":[2]}")])
            #expect(world.succeeded)
            return world.sent.map { String(decoding: $0.request.body ?? [], as: UTF8.self) }
        }
        #expect(try bodies("\"n\"") == ["", "{\"after\":7}"])
        #expect(try bodies("{\"body\": \"n\", \"format\": \"text\"}") == ["", "{\"after\":\"7\"}"])
        #expect(try bodies("\"t\"") == ["", "{\"after\":\"1.10\"}"])
        #expect(try bodies("{\"body\": \"t\", \"format\": \"number\"}") == ["", "{\"after\":1.10}"])
    }

    /// Taken for the end it would lose records.
    @Test func whatIsOfNoUseIsAnErrorAndNotTheEnd() throws {
        for (from, body, part) in [
            ("{\"add\": [\"p\", 1]}", "\"p\":\"seven\"", "the value at \"p\" is \"seven\", not a whole number"),
            ("{\"add\": [\"p\", 1]}", "\"p\":9223372036854775807", "too large"),
            ("{\"add\": [\"p\", 1]}", "\"p\":{\"a\":1}", "is an object"),
            ("{\"body\": \"p\", \"format\": \"number\"}", "\"p\":\"x\"", "not a number"),
            ("{\"body\": \"p\", \"format\": \"number\"}", "\"p\":\"1 2\"", "not a number"),
        ] {
            let world = try Self.walk(from, "", [.json("{\"data\":[1],\(body)}")])
            let failure = try #require(world.failure, "\(from)")
            #expect(failure.code == .data && failure.message.contains(part), "\(failure.message)")
            #expect(failure.message.contains("stream \"s\", page 0"))
            #expect(world.pages.isEmpty)
        }
        // What says "none" is the end.
        for body in ["\"p\":null", "\"p\":\"\"", "\"p\":false", "\"q\":1"] {
            #expect(try Self.walk("{\"add\": [\"p\", 1]}", "", [.json("{\"data\":[1],\(body)}")]).succeeded, "\(body)")
        }
    }

    @Test func cursorsMayHaveAFirstToken() throws {
        // As Solr has it: "*" at first, and at the end the token that was sent.
        let world = try Self.walk(
            "\"next\"", ", \"start\": \"*\", \"stop\": [{\"source\": \"next\", \"equals\": {\"page\": \"token\"}}]",
            [.json("{\"data\":[1],\"next\":\"a\"}"), .json("{\"data\":[2],\"next\":\"a\"}")])
        #expect(world.succeeded && world.targets == ["/v1/s?cursor=*", "/v1/s?cursor=a"])
        let circle = try Self.walk(
            "\"next\"", ", \"start\": \"*\"", [.json("{\"data\":[1],\"next\":\"*\"}"), .json("{\"data\":[2]}")])
        #expect(circle.failure?.message.contains("came before") == true && circle.sent.count == 1)
    }
}
