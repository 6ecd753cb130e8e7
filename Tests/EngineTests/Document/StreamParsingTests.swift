import Engine
import Testing

@Suite struct StreamParsingTests {
    @Test func everyKeyOfAStreamArrives() throws {
        let stream = try stream(
            """
            "description": "d", "method": "POST", "query": {"q": "x"}, "headers": {"X-S": "1"},
            "json": {"a": [1, null]}, "idempotent": true, "records": "data[*].node", "missing_records": "empty",
            "key": "id", "pagination": "page", "max_pages": 3, "max_records": 30,
            "read_ahead": {"pages": 2, "bytes": "1MiB"}, "timeouts": {"total": "1h"}, "caps": {"max_headers": 5}
            """)
        #expect(stream.request.method == "POST" && stream.request.idempotent == true)
        #expect(stream.request.query == [.init(name: "q", value: .plain("x"))])
        #expect(stream.request.headers == [.init(name: "X-S", value: .plain("1"))])
        #expect(try stream.request.body == .json(json("{\"a\": [1, null]}")))
        #expect(try stream.records == .path(JSONPath("data[*].node")) && stream.missingRecordsAreEmpty)
        #expect(try stream.rules.key == [JSONPath("id")])
        #expect(stream.paging.style == .page(slot: .query("page"), start: 1))
        #expect(stream.paging.maxPages == 3 && stream.paging.maxRecords == 30)
        #expect(stream.readAheadPages == 2 && stream.readAheadBytes == 1 << 20)
        #expect(stream.request.limits?.total == .seconds(3600) && stream.request.limits?.maxHeaders == 5)
        #expect(stream.request.limits?.connect == TransferLimits().connect)
    }

    @Test func bodiesAndReadAheadHaveTheirForms() throws {
        #expect(
            try stream("\"form\": {\"a\": [1, 2]}").request.body
                == .form([.init(name: "a", value: .plain("1")), .init(name: "a", value: .plain("2"))]))
        #expect(
            try stream("\"text\": \"a\\nb\"").request.body
                == .text(.plain("a\nb"), contentType: "text/plain; charset=utf-8"))
        #expect(
            try stream("\"text\": \"a\", \"content_type\": \"text/csv\"").request.body
                == .text(.plain("a"), contentType: "text/csv"))
        #expect(try stream("\"read_ahead\": 0").readAheadPages == 0)
        #expect(try stream("\"records\": \"\"").records == .path(.body))
    }

    @Test func pagesAtOnceHaveTheirForms() throws {
        let alone = try stream("\"pagination\": \"page\"")
        #expect(alone.parallel == 1 && alone.order == .pages && alone.pagesAhead == 4)
        let many = try stream("\"pagination\": \"offset\", \"parallel\": 8, \"order\": \"any\"")
        #expect(many.parallel == 8 && many.order == .any && many.pagesAhead == 16)
        #expect(try stream("\"parallel\": 8, \"read_ahead\": 3").pagesAhead == 3)
        #expect(alone.lookAhead)
        #expect(try !stream("\"pagination\": \"link\", \"look_ahead\": false").lookAhead)
    }

    @Test func everyStyleHasItsDefaults() throws {
        #expect(try paging("\"offset\"").style == .offset(slot: .query("offset"), start: 0))
        #expect(try paging("{\"type\": \"offset\", \"size\": 5}").size == .init(slot: .query("limit"), value: 5))
        #expect(try paging("\"page\"").style == .page(slot: .query("page"), start: 1))
        #expect(try paging("{\"type\": \"page\", \"size\": 5}").size == .init(slot: .query("per_page"), value: 5))
        #expect(try paging("\"link\"").style == .nextURL(from: .link(relation: "next", attribute: nil)))
        #expect(try paging("\"none\"").style == .single)
        #expect(try paging("\"detect\"").style == .detect)
        guard case .cursor(.query("cursor"), .first(let places)) = try paging("\"cursor\"").style else {
            throw VectorError()
        }
        for text in ["next_cursor", "response_metadata.next_cursor", "meta.next_cursor", "nextPageToken"] {
            #expect(places.contains(.body(try JSONPath(text))), "\(text)")
        }
        // On the last page the cursor of this page would be the first one there.
        #expect(!places.contains(.body(try JSONPath("cursor"))))
        guard case .nextURL(.first(let urls)) = try paging("\"next_url\"").style else { throw VectorError() }
        #expect(urls.contains(.body(JSONPath(member: "@odata.nextLink"))))
        #expect(urls.contains(.body(try JSONPath("links.next"))))
    }

    @Test func everyKeyOfPagingArrives() throws {
        let page = try paging(
            """
            {"type": "page", "param": "p", "start": 0, "send_first": false, "size": {"value": 9, "param": "n"},
             "has_more": "more", "total": {"header": "X-Total"}, "last_page": {"link": "last", "attribute": "page"},
             "total_pages": "pages", "stop_on_short_page": false, "stop_on_empty_page": true, "empty_pages": 2,
             "max_pages": 4, "max_records": 5, "loop_guard": "tokens"}
            """)
        #expect(page.style == .page(slot: .query("p"), start: 0) && !page.sendFirst)
        #expect(page.size == .init(slot: .query("n"), value: 9))
        #expect(try page.hasMore == .body(JSONPath("more")) && page.total == .header("X-Total"))
        #expect(
            try page.lastPage == .link(relation: "last", attribute: "page")
                && page.totalPages == .body(JSONPath("pages")))
        #expect(page.stopOnShortPage == false && page.stopOnEmptyPage == true && page.toleratedEmptyPages == 2)
        #expect(page.maxPages == 4 && page.maxRecords == 5 && page.loopGuard == .tokens)
        #expect(try paging("{\"type\": \"cursor\", \"empty_token\": \"token\"}").emptyTokenIsToken)
    }

    @Test func everySlotAndValueSourceArrives() throws {
        func slot(_ slot: String, _ rest: String = "") throws -> PagingPlan.Style {
            try stream("\"pagination\": {\"type\": \"cursor\", \"from\": \"c\", \"slot\": \(slot)}\(rest)").paging.style
        }
        let from = ValueSource.body(try JSONPath("c"))
        #expect(try slot("{\"in\": \"query\", \"name\": \"a\"}") == .cursor(slot: .query("a"), from: from))
        #expect(try slot("{\"in\": \"header\", \"name\": \"X-A\"}") == .cursor(slot: .header("X-A"), from: from))
        #expect(
            try slot("{\"in\": \"json\", \"name\": [\"a\", \"b\"]}", ", \"json\": {\"a\": {\"b\": null}}")
                == .cursor(slot: .json(["a", "b"]), from: from))
        #expect(
            try slot("{\"in\": \"form\", \"name\": \"a\"}", ", \"method\": \"POST\"")
                == .cursor(slot: .form("a"), from: from))
        #expect(try slot("{\"in\": \"url\"}") == .nextURL(from: from))

        func value(_ text: String) throws -> ValueSource? {
            try paging("{\"type\": \"page\", \"has_more\": \(text)}").hasMore
        }
        #expect(try value("{\"last_record\": \"id\"}") == .lastRecord(JSONPath("id")))
        #expect(
            try value("{\"query_param\": \"after\", \"of\": {\"or\": [\"next\", {\"header\": \"X-Next\"}]}}")
                == .queryParameter("after", of: .first([.body(JSONPath("next")), .header("X-Next")])))
    }

    @Test func pathsTakeParameters() throws {
        let source = try source(
            "\"streams\": {\"posts\": \"/users/{user_id}/posts\", \"all\": \"/posts\"}", params: "{}")
        // Missing ones may still come with the paginator's options.
        #expect(source.streams.map(\.missingParameters) == [["user_id"], []])
        let posts = try Stream.parse(
            options: json("{\"stream\": \"posts\", \"params\": {\"user_id\": \"a b/c\"}}"), source: source,
            references: FakeReferences())
        #expect(posts.request.path == "/users/a%20b%2Fc/posts" && posts.missingParameters.isEmpty)
        #expect(throws: Failure.self) {
            try Stream.parse(options: json("{\"stream\": \"posts\"}"), source: source, references: FakeReferences())
        }
        let slot = try EngineTests.source(
            "\"streams\": {\"s\": {\"path\": \"/s/{n}\", \"pagination\": {\"type\": \"page\", "
                + "\"slot\": {\"in\": \"path\", \"name\": \"n\"}}}}")
        #expect(slot.streams.first?.request.path == "/s/{n}")
    }

    @Test func optionsChooseAndChangeAStream() throws {
        let source = try source("\"streams\": {\"users\": {\"path\": \"/users\", \"query\": {\"a\": 1, \"b\": 2}}}")
        func open(_ options: String) throws -> Stream {
            try Stream.parse(options: json(options), source: source, references: FakeReferences.usual)
        }
        let users = try open(
            "{\"stream\": \"users\", \"query\": {\"b\": 3}, \"max_pages\": 2, \"max_records\": 9, \"read_ahead\": 1}")
        #expect(users.name == "users" && users.paging.maxPages == 2 && users.paging.maxRecords == 9)
        #expect(users.readAheadPages == 1)
        #expect(users.request.query.map { $0.name + $0.value.reveal() } == ["a1", "b3"])
        #expect(try open("{\"stream\": \"/teams\"}").request == open("{\"stream\": {\"path\": \"/teams\"}}").request)
        let inline = try open(
            "{\"stream\": {\"path\": \"/x\", \"pagination\": \"page\", \"headers\": {\"A\": {\"env\": \"TOKEN\"}}}}")
        #expect(inline.paging.style == .page(slot: .query("page"), start: 1))
        #expect(inline.request.headers.first?.value.reveal() == "canary-token")
    }

    @Test func secretsAreReadOnceWhenTheClientIsOpened() throws {
        let source = try source(
            "\"streams\": {\"s\": {\"path\": \"/s\", \"query\": {\"k\": {\"env\": \"TOKEN\"}}}}")
        let later = try Stream.parse(options: json("{\"stream\": \"s\"}"), source: source, references: FakeReferences())
        #expect(later.request.query.first?.value.reveal() == "canary-token")
    }

    @Test func everyKeyOfARequestArrives() throws {
        let source = try source()
        func request(_ text: String) throws -> RequestPlan {
            try RequestPlan.parse(json(text), source: source, references: FakeReferences.usual)
        }
        let post = try request(
            """
            {"method": "PATCH", "path": "/users/{id}", "params": {"id": 7}, "query": {"a": 1}, "headers": {"X": "y"},
             "json": [], "idempotent": false, "idempotency_key": "k-1", "accept_status": [404, 409],
             "timeouts": {"total": "1s"}, "caps": {"max_ratio": 2}}
            """)
        #expect(post.method == "PATCH" && post.path == "/users/7" && post.body == .json(.array([])))
        #expect(post.query.map(\.name) == ["a"] && post.headers.map(\.name) == ["X"])
        #expect(post.idempotent == false && post.idempotencyKey == "k-1" && post.acceptedStatuses == [404, 409])
        #expect(post.limits?.total == .seconds(1) && post.limits?.maxRatio == 2)
        #expect(try request("{\"path\": \"/\"}").method == "GET")
    }

    @Test func jobsNameSourcesStreamsAndFiles() throws {
        let references = FakeReferences(
            documents: [
                "dir/shop.json": "{\"base_url\": \"https://b.example\", \"streams\": {\"o\": \"/o\", \"p\": \"/p\"}}"
            ])
        func job(_ text: String) throws -> JobPlan { try JobPlan.parse(json(text), references: references) }
        let one = try job("{\"source\": \"dir/shop.json\", \"output\": {\"directory\": \"out\"}}")
        #expect(one.directory == "out" && one.entries.map(\.name) == ["shop"])
        #expect(one.entries[0].streams.map { one.fileName(of: $0, in: one.entries[0]) } == ["o.jsonl", "p.jsonl"])
        let long = try job("{\"sources\": [{\"source\": \"dir/shop.json\"}], \"output\": {\"directory\": \"out\"}}")
        #expect(long.entries.map(\.name) == one.entries.map(\.name))
        let two = try job(
            """
            {"sources": [{"source": "dir/shop.json", "streams": ["p"]},
                         {"name": "b", "source": {"base_url": {"param": "u"}, "streams": {"p": "/p"}},
                          "params": {"u": "https://c.example"}}],
             "output": {"directory": "out"}}
            """)
        #expect(
            two.entries.flatMap { entry in entry.streams.map { two.fileName(of: $0, in: entry) } } == [
                "shop.p.jsonl", "b.p.jsonl",
            ])
        #expect(two.entries[1].source.baseURL.text == "https://c.example")
    }
}
