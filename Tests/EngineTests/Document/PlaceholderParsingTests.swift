import Engine
import Testing

@Suite struct PlaceholderParsingTests {
    @Test(arguments: [
        ("\"query\": {\"a\": \"{page.token}\"}", "/streams/s/query/a", "\"pagination\" does not say"),
        ("\"query\": {\"a\": \"{page.token}\"}, \"pagination\": \"none\"", "/streams/s/query/a", "there is one page"),
        ("\"query\": {\"a\": \"{page.token}\"}, \"pagination\": \"link\"", "/streams/s/query/a", "followed as it is"),
        (
            "\"query\": {\"a\": [\"b\", \"{page.size}\"]}, \"pagination\": \"page\"", "/streams/s/query/a/1",
            "no \"size\""
        ),
        (
            "\"headers\": {\"A\": \"{page.tokne}\"}, \"pagination\": \"page\"", "/streams/s/headers/A",
            "did you mean \"page.token\"?"
        ),
        ("\"headers\": {\"A\": \"{pgae.token}\"}", "/streams/s/headers/A", "{{pgae.token}} is the text itself"),
        ("\"json\": {\"a\": [{\"b\": \"{x.y}\"}]}", "/streams/s/json/a/0/b", "unknown placeholder {x.y}"),
        (
            "\"graphql\": {\"query\": \"{a}\", \"variables\": {\"b\": \"{x.y}\"}}", "/streams/s/graphql/variables/b",
            "unknown"
        ),
        ("\"text\": \"{env.NOPE}\", \"method\": \"POST\"", "/streams/s/text", "\"NOPE\" is not set"),
        ("\"form\": {\"a\": \"{body.a..b}\"}, \"method\": \"POST\"", "/streams/s/form/a", "{body.a..b}"),
        (
            "\"query\": {\"a\": {\"page\": \"count\"}}, \"pagination\": \"page\"", "/streams/s/query/a",
            "of a page that has come"
        ),
        (
            "\"query\": {\"a\": {\"value\": \"x\", \"wen\": \"always\"}}", "/streams/s/query/a/wen",
            "did you mean \"when\"?"
        ),
        ("\"fields\": [{\"in\": \"json\", \"name\": \"a\", \"value\": 1}]", "/streams/s/fields", "a GET has no body"),
        (
            "\"json\": [], \"fields\": [{\"in\": \"json\", \"name\": \"a\", \"value\": 1}]", "/streams/s/fields/0",
            "not an object"
        ),
        ("\"json\": {}, \"graphql\": {\"query\": \"{a}\"}", "/streams/s/graphql", "exclude each other"),
    ])
    func refusalsNameThePlace(_ members: String, _ pointer: String, _ part: String) throws {
        let failure = try failure { try stream(members) }
        #expect(failure?.pointer == pointer, "\(String(describing: failure?.message))")
        #expect(failure?.message.contains(part) == true, "\(String(describing: failure?.message))")
    }

    @Test(arguments: [
        ("/s/{page.token}", "\"pagination\": {\"type\": \"cursor\", \"from\": \"c\"}", "say \"start\""),
        (
            "/s/{c}",
            "\"pagination\": {\"type\": \"cursor\", \"from\": \"c\", \"slot\": {\"in\": \"path\", \"name\": \"c\"}}",
            "say \"start\""
        ),
        ("/s/{page.token}", "\"pagination\": {\"type\": \"page\", \"send_first\": false}", "\"send_first\" is false"),
        ("/s/{body.id}", "\"pagination\": \"page\"", "no value on the first page"),
        ("/s/{env.TOKEN}", "\"pagination\": \"page\"", "a secret has no place"),
        ("/s/{page.size}", "\"pagination\": \"page\"", "no \"size\""),
    ])
    func pathsHaveNoHoles(_ path: String, _ members: String, _ part: String) throws {
        let failure = try failure { try source("\"streams\": {\"s\": {\"path\": \"\(path)\", \(members)}}") }
        #expect(
            failure?.pointer == "/streams/s/path" && failure?.message.contains(part) == true,
            "\(String(describing: failure?.message))")
    }

    @Test func singleRequestsAndSourcesKnowNoPages() throws {
        for members in ["\"query\": {\"a\": \"{page.index}\"}", "\"headers\": {\"A\": {\"body\": \"x\"}}"] {
            let failure = try failure { try EngineTests.source(members) }
            #expect(failure?.message.contains("there are no pages") == true, "\(String(describing: failure?.message))")
        }
        let source = try EngineTests.source("\"headers\": {\"X\": \"a {env.TOKEN}\"}")
        #expect(
            source.headers.first?.value.reveal() == "a canary-token" && source.headers.first?.value.isSecret == true)
        // What a host sends is data: places in it would give the environment to whoever wrote the data.
        let plan = try RequestPlan.parse(
            json(
                """
                {"path": "/u/{param.id}", "method": "PUT", "params": {"id": 7}, "query": {"q": "{env.TOKEN}"},
                 "headers": {"X": "{x.y}"}, "json": {"a": "<{param.n}>", "b": "{env.TOKEN}"}}
                """), source: source, references: FakeReferences.usual)
        #expect(plan.path == "/u/7" && plan.query.first?.value == .plain("{env.TOKEN}"))
        #expect(plan.headers.first?.value == .plain("{x.y}"))
        #expect(try plan.body == .json(json("{\"a\": \"<{param.n}>\", \"b\": \"{env.TOKEN}\"}")))
        let walk = try Stream.parse(
            options: json("{\"stream\": \"/u\", \"query\": {\"q\": \"{env.TOKEN}\"}}"), source: source,
            references: FakeReferences.usual)
        #expect(walk.request.query.first?.value == .plain("{env.TOKEN}"))
        let refused = try failure {
            try RequestPlan.parse(
                json("{\"path\": \"/u/{page.token}\"}"), source: source, references: FakeReferences.usual)
        }
        #expect(refused?.pointer == "/path")
    }
}
