import Engine
import Testing

/// Every refusal with the place that it names.
@Suite struct RefusalTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let members: String
        let pointer: String
        let part: String
        var code = Failure.Code.config
        var testDescription: String { members }
    }

    @Test(arguments: sourceCases) func sources(_ wanted: Case) throws {
        let failure = try failure { try source(wanted.members) }
        #expect(failure?.pointer == wanted.pointer, "\(String(describing: failure?.message))")
        #expect(failure?.message.contains(wanted.part) == true, "\(String(describing: failure?.message))")
        #expect(failure?.code == wanted.code)
        #expect(failure?.message.contains("canary") != true)
        #expect(failure?.message.contains("\n") != true)
    }

    static let sourceCases: [Case] = [
        Case(
            members: "\"streems\": {}", pointer: "/streems", part: "unknown key \"streems\"; did you mean \"streams\"?"),
        Case(members: "\"zzzzzz\": 1", pointer: "/zzzzzz", part: "known keys: $schema,"),
        Case(members: "\"a/b~c\": 1", pointer: "/a~1b~0c", part: "unknown key"),
        Case(members: "\"name\": 1", pointer: "/name", part: "expected a name"),
        Case(members: "\"name\": \"../x\"", pointer: "/name", part: "expected a name"),
        Case(members: "\"name\": null", pointer: "/name", part: "found null"),
        // Headers and query.
        Case(members: "\"headers\": {\"a b\": \"x\"}", pointer: "/headers/a b", part: "header name"),
        Case(members: "\"headers\": {\"A\": \"canary\\r\\nX: y\"}", pointer: "/headers/A", part: "control character"),
        Case(members: "\"headers\": {\"A\": \"canary\\u0000\"}", pointer: "/headers/A", part: "control character"),
        Case(members: "\"headers\": {\"A\": \"1\", \"a\": \"2\"}", pointer: "/headers/a", part: "given twice"),
        Case(members: "\"headers\": {\"Host\": \"x\"}", pointer: "/headers/Host", part: "sets it itself"),
        Case(members: "\"headers\": {\"User-Agent\": \"x\"}", pointer: "/headers/User-Agent", part: "user_agent"),
        Case(
            members: "\"headers\": {\"A\": {\"env\": \"X\", \"file\": \"y\"}}", pointer: "/headers/A/file",
            part: "exclude each other"),
        Case(
            members: "\"headers\": {\"A\": {\"envv\": \"X\"}}", pointer: "/headers/A/envv",
            part: "did you mean \"env\"?"),
        Case(
            members: "\"headers\": {\"A\": {\"param\": \"x\"}}", pointer: "/headers/A",
            part: "parameter \"x\" is not given"),
        Case(members: "\"query\": {\"a\\nb\": \"1\"}", pointer: "/query/a\nb", part: "control character"),
        Case(members: "\"query\": {\"a\": null}", pointer: "/query/a", part: "found null"),
        Case(members: "\"query\": {\"a\": [[]]}", pointer: "/query/a/0", part: "found a list"),
        // Credentials.
        Case(
            members: "\"auth\": {\"type\": \"oauth3\"}", pointer: "/auth/type",
            part: "known types: \"api_key\", \"bearer\", \"basic\", \"aws_sigv4\""),
        Case(members: "\"auth\": {\"type\": \"baerer\"}", pointer: "/auth/type", part: "did you mean \"bearer\"?"),
        Case(members: "\"auth\": {}", pointer: "/auth/type", part: "missing key \"type\""),
        Case(members: "\"auth\": {\"type\": \"bearer\"}", pointer: "/auth/token", part: "missing key \"token\""),
        Case(
            members: "\"auth\": {\"type\": \"bearer\", \"token\": \"t\", \"vlaue\": 1}", pointer: "/auth/vlaue",
            part: "(type \"bearer\")"),
        Case(
            members: "\"auth\": {\"type\": \"bearer\", \"token\": {\"env\": \"NOPE\"}}", pointer: "/auth/token",
            part: "\"NOPE\" is not set", code: .auth),
        Case(
            members: "\"auth\": {\"type\": \"bearer\", \"token\": {\"file\": \"/nope\"}}", pointer: "/auth/token",
            part: "\"/nope\" does not exist", code: .auth),
        Case(
            members: "\"auth\": {\"type\": \"bearer\", \"token\": \"\"}", pointer: "/auth/token", part: "empty",
            code: .auth),
        Case(
            members: "\"auth\": {\"type\": \"bearer\", \"token\": \"canary \"}", pointer: "/auth/token",
            part: "white space", code: .auth),
        Case(members: "\"auth\": {\"type\": \"basic\"}", pointer: "/auth", part: "both empty", code: .auth),
        Case(
            members: "\"auth\": {\"type\": \"basic\", \"username\": \"canary:x\"}", pointer: "/auth/username",
            part: "colon", code: .auth),
        Case(
            members: "\"auth\": {\"type\": \"api_key\", \"value\": \"v\", \"header\": \"A\", \"query\": \"b\"}",
            pointer: "/auth/query", part: "exclude each other"),
        Case(
            members: "\"auth\": {\"type\": \"api_key\", \"value\": \"v\", \"header\": \"A b\"}",
            pointer: "/auth/header", part: "header name"),
        Case(
            members: "\"auth\": [{\"type\": \"bearer\", \"token\": \"t\"}, {\"type\": \"basic\", \"username\": \"u\"}]",
            pointer: "/auth/1", part: "two credentials"),
        Case(
            members: "\"headers\": {\"x-api-key\": \"v\"}, \"auth\": {\"type\": \"api_key\", \"value\": \"v\"}",
            pointer: "/auth", part: "set by the document, too"),
        // Limits.
        Case(members: "\"limits\": \"10\"", pointer: "/limits", part: "a rate such as"),
        Case(members: "\"limits\": \"0/s\"", pointer: "/limits", part: "above 0"),
        Case(members: "\"limits\": []", pointer: "/limits", part: "empty"),
        Case(
            members: "\"limits\": {\"requests\": 0, \"per\": \"1s\"}", pointer: "/limits/requests",
            part: "must be from 1"),
        Case(
            members: "\"limits\": {\"requests\": 1, \"per\": \"0s\"}", pointer: "/limits/per", part: "must be from 1ms"),
        Case(
            members: "\"limits\": {\"requests\": 1, \"per\": \"1s\", \"burst\": 0}", pointer: "/limits/burst",
            part: "from 1"),
        Case(members: "\"limits\": {\"requests\": 1}", pointer: "/limits/per", part: "missing key"),
        Case(members: "\"limits\": {\"requests\": 1000000000, \"per\": \"1ms\"}", pointer: "/limits", part: "a second"),
        Case(
            members: "\"limits\": {\"requests\": 1, \"per\": \"1s\", \"concurrent\": 1}", pointer: "/limits/concurrent",
            part: "exclude each other"),
        Case(
            members: "\"limits\": {\"requests\": 1e30, \"per\": \"1s\"}", pointer: "/limits/requests",
            part: "whole number"),
        Case(members: "\"limits\": [{\"concurrent\": 1}, {\"concurrent\": 2}]", pointer: "/limits/1", part: "twice"),
        Case(members: "\"limits\": [\"10/s\", \"20/1s\"]", pointer: "/limits/1", part: "same window"),
        // Settings.
        Case(
            members: "\"retry\": {\"attempts\": 0}", pointer: "/retry/attempts", part: "must be from 1 to 100, found 0"),
        Case(members: "\"retry\": {\"base\": \"1 s\"}", pointer: "/retry/base", part: "a duration such as"),
        Case(members: "\"retry\": {\"base\": \"1m\", \"cap\": \"1s\"}", pointer: "/retry/cap", part: "below \"base\""),
        Case(members: "\"retry\": {\"statuses\": [200]}", pointer: "/retry/statuses/0", part: "from 400 to 599"),
        Case(members: "\"timeouts\": {\"total\": 5}", pointer: "/timeouts/total", part: "a duration such as"),
        Case(members: "\"timeouts\": {\"total\": \"0s\"}", pointer: "/timeouts/total", part: "from 1ms"),
        Case(
            members: "\"caps\": {\"max_body_bytes\": \"10M\"}", pointer: "/caps/max_body_bytes", part: "a size such as"),
        Case(members: "\"caps\": {\"max_body_bytes\": 0}", pointer: "/caps/max_body_bytes", part: "from 1"),
        Case(members: "\"connections\": {\"idle\": 200}", pointer: "/connections/idle", part: "above \"total\""),
        Case(
            members: "\"connections\": {\"client_key_file\": \"k\"}", pointer: "/connections/client_key_file",
            part: "client_certificate_file"),
        Case(
            members: "\"connections\": {\"proxy\": \"http://u:p@h\"}", pointer: "/connections/proxy",
            part: "no credentials"),
        Case(
            members: "\"connections\": {\"proxy\": \"http://h\", \"environment_proxy\": true}",
            pointer: "/connections/environment_proxy", part: "exclude each other"),
        Case(members: "\"max_redirects\": -1", pointer: "/max_redirects", part: "from 0"),
        Case(
            members: "\"other_origins\": [\"https://a.example/x\"]", pointer: "/other_origins/0", part: "without a path"
        ),
        // Streams.
        Case(members: "\"streams\": {\"a b\": \"/a\"}", pointer: "/streams/a b", part: "not a usable name"),
        Case(members: "\"streams\": {\"a\": {}}", pointer: "/streams/a/path", part: "missing key \"path\""),
        Case(
            members: "\"streams\": {\"a\": 1}", pointer: "/streams/a",
            part: "expected a text that is not empty or an object"),
        Case(members: "\"streams\": {\"a\": \"//evil.example\"}", pointer: "/streams/a", part: "//"),
        Case(members: "\"streams\": {\"a\": \"https://evil.example/\"}", pointer: "/streams/a", part: "other_origins"),
        Case(members: "\"streams\": {\"a\": \"/x#y\"}", pointer: "/streams/a", part: "fragment"),
        Case(members: "\"streams\": {\"a\": \"/{x\"}", pointer: "/streams/a", part: "other half"),
        Case(members: "\"streams\": {\"a\": \"/{}\"}", pointer: "/streams/a", part: "placeholder"),
    ]

    @Test(arguments: streamCases) func streams(_ wanted: Case) throws {
        let failure = try failure { try stream(wanted.members) }
        #expect(failure?.pointer == "/streams/s" + wanted.pointer, "\(String(describing: failure?.message))")
        #expect(failure?.message.contains(wanted.part) == true, "\(String(describing: failure?.message))")
    }

    static let streamCases: [Case] = [
        Case(
            members: "\"pagnation\": \"page\"", pointer: "/pagnation",
            part: "unknown key \"pagnation\"; did you mean \"pagination\"?"),
        Case(members: "\"method\": \"get\"", pointer: "/method", part: "\"GET\" or \"POST\""),
        Case(members: "\"json\": 1, \"form\": {}", pointer: "/form", part: "exclude each other"),
        Case(members: "\"content_type\": \"a/b\"", pointer: "/content_type", part: "needs \"text\""),
        Case(
            members: "\"form\": {}, \"headers\": {\"content-type\": \"a/b\"}", pointer: "/headers",
            part: "set by \"form\""),
        Case(members: "\"records\": \"a..b\"", pointer: "/records", part: "a name is empty"),
        Case(members: "\"records\": [\"a\", \"b\"]", pointer: "/records", part: "found a list"),
        Case(members: "\"key\": \"a[*]\"", pointer: "/key", part: "wildcard"),
        Case(members: "\"key\": \"\"", pointer: "/key", part: "no key"),
        Case(members: "\"max_pages\": 0", pointer: "/max_pages", part: "from 1"),
        Case(
            members: "\"max_pages\": 1, \"pagination\": {\"type\": \"page\", \"max_pages\": 2}",
            pointer: "/pagination/max_pages", part: "by the stream, too"),
        Case(members: "\"parallel\": 0", pointer: "/parallel", part: "from 1"),
        Case(members: "\"pagination\": \"cursor\", \"parallel\": 2", pointer: "/parallel", part: "one at a time"),
        Case(members: "\"pagination\": \"none\", \"parallel\": 2", pointer: "/parallel", part: "one page"),
        Case(
            members: "\"parallel\": 2, \"look_ahead\": false", pointer: "/parallel", part: "\"look_ahead\""),
        Case(members: "\"order\": \"random\"", pointer: "/order", part: "pages"),
        Case(members: "\"read_ahead\": -1", pointer: "/read_ahead", part: "from 0"),
        Case(members: "\"pagination\": \"curser\"", pointer: "/pagination", part: "\"cursor\", \"offset\""),
        Case(
            members: "\"pagination\": {\"type\": \"link\", \"start\": 1}", pointer: "/pagination/start",
            part: "unknown key \"start\" (type \"link\")"),
        Case(
            members: "\"pagination\": {\"type\": \"cursor\", \"stop\": [{\"source\": \"a\"}]}",
            pointer: "/pagination/stop/0/is", part: "missing key \"is\", \"equals\" or \"at_least\""),
        Case(
            members: "\"pagination\": {\"type\": \"cursor\", \"stop\": [{\"source\": \"a\", \"is\": \"nil\"}]}",
            pointer: "/pagination/stop/0/is", part: "\"empty\""),
        Case(
            members: "\"pagination\": {\"type\": \"cursor\", \"from\": {\"find\": \"l\", \"where\": {\"a[*]\": 1}}}",
            pointer: "/pagination/from/where/a[*]", part: "a wildcard"),
        Case(
            members: "\"pagination\": {\"type\": \"cursor\", \"from\": {\"page\": \"tokn\"}}",
            pointer: "/pagination/from/page", part: "\"token\""),
        Case(
            members: "\"pagination\": {\"type\": \"none\", \"size\": 1}", pointer: "/pagination/size",
            part: "(type \"none\")"),
        Case(
            members: "\"pagination\": {\"type\": \"page\", \"size\": 0}", pointer: "/pagination/size",
            part: "must be from 1"),
        Case(
            members: "\"pagination\": {\"type\": \"page\", \"size\": {\"value\": -5}}",
            pointer: "/pagination/size/value", part: "from 1"),
        Case(
            members: "\"pagination\": {\"type\": \"link\", \"size\": 5}", pointer: "/pagination/size",
            part: "expected an object"),
        Case(
            members: "\"pagination\": {\"type\": \"link\", \"size\": {\"value\": 5}}",
            pointer: "/pagination/size/param", part: "\"param\" or \"slot\""),
        Case(
            members: "\"pagination\": {\"type\": \"page\", \"param\": \"a\", \"slot\": {\"in\": \"url\"}}",
            pointer: "/pagination/slot", part: "exclude each other"),
        Case(
            members: "\"pagination\": {\"type\": \"page\", \"slot\": {\"in\": \"url\"}}", pointer: "/pagination/slot",
            part: "whole URL"),
        Case(
            members: "\"pagination\": {\"type\": \"page\", \"slot\": {\"in\": \"query\"}}",
            pointer: "/pagination/slot/name", part: "missing key \"name\""),
        Case(
            members: "\"pagination\": {\"type\": \"page\", \"slot\": {\"in\": \"query\", \"name\": [\"a\"]}}",
            pointer: "/pagination/slot/name", part: "for json only"),
        Case(
            members: "\"pagination\": {\"type\": \"page\", \"slot\": {\"in\": \"header\", \"name\": \"a b\"}}",
            pointer: "/pagination/slot/name", part: "header name"),
        Case(
            members: "\"pagination\": {\"type\": \"page\", \"slot\": {\"in\": \"json\", \"name\": \"a\"}}",
            pointer: "/pagination", part: "no body"),
        Case(
            members:
                "\"json\": [], \"pagination\": {\"type\": \"page\", \"slot\": {\"in\": \"json\", \"name\": \"a\"}}",
            pointer: "/pagination", part: "not an object"),
        Case(
            members:
                "\"json\": {}, \"pagination\": {\"type\": \"page\", \"slot\": {\"in\": \"form\", \"name\": \"a\"}}",
            pointer: "/pagination", part: "no form"),
        Case(
            members: "\"pagination\": {\"type\": \"page\", \"slot\": {\"in\": \"path\", \"name\": \"n\"}}",
            pointer: "/pagination", part: "no such placeholder"),
        Case(
            members:
                "\"pagination\": {\"type\": \"page\", \"param\": \"n\", \"size\": {\"value\": 5, \"param\": \"n\"}}",
            pointer: "/pagination", part: "both go into"),
        Case(
            members: "\"query\": {\"page\": 1}, \"pagination\": \"page\"", pointer: "/pagination",
            part: "set by \"query\""),
        Case(
            members: "\"pagination\": {\"type\": \"cursor\", \"from\": \"a[*].b\"}", pointer: "/pagination/from",
            part: "wildcard"),
        Case(
            members: "\"pagination\": {\"type\": \"cursor\", \"from\": {\"or\": []}}", pointer: "/pagination/from/or",
            part: "empty"),
        Case(
            members: "\"pagination\": {\"type\": \"cursor\", \"from\": {\"bdy\": \"a\"}}",
            pointer: "/pagination/from/bdy", part: "did you mean \"body\"?"),
        Case(
            members: "\"pagination\": {\"type\": \"cursor\", \"from\": {}}", pointer: "/pagination/from",
            part: "expected a key"),
        Case(
            members: "\"pagination\": {\"type\": \"page\", \"stop_on_short_page\": true}",
            pointer: "/pagination/stop_on_short_page", part: "against a \"size\""),
        Case(
            members: "\"pagination\": {\"type\": \"offset\", \"stop_on_empty_page\": false}",
            pointer: "/pagination/stop_on_empty_page", part: "never end"),
        Case(
            members:
                "\"pagination\": {\"type\": \"page\", \"stop_on_empty_page\": false, \"empty_pages\": 3, \"total\": \"t\"}",
            pointer: "/pagination/empty_pages", part: "never end"),
    ]

    @Test func aRepeatedKeyIsRefused() throws {
        let url = JSONValue.Member(name: "base_url", value: .string("https://a.example"))
        let twice = try failure { try Source.parse(document: .object([url, url]), references: FakeReferences()) }
        #expect(twice?.pointer == "/base_url" && twice?.message.contains("given twice") == true)
    }

    @Test func aMissingBaseURLNamesTheMissingPlace() throws {
        let missing = try failure { try Source.parse(document: .object([]), references: FakeReferences()) }
        #expect(missing?.pointer == "/base_url" && missing?.code == .config)
        let list = try failure { try Source.parse(document: .array([]), references: FakeReferences()) }
        #expect(list?.pointer == "" && list?.message == "at the top level: expected an object, found a list")
    }

    @Test(arguments: [
        ("\"ftp://a.example\"", "an https or http URL"), ("\"api.example.com\"", "begin with https"),
        ("\"https://u:p@a.example\"", "user information"), ("\"https://a.example/#x\"", "fragment"),
        ("7", "found a number"),
        ("{\"env\": \"URL\"}", "unknown key"), ("{\"param\": \"u\"}", "parameter \"u\" is not given"),
        ("{\"param\": \"u\", \"default\": \"x\"}", "parameter \"u\": the URL is not absolute"),
    ]) func baseURLs(_ value: String, _ part: String) throws {
        let refused = try failure {
            try Source.parse(document: json("{\"base_url\": \(value)}"), references: FakeReferences())
        }
        #expect(refused?.pointer?.hasPrefix("/base_url") == true)
        #expect(
            refused.map { $0.message.contains(part) || part.hasPrefix("an https") } == true, "\(refused?.message ?? "")"
        )
    }

    @Test func badSecretsOfTheEnvironmentNameTheVariable() throws {
        let document = "\"auth\": {\"type\": \"bearer\", \"token\": {\"env\": \"T\"}}"
        for (value, part) in [
            ("", "is empty"), ("canary\n", "white space or a line break"), (" canary", "white space"),
            ("can\u{1}ary", "control"),
        ] {
            let refused = try failure { try source(document, references: FakeReferences(variables: ["T": value])) }
            #expect(refused?.code == .auth && refused?.pointer == "/auth/token")
            #expect(refused?.message.contains("\"T\"") == true && refused?.message.contains(part) == true)
            #expect(refused?.message.contains("ary") == false)
        }
        let file = "\"auth\": {\"type\": \"bearer\", \"token\": {\"file\": \"f\"}}"
        #expect(throws: Never.self) { try source(file, references: FakeReferences(files: ["f": "x\r\n"])) }
        #expect(throws: Failure.self) { try source(file, references: FakeReferences(files: ["f": "x\n\n"])) }
    }

    @Test func unknownParametersAreNamed() throws {
        let client = try failure {
            try source("\"query\": {\"a\": {\"param\": \"region\", \"default\": 1}}", params: "{\"regoin\": 1}")
        }
        #expect(client?.pointer == "/params/regoin" && client?.message.contains("did you mean \"region\"?") == true)
        let known = try source("\"streams\": {\"s\": \"/s\"}")
        let options = try failure {
            try Stream.parse(
                options: json("{\"stream\": \"s\", \"params\": {\"x\": 1}}"), source: known,
                references: FakeReferences())
        }
        #expect(options?.pointer == "/params/x")
    }

    @Test(arguments: [
        ("{}", "/stream", "missing key"), ("{\"stream\": \"usres\"}", "/stream", "did you mean \"users\"?"),
        ("{\"stream\": \"users\", \"max_pages\": 0}", "/max_pages", "from 1"),
        ("{\"stream\": \"users\", \"query\": {\"page\": 1}}", "/query", "by the pagination"),
        ("{\"stream\": {\"path\": \"/x\", \"recods\": \"a\"}}", "/stream/recods", "did you mean \"records\"?"),
    ]) func paginatorOptions(_ options: String, _ pointer: String, _ part: String) throws {
        let source = try source("\"streams\": {\"users\": {\"path\": \"/users\", \"pagination\": \"page\"}}")
        let refused = try failure {
            try Stream.parse(options: json(options), source: source, references: FakeReferences())
        }
        #expect(refused?.pointer == pointer && refused?.message.contains(part) == true, "\(refused?.message ?? "")")
    }

    @Test(arguments: [
        ("{}", "/path", "missing key"), ("{\"path\": \"/\", \"method\": \"CONNECT\"}", "/method", "expected"),
        ("{\"path\": \"/{a}\"}", "/path", "parameter \"a\""),
        ("{\"path\": \"/{a}\", \"params\": {\"a\": \"..\"}}", "/path", "can't be part of a path"),
        (
            "{\"path\": \"/\", \"headers\": {\"authorization\": \"x\"}}", "/headers/authorization",
            "carries the source's credentials"
        ),
        ("{\"path\": \"/\", \"idempotency_key\": \"a\\nb\"}", "/idempotency_key", "control"),
        (
            "{\"path\": \"/\", \"idempotency_key\": \"a\", \"headers\": {\"idempotency-key\": \"b\"}}",
            "/idempotency_key", "given, too"
        ),
        ("{\"path\": \"/\", \"accept_status\": [200]}", "/accept_status/0", "from 400"),
    ]) func requests(_ request: String, _ pointer: String, _ part: String) throws {
        let source = try source("\"auth\": {\"type\": \"bearer\", \"token\": \"t\"}")
        let refused = try failure {
            try RequestPlan.parse(json(request), source: source, references: FakeReferences())
        }
        #expect(refused?.pointer == pointer && refused?.message.contains(part) == true, "\(refused?.message ?? "")")
    }

    @Test(arguments: [
        ("{\"output\": {\"directory\": \"o\"}}", "/sources", "missing key \"sources\" or \"source\""),
        ("{\"source\": S}", "/output", "missing key"),
        ("{\"source\": S, \"sources\": [], \"output\": {\"directory\": \"o\"}}", "/sources", ""),
        ("{\"source\": S, \"streams\": [\"b\"], \"output\": {\"directory\": \"o\"}}", "/streams/0", "no stream \"b\""),
        (
            "{\"sources\": [{\"source\": S}, {\"source\": S}], \"output\": {\"directory\": \"o\"}}", "/sources/0/name",
            "several sources"
        ),
        (
            "{\"sources\": [{\"source\": S, \"name\": \"n\"}, {\"source\": S, \"name\": \"n\"}], \"output\": {\"directory\": \"o\"}}",
            "/sources/1/name", "two sources"
        ),
        ("{\"source\": \"nope.json\", \"output\": {\"directory\": \"o\"}}", "/source", "\"nope.json\" does not exist"),
        ("{\"source\": \"bad.json\", \"output\": {\"directory\": \"o\"}}", "/x", "in \"bad.json\", at /x: unknown key"),
        (
            "{\"source\": {\"base_url\": \"https://a\", \"streams\": {\"a\": \"/{q}\"}}, \"output\": {\"directory\": \"o\"}}",
            "/params/q", "needs the parameter"
        ),
        ("{\"source\": {\"base_url\": \"https://a\"}, \"output\": {\"directory\": \"o\"}}", "/source", "no streams"),
        ("{\"source\": S, \"limiter\": \"fast\", \"output\": {\"directory\": \"o\"}}", "/limiter", "10/s"),
        (
            """
            {"source": S, "limiter": {"limits": {"requests": 1, "per": "1s", "each": "host"}, "share": {"file": "f"}},
             "output": {"directory": "o"}}
            """, "/limiter/limits/each", "can't be shared"
        ),
        (
            """
            {"sources": [{"source": S, "name": "n", "limiter": {"limits": ["9/m", {"requests": 1, "per": "1s",
             "aligned": true}], "share": {"file": "f"}}}], "output": {"directory": "o"}}
            """, "/sources/0/limiter/limits/1/aligned", "can't be shared"
        ),
        (
            """
            {"sources": [{"source": S, "name": "n", "limiter": "1/s"}], "limiter": "1/s", "output": {"directory": "o"}}
            """, "/sources/0/limiter", "for all of its sources"
        ),
    ]) func jobs(_ job: String, _ pointer: String, _ part: String) throws {
        let text = job.replacing("S,", with: "{\"base_url\": \"https://a\", \"streams\": {\"a\": \"/a\"}},")
            .replacing("S}", with: "{\"base_url\": \"https://a\", \"streams\": {\"a\": \"/a\"}}}")
        let refused = try failure {
            try JobPlan.parse(json(text), references: FakeReferences(documents: ["bad.json": "{\"x\": 1}"]))
        }
        #expect(refused?.pointer == pointer && refused?.message.contains(part) == true, "\(refused?.message ?? "none")")
    }

    @Test func depthIsLimited() throws {
        var deep = JSONValue.int(1)
        for _ in 0..<400 { deep = .array([deep]) }
        let refused = try failure {
            try RequestPlan.parse(
                .object([.init(name: "path", value: .string("/")), .init(name: "json", value: deep)]), source: source(),
                references: FakeReferences())
        }
        #expect(refused?.message.contains("nested deeper") == true)
        var sources = JSONValue.string("a")
        for _ in 0..<400 { sources = .object([.init(name: "or", value: .array([sources]))]) }
        let paging = try failure {
            try Stream.parse(
                options: .object([
                    .init(
                        name: "stream",
                        value: .object([
                            .init(name: "path", value: .string("/")),
                            .init(
                                name: "pagination",
                                value: .object([
                                    .init(name: "type", value: .string("cursor")), .init(name: "from", value: sources),
                                ])),
                        ]))
                ]), source: source(), references: FakeReferences())
        }
        #expect(paging?.message.contains("nested deeper") == true)
    }
    @Test(arguments: [
        // What the pagination or the credentials set can't stand in a URL, too.
        ("\"path\": \"/s?page=2\", \"pagination\": \"page\"", "/streams/s/path", "by the URL and by the pagination"),
        ("\"path\": \"/s?k=2\"", "/streams/s/path", "carries the source's credentials"),
        ("\"path\": \"/s\", \"query\": {\"k\": 1}", "/streams/s/query", "carries the source's credentials"),
        // A token that never changes.
        (
            "\"path\": \"/s\", \"pagination\": {\"type\": \"cursor\", \"from\": {\"value\": \"x\"}}",
            "/streams/s/pagination/from", "the same on every page"
        ),
        (
            "\"path\": \"/s\", \"pagination\": {\"type\": \"cursor\", \"from\": {\"page\": \"token\"}}",
            "/streams/s/pagination/from", "the same on every page"
        ),
        // What is no end.
        (
            "\"path\": \"/s\", \"pagination\": {\"type\": \"page\", \"end_statuses\": [404, 429]}",
            "/streams/s/pagination/end_statuses/1", "too early"
        ),
        (
            "\"path\": \"/s\", \"pagination\": {\"type\": \"page\", \"end_statuses\": [401]}",
            "/streams/s/pagination/end_statuses/0", "credentials are refused"
        ),
    ])
    func whatCannotWorkIsRefusedBeforeAnyRequest(members: String, pointer: String, part: String) throws {
        let failure = try failure {
            try source(
                "\"auth\": {\"type\": \"api_key\", \"query\": \"k\", \"value\": \"v\"}, \"streams\": {\"s\": {\(members)}}"
            )
        }
        #expect(
            failure?.pointer == pointer && failure?.message.contains(part) == true, "\(String(describing: failure))")
    }
}
