import Engine
import EngineTestKit
import Testing

/// First responses modelled on real APIs: what detection makes of them, and what it says about it.
@Suite struct DetectionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var body: String
        var headers: [(String, String)] = []
        var path = "/things"
        var count: Int
        /// Path and query of the next request; nil when there is none.
        var next: String?
        /// Each must stand in what is said.
        var says: [String]

        init(
            _ name: String, _ body: String, headers: [(String, String)] = [], path: String = "/things", count: Int,
            next: String? = nil, says: String...
        ) {
            testDescription = name
            self.body = body
            self.headers = headers
            self.path = path
            self.count = count
            self.next = next
            self.says = says
        }
    }

    static func list(_ count: Int) -> String {
        "[" + (0..<count).map { "{\"id\":\"x\($0)\"}" }.joined(separator: ",") + "]"
    }

    static let cases: [Case] = [
        Case(
            "GitHub", list(30),
            headers: [("Link", "<https://api.test/r?page=2>; rel=\"next\", <https://api.test/r?page=5>; rel=\"last\"")],
            count: 30, next: "/r?page=2", says: "the body is a list", "Link header"),
        Case(
            "Slack", "{\"ok\":true,\"members\":\(list(2)),\"response_metadata\":{\"next_cursor\":\"dGVhbTpD=\"}}",
            count: 2,
            next: "/v1/things?cursor=dGVhbTpD%3D", says: "records: members", "cursor in response_metadata.next_cursor"),
        Case(
            "Stripe", "{\"object\":\"list\",\"data\":\(list(3)),\"has_more\":true,\"url\":\"/v1/charges\"}", count: 3,
            next: "/v1/things?starting_after=x2", says: "records: data", "starting_after", "ends when has_more is false"
        ),
        Case(
            "Stripe, last page", "{\"object\":\"list\",\"data\":\(list(3)),\"has_more\":false}", count: 3,
            says: "nothing in the response points to another page"),
        Case(
            "Django REST framework",
            "{\"count\":40,\"next\":\"https://api.test/v1/things/?page=2\",\"previous\":null,\"results\":\(list(20))}",
            count: 20, next: "/v1/things/?page=2", says: "records: results", "next URL in next"),
        Case(
            "Django REST framework, one page", "{\"count\":2,\"next\":null,\"previous\":null,\"results\":\(list(2))}",
            count: 2, says: "nothing in the response points"),
        Case(
            "Laravel paginator",
            "{\"current_page\":1,\"data\":\(list(15)),\"last_page\":3,\"next_page_url\":\"https://api.test/v1/things?page=2\",\"per_page\":15,\"total\":43}",
            count: 15, next: "/v1/things?page=2", says: "next URL in next_page_url"),
        Case(
            "Laravel resource",
            "{\"data\":\(list(15)),\"links\":{\"first\":\"https://api.test/v1/things?page=1\",\"next\":\"https://api.test/v1/things?page=2\"},\"meta\":{\"current_page\":1,\"last_page\":3,\"per_page\":15,\"total\":43}}",
            count: 15, next: "/v1/things?page=2", says: "next URL in links.next"),
        Case(
            "Spring Data",
            "{\"content\":\(list(20)),\"pageable\":{\"sort\":{\"sorted\":false}},\"last\":false,\"totalPages\":4,\"totalElements\":77,\"number\":0,\"size\":20}",
            count: 20, next: "/v1/things?page=1", says: "records: content", "page number in number", "totalPages"),
        Case(
            "Spring HATEOAS",
            "{\"_embedded\":{\"users\":\(list(2))},\"_links\":{\"next\":{\"href\":\"https://api.test/v1/users?page=1\"}},\"page\":{\"size\":2,\"totalElements\":9,\"totalPages\":5,\"number\":0}}",
            count: 2, next: "/v1/users?page=1", says: "records: _embedded.users", "next URL in _links.next.href"),
        Case(
            "JSON:API",
            "{\"data\":\(list(2)),\"links\":{\"self\":\"/v1/a\",\"next\":\"/v1/a?page[cursor]=2\"},\"included\":[{}]}",
            count: 2, next: "/v1/a?page[cursor]=2", says: "records: data"),
        Case(
            "OData",
            "{\"@odata.context\":\"$metadata\",\"value\":\(list(2)),\"@odata.nextLink\":\"https://api.test/v1/things?$skiptoken=2\"}",
            count: 2, next: "/v1/things?$skiptoken=2", says: "records: value", "@odata.nextLink"),
        Case(
            "Google", "{\"kind\":\"list\",\"items\":\(list(2)),\"nextPageToken\":\"CAUQAA\"}", count: 2,
            next: "/v1/things?pageToken=CAUQAA", says: "records: items", "nextPageToken"),
        Case(
            "Twitter/X", "{\"data\":\(list(2)),\"meta\":{\"result_count\":2,\"next_token\":\"7140\"}}", count: 2,
            next: "/v1/things?pagination_token=7140", says: "meta.next_token"),
        Case(
            "Datasette",
            "{\"ok\":true,\"next\":\"2\",\"rows\":\(list(2)),\"next_url\":\"https://api.test/db/t.json?_next=2\"}",
            count: 2, next: "/db/t.json?_next=2", says: "records: rows", "next URL in next_url"),
        Case(
            "HubSpot",
            "{\"results\":\(list(2)),\"paging\":{\"next\":{\"after\":\"525\",\"link\":\"https://api.test/c?after=525\"}}}",
            count: 2, next: "/c?after=525", says: "paging.next.link"),
        Case(
            "Notion", "{\"object\":\"list\",\"results\":\(list(2)),\"next_cursor\":\"fe2cc560\",\"has_more\":true}",
            count: 2,
            next: "/v1/things?cursor=fe2cc560", says: "cursor in next_cursor", "ends when has_more is false"),
        Case(
            "Facebook",
            "{\"data\":\(list(2)),\"paging\":{\"cursors\":{\"before\":\"a\",\"after\":\"b\"},\"next\":\"https://api.test/me?after=b\"}}",
            count: 2, next: "/me?after=b", says: "next URL in paging.next"),
        Case(
            "Zendesk",
            "{\"tickets\":\(list(2)),\"meta\":{\"has_more\":true,\"after_cursor\":\"xyz\"},\"links\":{\"next\":\"https://api.test/t?page[after]=xyz\"}}",
            path: "/tickets.json", count: 2, next: "/t?page[after]=xyz", says: "records: tickets", "links.next"),
        Case(
            "Salesforce",
            "{\"totalSize\":3,\"done\":false,\"nextRecordsUrl\":\"/services/q/01g-2\",\"records\":\(list(2))}",
            count: 2,
            next: "/services/q/01g-2", says: "records: records", "nextRecordsUrl"),
        Case(
            "Jira", "{\"startAt\":0,\"maxResults\":2,\"total\":5,\"issues\":\(list(2))}", path: "/search", count: 2,
            next: "/v1/search?startAt=2", says: "records: issues", "offset in startAt", "total in total"),
        Case(
            "Kaminari meta", "{\"users\":\(list(2)),\"meta\":{\"current_page\":1,\"total_pages\":3}}", path: "/users",
            count: 2,
            next: "/v1/users?page=2", says: "records: users", "page number in meta.current_page", "meta.total_pages"),
        Case(
            "numbered with total and size", "{\"data\":\(list(2)),\"page\":1,\"per_page\":2,\"total\":5}", count: 2,
            next: "/v1/things?page=2", says: "page number in page", "total in total"),
        Case(
            "number as next page", "{\"items\":\(list(2)),\"next_page\":2}", count: 2, next: "/v1/things?page=2",
            says: "cursor in next_page, sent as page"),
        Case(
            "bare list", list(3), count: 3, says: "the body is a list", "nothing in the response points"),
        Case(
            "bare list of a suspicious length", list(100), count: 100, says: "exactly 100 records came"),
        Case("empty list", "[]", count: 0, says: "the body is a list"),
        Case("empty object", "{}", count: 1, says: "the object is the one record"),
        Case(
            "one object", "{\"id\":7,\"name\":\"x\",\"tags\":[\"a\"]}", count: 1, says: "the object is the one record"),
        Case(
            "object with one list of objects", "{\"ok\":1,\"widgets\":\(list(4))}", count: 4, says: "records: widgets"),
        Case(
            "several lists", "{\"a\":\(list(2)),\"b\":\(list(3))}", count: 1, says: "several lists (\"a\", \"b\")",
            "the object is the one record"),
        Case(
            "Datasette in full",
            "{\"ok\":true,\"rows\":\(list(2)),\"columns\":[\"id\"],\"primary_keys\":[],\"next_url\":null}", count: 2,
            says: "records: rows"),
        Case(
            "list in data.items", "{\"data\":{\"items\":\(list(2)),\"total\":2}}", count: 2, says: "records: data.items"
        ),
        Case(
            "list in data under another name", "{\"data\":{\"users\":\(list(2))},\"status\":\"ok\"}", count: 2,
            says: "records: data.users"),
        Case(
            "list named as the stream", "{\"things\":\(list(2)),\"warnings\":[\"x\"]}", count: 2,
            says: "records: things"),
        Case(
            "error object", "{\"error\":{\"code\":7,\"message\":\"no\"}}", count: 1,
            says: "the object is the one record",
            "looks like an error"),
        Case(
            "Slack's error", "{\"ok\":false,\"error\":\"invalid_auth\"}", count: 1, says: "looks like an error"),
        Case(
            "more without a way", "{\"data\":\(list(2)),\"has_more\":true}", count: 2,
            says: "there is more, but not how to get it"),
        Case(
            "total without a way", "{\"data\":\(list(2)),\"total\":9}", count: 2,
            says: "total is 9 but 2 records came, and no way to the rest was found"),
        Case(
            "a page's own count is no total", "{\"offset\":0,\"limit\":2,\"count\":2,\"items\":\(list(2))}", count: 2,
            next: "/v1/things?offset=2", says: "records: items", "count"),
        Case(
            "a page's own count with page numbers", "{\"page\":1,\"per_page\":2,\"count\":2,\"items\":\(list(2))}",
            count: 2,
            next: "/v1/things?page=2", says: "page number in page", "count"),
        Case(
            "names with dots", "{\"a.b\":\(list(2)),\"x\":1}", count: 2, says: "records: [\"a.b\"]"),
    ]

    @Test(arguments: cases) func findsAndSays(_ example: Case) throws {
        var stream = try Make.stream(.detect, records: nil, path: example.path)
        stream.paging.maxPages = 2
        let world = try World.walk(
            stream, [.json(example.body, headers: example.headers), .status(418)])
        let page = try #require(world.pages.first, "\(world.failure?.message ?? "")")
        #expect(page.records.count == example.count)
        #expect(world.targets.dropFirst().first == example.next)
        let said = page.facts.detected + page.facts.warnings
        for text in example.says { #expect(said.contains { $0.contains(text) }, "\(text) is not in \(said)") }
        // Nothing silent: something about the records, something about paging.
        #expect(page.facts.detected.contains { $0.hasPrefix("records:") })
        #expect(page.facts.detected.contains { $0.hasPrefix("paging:") })
        #expect(page.facts.hasMore == (example.next != nil))
    }

    @Test func scalarIsAnErrorThatSaysSo() throws {
        for body in ["17", "\"x\"", "true"] {
            let world = try World.walk(Make.stream(.detect, records: nil), [.json(body)])
            #expect(world.failure?.code == .data, "\(body)")
            #expect(world.failure?.message.contains("records") == true, "\(world.failure?.message ?? "")")
        }
    }

    @Test func nullBodyIsAnEmptyPageSaidAloud() throws {
        let world = try World.walk(Make.stream(.detect, records: nil), [.json("null")])
        #expect(world.succeeded)
        #expect(world.warnings.contains { $0.contains("null") })
    }

    @Test func emptyBodyIsAnError() throws {
        let world = try World.walk(Make.stream(.detect, records: nil), Array(repeating: .json(""), count: 3))
        #expect(world.failure?.message.contains("no body") == true)
    }

    @Test func findingsAreSaidOnceWithTheFirstPage() throws {
        let world = try World.walk(
            Make.stream(.detect, records: nil),
            [.json("{\"data\":[1],\"next_cursor\":\"a\"}"), .json("{\"data\":[2]}")])
        #expect(world.succeeded)
        #expect(world.pages.map(\.facts.detected.isEmpty) == [false, true])
    }

    @Test func whatTheDocumentSaysIsNotDetected() throws {
        // Records by the document, paging found.
        let world = try World.walk(
            Make.stream(.detect, records: "b"),
            [.json("{\"a\":[1,2],\"b\":[3],\"next_cursor\":\"x\"}"), .json("{\"b\":[4]}")])
        #expect(world.succeeded)
        #expect(world.records == ["3", "4"])
        // Paging by the document, records found.
        let paged = try World.walk(
            Make.stream(Make.page(), records: nil),
            [.json("{\"rows\":[{\"i\":1}],\"next\":\"https://api.test/elsewhere\"}"), .json("{\"rows\":[]}")])
        #expect(paged.succeeded)
        #expect(paged.targets == ["/v1/things?page=1", "/v1/things?page=2"])
    }

    @Test func wholeWalkByDetection() throws {
        let pages = (0..<5).map { page in
            Reply.json(
                "{\"results\":\(Make.list(page * 10, page == 4 ? 3 : 10)),\"page\":\(page + 1),\"total_pages\":5}")
        }
        let world = try World.walk(Make.stream(.detect, records: nil), pages)
        #expect(world.succeeded)
        #expect(world.records == (0..<43).map(String.init))
    }

    // MARK: for programs

    @Test(arguments: cases)
    func whatIsFoundIsSaidAsADocumentSaysIt(_ example: Case) throws {
        let plain = try Make.stream(.detect, records: nil, path: example.path)
        let first = Reply.json(example.body, headers: example.headers)
        let found = try World.walk(plain, [first, .json("[]"), .json("[]")])
        let metadata = try json(try #require(found.pages.first).facts.metadata)
        let pagination = try #require(metadata["detected_pagination"])
        let records = try #require(metadata["detected_records"]?.string)
        // Read as a document it makes the same requests.
        let written = JSONValue.object([
            .init(name: "path", value: .string(example.path)), .init(name: "records", value: .string(records)),
            .init(name: "pagination", value: pagination),
        ])
        let source = try Source.parse(
            document: .object([
                .init(name: "base_url", value: .string("https://api.test/v1")),
                .init(name: "streams", value: .object([.init(name: "s", value: written)])),
            ]), references: FakeReferences())
        let again = try World.walk(try #require(source.streams.first), [first, .json("[]"), .json("[]")])
        #expect(again.pages.first?.facts.records.count == example.count)
        #expect(again.pages.first?.facts.nextToken == found.pages.first?.facts.nextToken)
    }

    @Test func aWalkThatItsBoundsEndSaysHowItWouldGoOn() throws {
        func beyond(_ body: String, _ change: (inout PagingPlan) -> Void) throws -> String? {
            var stream = try Make.stream(.detect, records: nil)
            change(&stream.paging)
            let world = try World.walk(stream, [.json(body)])
            #expect(world.succeeded && world.pages.count == 1 && world.pages[0].facts.nextToken == nil)
            return try json(world.pages[0].facts.metadata)["beyond"]?.string
        }
        let more = "{\"data\":[{\"id\":1},{\"id\":2}],\"next_cursor\":\"abc\"}"
        #expect(try beyond(more) { $0.maxPages = 1 } == "abc")
        #expect(try beyond(more) { $0.maxRecords = 2 } == "abc")
        #expect(try beyond("{\"data\":[{\"id\":1}]}") { $0.maxPages = 1 } == nil)
    }

    @Test func cursorInAHeader() throws {
        let world = try World.walk(
            Make.stream(.detect, records: nil),
            [
                .json("[{\"id\":1}]", headers: [("X-Next-Cursor", "c1")]),
                .json("[{\"id\":2}]", headers: [("X-Next-Cursor", "")]),
            ])
        #expect(world.succeeded)
        #expect(world.targets == ["/v1/things", "/v1/things?cursor=c1"])
    }

    @Test func limitsThatTheHeadersStateAreInTheMetadata() throws {
        let world = try World.walk(
            Make.stream(.detect, records: nil),
            [
                .json(
                    "[]",
                    headers: [("RateLimit-Policy", "\"a\";q=100;w=60"), ("RateLimit", "\"a\";r=99;t=30")])
            ])
        let policy = try json(world.pages[0].facts.metadata)["limit"]?["policies"]?[0]
        #expect(policy?["limit"]?.int == 100 && policy?["window_ms"]?.int == 60_000)
        #expect(policy?["remaining"]?.int == 99 && policy?["unit"]?.string == "requests")
    }

    @Test func pageSizeThatTheResponseNames() throws {
        let world = try World.walk(
            Make.stream(.detect, records: nil),
            [.json("{\"data\":[{}],\"meta\":{\"per_page\":25}}")])
        let size = try json(world.pages[0].facts.metadata)["detected_size"]
        #expect(size?["param"]?.string == "per_page" && size?["value"]?.int == 25)
    }
}
