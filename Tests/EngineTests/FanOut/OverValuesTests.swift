import EngineTestKit
import Testing

@testable import Engine

/// Where the values come from, and where they go.
@Suite struct OverValuesTests {
    /// The targets of a stream with that "over", against a server that has three users and echoes nothing.
    private func targets(
        _ over: String, path: String = "/x/{a}", more: String = "", params: String = "{}", users: String? = nil
    ) throws -> [String] {
        let world = try world(over, path: path, more: more, params: params, users: users)
        #expect(world.succeeded, "\(world.violations) \(String(describing: world.failure))")
        return world.targets.filter { !$0.hasPrefix("/v1/users") }
    }

    private func world(
        _ over: String, path: String = "/x/{a}", more: String = "", params: String = "{}", users: String? = nil
    ) throws -> World {
        let world = World { request, _ in
            if request.url.contains("/v1/users") {
                return .json(users ?? "[{\"id\":1,\"name\":\"A b\"},{\"id\":1.10},{\"id\":12345678901234567890}]")
            }
            return .json("[{}]")
        }
        let source = try source(
            "\"streams\": {\"users\": {\"path\": \"/users\", \"records\": \"\", \"pagination\": \"none\"}, "
                + "\"s\": {\"path\": \"\(path)\", \"pagination\": \"none\"\(more), \"over\": \(over)}}", params: params)
        return try world.walk("s", of: source)
    }

    private let users = "{\"stream\": \"users\", \"key\": \"id\", \"as\": \"a\"}"

    @Test func itemsOfTheDocument() throws {
        #expect(
            try targets("{\"items\": [\"eu\", \"u s\", 7, 1.5], \"as\": \"a\"}")
                == ["/v1/x/eu", "/v1/x/u%20s", "/v1/x/7", "/v1/x/1.5"])
    }

    @Test func numbersGoOutAsTheyStood() throws {
        #expect(try targets(users) == ["/v1/x/1", "/v1/x/1.10", "/v1/x/12345678901234567890"])
    }

    @Test func aRecordThatIsAScalarIsItsOwnKey() throws {
        let over = "{\"stream\": \"users\", \"key\": \"\", \"as\": \"a\"}"
        #expect(try targets(over, users: "[\"p\",\"q\"]") == ["/v1/x/p", "/v1/x/q"])
    }

    @Test func itemsOfAParameter() throws {
        let over = "{\"items\": {\"param\": \"p\"}, \"as\": \"a\"}"
        #expect(try targets(over, params: "{\"p\": [\"x\", 2]}") == ["/v1/x/x", "/v1/x/2"])
        #expect(try targets(over, params: "{\"p\": \"x,y\"}") == ["/v1/x/x%2Cy"])
        #expect(try targets(over, params: "{\"p\": []}") == [])
    }

    @Test func aParameterOrElseTheParent() throws {
        let over =
            "{\"items\": {\"param\": \"p\"}, \"as\": \"a\", \"else\": {\"stream\": \"users\", \"key\": \"id\"}}"
        #expect(try targets(over, params: "{\"p\": [\"x\"]}") == ["/v1/x/x"])
        #expect(try targets(over).count == 3)
    }

    @Test func aParameterOfThePaginator() throws {
        let over = "{\"items\": {\"param\": \"p\"}, \"as\": \"a\"}"
        let source = try source("\"streams\": {\"s\": {\"path\": \"/x/{a}\", \"over\": \(over)}}")
        #expect(source.streams.first?.missingParameters == ["p"])
        let given = try Stream.parse(
            options: json("{\"stream\": \"s\", \"params\": {\"p\": [\"x\", \"y\"]}, \"max_records\": 3}"),
            source: source, references: FakeReferences.usual)
        #expect(given.over?.maxRecords == 3 && given.paging.maxRecords == nil)
        guard case .items(let values)? = given.over?.dimensions.first?.origin else {
            Issue.record("no items")
            return
        }
        #expect(values.map(\.text) == ["x", "y"])
        let missing = try failure {
            try Stream.parse(
                options: json("{\"stream\": \"s\"}"), source: source, references: FakeReferences.usual)
        }
        #expect(missing?.pointer == "/streams/s/over/items")
        #expect(missing?.message.contains("parameter \"p\" is not given") == true)
    }

    // MARK: products and batches

    @Test func productsTurnTheLastFastest() throws {
        let over =
            "[{\"items\": [\"e\", \"w\"], \"as\": \"r\"}, \(users), {\"items\": [1, 2], \"as\": \"n\"}]"
        let all = try targets(over, path: "/{r}/{a}", more: ", \"query\": {\"n\": {\"over\": \"n\"}}")
        #expect(
            all.prefix(4) == ["/v1/e/1?n=1", "/v1/e/1?n=2", "/v1/e/1.10?n=1", "/v1/e/1.10?n=2"])
        #expect(all.count == 12)
        #expect(Set(all).count == 12)
    }

    @Test func aProductWithNothingIsNothing() throws {
        for over in ["[{\"items\": [1], \"as\": \"r\"}, \(users)]", "[\(users), {\"items\": [1], \"as\": \"r\"}]"] {
            #expect(try targets(over, path: "/{r}/{a}", users: "[]") == [])
        }
    }

    @Test func batchesInEveryPlace() throws {
        let over = "{\"items\": [1, \"b/c\", 3, 4, 5], \"as\": \"a\", \"batch\": 2"
        #expect(
            try targets(over + "}", more: ", \"query\": {\"ids\": {\"over\": \"a\"}}") == [
                "/v1/x/1,b%2Fc?ids=1,b/c", "/v1/x/3,4?ids=3,4", "/v1/x/5?ids=5",
            ])
        #expect(
            try targets(over + ", \"separator\": \";\"}") == ["/v1/x/1;b%2Fc", "/v1/x/3;4", "/v1/x/5"])
        #expect(
            try targets(over + ", \"repeat\": true}", path: "/x", more: ", \"query\": {\"ids[]\": {\"over\": \"a\"}}")
                == ["/v1/x?ids[]=1&ids[]=b/c", "/v1/x?ids[]=3&ids[]=4", "/v1/x?ids[]=5"])
    }

    @Test func batchesGoAcrossPagesOfTheParent() throws {
        let server = OverServer(users: 7)
        let world = World { request, _ in
            request.url.contains("ids=") ? .json("[{}]") : server.reply(request)
        }
        let batches =
            "\"s\": {\"path\": \"/s\", \"pagination\": \"none\", \"query\": {\"ids\": {\"over\": \"id\"}}, \"over\": "
            + "{\"stream\": \"users\", \"key\": \"id\", \"as\": \"id\", \"batch\": 3}}"
        try world.walk("s", of: OverServer.source(OverServer.users, batches))
        #expect(
            world.targets.filter { $0.contains("ids=") } == ["/v1/s?ids=0,1,2", "/v1/s?ids=3,4,5", "/v1/s?ids=6"])
        #expect(world.pages.last?.facts.metadata.contains("\"over\":{\"id\":[\"6\"]}") == true)
    }

    @Test func aSeparatorInsideAValueIsNoSilentSplit() throws {
        let over = "{\"items\": [\"a,b\", \"c\"], \"as\": \"a\", \"batch\": 2}"
        let world = try world(over, path: "/x", more: ", \"query\": {\"ids\": {\"over\": \"a\"}}")
        #expect(world.failure?.message.contains("a \"a,b\" holds the separator") == true, "\(world.targets)")
        // Encoded, it can't be mistaken.
        #expect(try targets(over) == ["/v1/x/a%2Cb,c"])
    }

    // MARK: places

    @Test func headersFormsAndBodies() throws {
        let world = try world(
            users, path: "/x",
            more: ", \"method\": \"POST\", \"headers\": {\"X-User\": {\"over\": \"a\"}}, \"json\": "
                + "{\"filter\": {\"user\": {\"over\": \"a\"}, \"other\": {\"over\": \"b\"}}}")
        let sent = world.sent.filter { !$0.request.url.contains("users") }
        #expect(
            sent.map { String(decoding: $0.request.body ?? [], as: UTF8.self) }.prefix(2) == [
                "{\"filter\":{\"user\":1,\"other\":{\"over\":\"b\"}}}",
                "{\"filter\":{\"user\":1.10,\"other\":{\"over\":\"b\"}}}",
            ])
        #expect(sent[1].request.headers.contains { $0.name == "X-User" && $0.value == "1.10" })
        let form = try self.world(
            users, path: "/x", more: ", \"method\": \"POST\", \"form\": {\"id\": {\"over\": \"a\"}}")
        #expect(String(decoding: form.sent[1].request.body ?? [], as: UTF8.self) == "id=1")
    }

    @Test func placesInTexts() throws {
        let world = try world(
            users, path: "/x/{over.a}/y",
            more: ", \"method\": \"POST\", \"headers\": {\"X\": \"u-{over.a}\"}, \"query\": {\"q\": \"id:{over.a}\"}, "
                + "\"json\": {\"a\": \"{over.a}\", \"b\": \"<{over.a}>\", \"c\": \"{{over.a}}\"}",
            users: "[{\"id\":7}]")
        let sent = try #require(world.sent.last?.request)
        #expect(sent.url.hasSuffix("/x/7/y?q=id:7") || sent.url.hasSuffix("/x/7/y?q=id%3A7"))
        #expect(String(decoding: sent.body ?? [], as: UTF8.self) == "{\"a\":7,\"b\":\"<7>\",\"c\":\"{over.a}\"}")
        #expect(sent.headers.contains { $0.name == "X" && $0.value == "u-7" })
    }

    @Test func batchesInBodiesAreLists() throws {
        let world = try world(
            "{\"items\": [1, \"b\", 3], \"as\": \"a\", \"batch\": 2}", path: "/x",
            more: ", \"method\": \"POST\", \"graphql\": {\"query\": \"query($a: [ID!]) { x }\", \"variables\": "
                + "{\"a\": {\"over\": \"a\"}, \"t\": \"{over.a};\"}}")
        let bodies = world.sent.map { String(decoding: $0.request.body ?? [], as: UTF8.self) }
        #expect(bodies.count == 2)
        #expect(bodies.first?.hasSuffix("\"variables\":{\"a\":[1,\"b\"],\"t\":\"1,b;\"}}") == true, "\(bodies)")
        #expect(bodies.last?.hasSuffix("\"variables\":{\"a\":[3],\"t\":\"3;\"}}") == true)
    }

    @Test func carriedFieldsAreTextsOrNumbersWhereTheyGoIntoARequest() throws {
        let over =
            "{\"stream\": \"users\", \"key\": \"id\", \"as\": \"a\", \"carry\": {\"n\": \"name\"}, \"on_error\": \"skip\"}"
        let world = try world(over, more: ", \"query\": {\"n\": {\"over\": \"n\"}}")
        #expect(world.targets.filter { $0.contains("/x/") } == ["/v1/x/1?n=A%20b"])
        #expect(world.warnings.count == 2)
        #expect(world.warnings.allSatisfy { $0.hasSuffix("over: n is not a text or number") })
    }

    @Test func severalParentsOneAfterTheOther() throws {
        let parents =
            #""a": {"path": "/a", "records": "", "pagination": "none"}, "b": {"path": "/b", "records": "", "pagination": {"type": "page", "stop_on_empty_page": true}}, "c": {"path": "/{r}/c", "records": "", "pagination": "none", "over": {"items": ["p", "q"], "as": "r"}}"#
        let over =
            #"{"streams": [{"stream": "a", "key": "id"}, {"stream": "b", "key": "n"}, {"stream": "c", "key": "id"}], "as": "x""#
        func targets(_ more: String) throws -> [String] {
            let world = World { request, _ in
                guard let url = try? WebURL(request.url) else { return .status(400) }
                switch url.requestTarget {
                case "/v1/a": return .json("[]")
                case "/v1/b?page=1": return .json(#"[{"n":1},{"n":2}]"#)
                case "/v1/b?page=2": return .json(#"[{"n":3}]"#)
                case "/v1/b?page=3": return .json("[]")
                case "/v1/p/c": return .json(#"[{"id":"z"}]"#)
                case "/v1/q/c": return .json(#"[{"id":1}]"#)
                default: return .json("[{}]")
                }
            }
            let parsed = try source(
                "\"streams\": {\(parents), \"s\": {\"path\": \"/s/{x}\", \"records\": \"\", \"pagination\": \"none\", \"over\": \(over)\(more)}}}"
            )
            let walked = try world.walk("s", of: parsed)
            #expect(walked.succeeded, "\(walked.failure?.message ?? "")")
            return walked.targets.filter { $0.hasPrefix("/v1/s/") }
        }
        #expect(try targets("") == ["/v1/s/1", "/v1/s/2", "/v1/s/3", "/v1/s/z", "/v1/s/1"])
        // A batch may have values of several.
        #expect(try targets(#", "batch": 2"#) == ["/v1/s/1,2", "/v1/s/3,z", "/v1/s/1"])
    }

    @Test func whatOneOfSeveralParentsFailsWithEndsTheWalk() throws {
        let parsed = try source(
            #""streams": {"a": {"path": "/a", "records": "", "pagination": "none"}, "b": {"path": "/b", "records": "", "pagination": "none"}, "s": {"path": "/s/{x}", "records": "", "pagination": "none", "over": {"streams": [{"stream": "a", "key": "id"}, {"stream": "b", "key": "id"}], "as": "x"}}}"#
        )
        let world = World { request, _ in
            request.url.hasSuffix("/b") ? .status(404) : .json(#"[{"id":1}]"#)
        }
        let walked = try world.walk("s", of: parsed)
        #expect(walked.targets == ["/v1/a", "/v1/b", "/v1/s/1"] || walked.targets == ["/v1/a", "/v1/s/1", "/v1/b"])
        #expect(walked.records == [#"{"id":1}"#])
        #expect(walked.failure?.message.contains("over its parent: stream \"b\"") == true)
    }

    @Test func compoundKeysAreCut() throws {
        let over =
            #"{"stream": "users", "key": "id", "as": "a", "carry": {"o": {"path": "id", "split": "::"}, "r": {"path": "id", "split": "::", "take": -1}, "m": {"path": "id", "split": "::", "take": 1}}}"#
        #expect(
            try targets(
                over, path: "/x/{o}/{r}", more: #", "query": {"m": {"over": "m"}}"#,
                users: #"[{"id":"octo::a/b::main"},{"id":"é::x::z"}]"#)
                == ["/v1/x/octo/main?m=a/b", "/v1/x/%C3%A9/z?m=x"])
    }

    @Test(arguments: [#""octo""#, "null", "{}"])
    func aPieceThatIsNotThereIsNoValue(_ id: String) throws {
        let over =
            #"{"stream": "users", "key": "k", "as": "a", "carry": {"r": {"path": "id", "split": "/", "take": 1}}}"#
        let world = try world(over, path: "/x/{r}", users: "[{\"k\":1,\"id\":\(id)}]")
        #expect(
            world.failure?.message.contains("r \"null\" can't be part of a path") == true,
            "\(world.failure?.message ?? "")")
    }

    @Test func aHeaderTakesNoControlCharacters() throws {
        let world = try world(
            users, path: "/x", more: ", \"headers\": {\"X-User\": {\"over\": \"a\"}}",
            users: "[{\"id\":\"a\\r\\nEvil: 1\"}]")
        #expect(world.failure?.message.contains("can't go into the header X-User") == true)
        #expect(world.sent.count == 1)
    }
}
