import Engine
import Testing

@Suite struct ExplanationTests {
    /// The explanation of a document whose base URL is given already.
    static func explain(_ members: String = "", options: String = "{}") throws -> JSONValue {
        let rest = members.isEmpty ? "" : ", " + members
        return try json(
            Explanation.text(
                of: json("{\"base_url\": \"https://api.example.com/v1\"\(rest)}"), options: .parse(json(options)),
                references: FakeReferences.usual))
    }

    static func explainStream(_ members: String) throws -> JSONValue {
        let whole = try explain("\"streams\": {\"s\": {\"path\": \"/s\", \(members)}}")
        return try #require(whole["streams"]?[0])
    }

    static func sentences(_ value: JSONValue?) -> [String] { (value?.array ?? []).compactMap(\.string) }

    // MARK: source

    @Test func limitsSayWhatIsCountedAndWhen() throws {
        func limits(_ text: String) throws -> [String] {
            Self.sentences(try Self.explain("\"limits\": \(text)")["limits"])
        }
        #expect(
            try limits("\"10/s\"") == [
                "never more than 10 requests in any second as the server counts: a place is free again 1s after the response that used it"
            ])
        #expect(try limits("\"1/250ms\"")[0].hasPrefix("never more than 1 request in any 250ms as"))
        #expect(try limits("\"5000/h\"")[0].hasPrefix("never more than 5000 requests in any hour as"))
        let several = try limits("[{\"requests\": 10, \"per\": \"1s\", \"burst\": 50}, {\"concurrent\": 8}]")
        #expect(
            several == [
                "10 requests a second on average, and after a rest up to 50 at once",
                "at most 8 requests under way at once", "all of these hold at once",
            ])
        #expect(Self.sentences(try Self.explain()["limits"])[0].hasPrefix("none given"))
    }

    @Test func retriesSayHowOftenAndWhen() throws {
        let usual = Self.sentences(try Self.explain()["retries"])
        #expect(usual[0].hasPrefix("a request is sent 5 times at most, within 15m"))
        #expect(usual[1].contains("HTTP 408, 425, 429, 500"))
        #expect(usual[3].contains("up to 1h each and 1h a request"))
        #expect(Self.sentences(try Self.explain("\"retry\": {\"attempts\": 1}")["retries"]).count == 1)
    }

    @Test func credentialsSayWhereTheyGoAndWhereTheyComeFrom() throws {
        let whole = try Self.explain(
            "\"auth\": [{\"type\": \"bearer\", \"token\": {\"env\": \"TOKEN\"}}, {\"type\": \"api_key\", \"query\": \"k\", \"value\": {\"file\": \"/run/key\"}}]"
        )
        #expect(
            Self.sentences(whole["credentials"]) == [
                "the header \"Authorization\" carries \"Bearer \" and a secret from environment variable \"TOKEN\", to https://api.example.com only",
                "the query parameter \"k\" carries a secret from file \"/run/key\", to https://api.example.com only",
            ])
        #expect(Self.sentences(try Self.explain()["credentials"]) == ["none"])
    }

    @Test func noSecretAndNoParameterIsEverShown() throws {
        let text = try Explanation.text(
            of: json(
                """
                {"base_url": "https://api.example.com/v1?apikey=canary-0",
                 "auth": [{"type": "basic", "username": {"env": "USER_NAME"}, "password": "canary-1"},
                          {"type": "api_key", "header": "X-K", "value": {"param": "p"}}],
                 "headers": {"X-Api-Key": "canary-2", "X-E": {"env": "TOKEN"}, "X-P": {"param": "p"}},
                 "query": {"access_token": "canary-3", "f": {"file": "/run/key"}, "shown": "yes"},
                 "streams": {"s": {"path": "/s/{p}?sig=canary-4", "query": {"password": ["canary-5"]},
                             "form": {"secret": "canary-6"}, "method": "POST"}}}
                """), options: .parse(json("{\"params\": {\"p\": \"canary-7\"}}")), references: FakeReferences.usual)
        #expect(!text.contains("canary"))
        #expect(text.contains("query parameter \\\"shown\\\": yes"))
        #expect(text.contains("https://api.example.com/v1/s/{p}?"))
    }

    @Test func secretsNeedNotBeThereWhenTheyAreSkipped() throws {
        let document = """
            "auth": [{"type": "bearer", "token": {"env": "NOWHERE"}}, {"type": "api_key", "value": {"param": "never_given"}}],
            "headers": {"X": {"file": "/nope"}}, "streams": {"s": "/s"}
            """
        #expect(throws: Failure.self) { try Self.explain(document) }
        let whole = try Self.explain(document, options: "{\"secrets\": \"skip\"}")
        #expect(Self.sentences(whole["credentials"])[0].contains("environment variable \"NOWHERE\""))
        #expect(Self.sentences(whole["notes"]) == ["the secrets were not read (\"secrets\": \"skip\")"])
    }

    @Test func whoSkippedTheSecretsCannotSend() throws {
        func open(_ members: String) throws -> Source {
            try Source.parse(
                document: json("{\"base_url\": \"https://a.test\", \"streams\": {\"s\": \"/s\"}\(members)}"),
                options: .parse(json("{\"secrets\": \"skip\"}")), references: FakeReferences())
        }
        let source = try open(", \"headers\": {\"X\": {\"env\": \"NOWHERE\"}}")
        let walk = try failure {
            try Engine.Stream.parse(options: json("{\"stream\": \"s\"}"), source: source, references: FakeReferences())
        }
        let call = try failure {
            try RequestPlan.parse(json("{\"path\": \"/\"}"), source: source, references: FakeReferences())
        }
        #expect(walk?.code == .auth && walk?.message.contains("\"secrets\": \"skip\"") == true)
        #expect(call == walk)
        // There is nothing to skip.
        _ = try Engine.Stream.parse(
            options: json("{\"stream\": \"s\"}"), source: open(""), references: FakeReferences())
    }

    @Test func fieldsSayWhenTheyAreSent() throws {
        let stream = try Self.explainStream(
            """
            "pagination": "cursor",
            "query": {"a": "{page.token}", "b": {"value": 1, "when": "first_page", "omit_empty": true},
                      "c": {"body": "meta.x"}, "d": "{env.TOKEN}"}
            """)
        #expect(
            Self.sentences(stream["sends"]) == [
                "query parameter \"a\": {page.token}",
                "query parameter \"b\": 1, with the first page only, unless it is empty",
                "query parameter \"c\": (a value of the response before)", "query parameter \"d\": {env.TOKEN}",
            ])
        #expect(stream["paging"]?.string?.hasSuffix("goes into the request's texts of the next request") == true)
        let body = try Self.explainStream("\"graphql\": {\"query\": \"{ users { id } }\"}")
        #expect(body["body"]?.string == "a GraphQL request" && body["request"]?.string?.hasPrefix("POST ") == true)
    }

    @Test func redirectsSayWhereTheyMayLead() throws {
        #expect(
            try Self.explain()["redirects"]?.string
                == "up to 5 a request, and next links, are followed within https://api.example.com, to no other origin; from https to http never"
        )
        let others = try Self.explain("\"other_origins\": [\"https://files.example.com\"], \"max_redirects\": 0")
        #expect(others["redirects"]?.string?.hasPrefix("none is followed; next links") == true)
        #expect(others["redirects"]?.string?.contains("to https://files.example.com") == true)
    }

    @Test func whatDeservesASecondLookIsNoted() throws {
        func notes(_ members: String) throws -> [String] { Self.sentences(try Self.explain(members)["notes"]) }
        let stream = "\"streams\": {\"s\": {\"path\": \"/s\", \"query\": {\"v\": 1}}}"
        #expect(try notes(stream) == [])
        #expect(try notes("\"query\": {\"v\": 2}, \(stream)")[0].contains("sent twice"))
        #expect(
            try notes("\"auth\": {\"type\": \"bearer\", \"token\": \"abc\"}, \(stream)")[0].contains("{\"env\": …}"))
        #expect(try notes("\"timeouts\": {\"total\": \"1s\"}, \(stream)")[0].contains("shortest"))
        #expect(try notes("")[0].contains("no streams"))
    }

    // MARK: streams

    @Test(arguments: [
        ("\"none\"", "there is one page"),
        ("\"offset\"", "the query parameter \"offset\" counts records from 0, by as many as came"),
        (
            "{\"type\": \"page\", \"param\": \"p\", \"start\": 0, \"send_first\": false, \"size\": 9}",
            "the query parameter \"p\" counts pages from 0; the first request goes without it; the query parameter \"per_page\" asks for 9 records a page"
        ),
        (
            "{\"type\": \"cursor\", \"slot\": {\"in\": \"header\", \"name\": \"X-C\"}, \"from\": {\"header\": \"X-N\"}}",
            "a token out of each response, the header \"X-N\", goes into the header \"X-C\" of the next request"
        ),
        (
            "{\"type\": \"cursor\", \"from\": {\"query_param\": \"after\", \"of\": \"paging.next\"}}",
            "a token out of each response, the query parameter \"after\" of the URL that is paging.next in the body, goes into the query parameter \"cursor\" of the next request"
        ),
        (
            "{\"type\": \"cursor\", \"from\": {\"last_record\": \"id\"}, \"param\": \"starting_after\"}",
            "a token out of each response, id of the page's last record, goes into the query parameter \"starting_after\" of the next request"
        ),
        (
            "{\"type\": \"next_url\", \"from\": \"links.next\"}",
            "a URL out of each response, links.next in the body, is requested next, as it is"
        ),
        (
            "\"link\"",
            "a URL out of each response, the Link header's URL with rel=\"next\", is requested next, as it is"
        ),
    ])
    func everyStyleIsSaidInOneSentence(pagination: String, sentence: String) throws {
        #expect(try Self.explainStream("\"pagination\": \(pagination)")["paging"]?.string == sentence)
    }

    @Test func detectionSaysWhatItLooksFor() throws {
        #expect(try Self.explainStream("\"key\": \"id\"")["paging"]?.string?.hasPrefix("found in the first") == true)
        let cursor = try Self.explainStream("\"pagination\": \"cursor\"")["paging"]?.string
        #expect(cursor?.contains("next_cursor in the body, nextCursor in the body") == true)
        #expect(cursor?.contains("more usual places") == true)
    }

    @Test(arguments: [
        ("\"offset\"", ["at an empty page"]),
        (
            "{\"type\": \"offset\", \"size\": 9}",
            [
                "at an empty page",
                "at a page with fewer than 9 records, unless the response says that more follow; a short first page is taken as the server's own page size",
            ]
        ),
        (
            "{\"type\": \"offset\", \"size\": 9, \"stop_on_short_page\": true, \"stop_on_empty_page\": false}",
            ["at a page with fewer than 9 records"]
        ),
        (
            "{\"type\": \"page\", \"empty_pages\": 2, \"total\": \"n\", \"last_page\": \"last\", \"total_pages\": \"pages\", \"max_pages\": 4, \"max_records\": 5, \"has_more\": \"more\", \"end_statuses\": [404, 400]}",
            [
                "after 4 pages", "after 5 records",
                "when more in the body says no: false, 0, \"\", \"false\", \"no\" or an empty list",
                "when as many records came as n in the body says", "at the page whose number last in the body says",
                "after as many pages as pages in the body says", "at the empty page number 3 in a row",
                "behind the first page, at HTTP 400 or 404",
            ]
        ),
        (
            "{\"type\": \"cursor\", \"stop_on_empty_page\": true}",
            ["when there is no token (missing, null, false or empty)", "at an empty page"]
        ),
        (
            "{\"type\": \"cursor\", \"empty_token\": \"token\", \"has_more\": \"m\"}",
            [
                "when m in the body says no: false, 0, \"\", \"false\", \"no\" or an empty list",
                "when there is no token (missing, null or false; an empty text is one); an error where the response says that more follow",
            ]
        ),
        (
            "{\"type\": \"cursor\", \"stop\": [{\"source\": {\"link\": \"next\", \"attribute\": \"results\"}, \"is\": \"false\"}, {\"source\": {\"page\": \"received\"}, \"at_least\": {\"add\": [\"total\", 1]}}, {\"source\": {\"find\": \"links\", \"where\": {\"rel\": \"next\"}}, \"is\": \"empty\"}]}",
            [
                "when there is no token (missing, null, false or empty)",
                "when the attribute \"results\" of the Link header's rel=\"next\" is false",
                "when the number of records so far has reached total in the body + 1",
                "when href of the first of links in the body with rel = \"next\" is missing, null or empty",
            ]
        ),
        ("\"link\"", ["when there is no next URL (missing, null, false or empty)"]),
    ])
    func everyStopIsSaid(pagination: String, stops: [String]) throws {
        let said = Self.sentences(try Self.explainStream("\"pagination\": \(pagination)")["stops"])
        #expect(said == stops + ["with an error when a token, URL or whole page comes twice"])
    }

    @Test func requestsRecordsAndNeedsAreSaid() throws {
        let stream = try #require(
            try Self.explain(
                "\"streams\": {\"s\": {\"path\": \"/a/{user_id}/b/{c}\", \"records\": \"data.items\", \"key\": \"id\", \"missing_records\": \"empty\", \"read_ahead\": 0}}"
            )["streams"]?[0])
        #expect(stream["request"]?.string == "GET https://api.example.com/v1/a/{user_id}/b/{c}")
        #expect(Self.sentences(stream["needs"]) == ["the parameter \"user_id\"", "the parameter \"c\""])
        #expect(
            stream["records"]?.string
                == "data.items: each element of a list, or an object as one record; a body without it is an empty page")
        #expect(stream["key"]?.string?.hasPrefix("id tells records apart; of those that come twice") == true)
        #expect(stream["read_ahead"]?.string == "a page is requested when the one before was taken")
        #expect(stream["retries"] == nil && stream["parallel"] == nil)
        #expect(
            try Self.explainStream("\"pagination\": \"page\", \"parallel\": 8, \"order\": \"any\"")["parallel"]?.string
                == "up to 8 pages are under way at once, as far as the limits allow, and handed over as they come")
        let post = try Self.explainStream("\"method\": \"POST\", \"json\": {}")
        #expect(post["retries"]?.string?.contains("certainly did not carry") == true)
        #expect(try Self.explainStream("\"method\": \"POST\", \"idempotent\": true")["retries"] == nil)
    }

    @Test func recordsSayWhatBecomesOfThem() throws {
        let stream = try Self.explainStream(
            """
            "key": ["a", "b"], "duplicates": {"max_keys": 9, "when_full": "fail"},
            "records": {"or": ["x", "y"], "shape": {"type": "explode", "path": "l", "carry": {"o": "id"}},
                "filter": {"and": [
                    {"path": "s", "op": "in", "values": ["a", 1]}, {"not": {"path": "d", "op": "exists"}},
                    {"path": "t", "op": ">=", "value": {"param": "p", "default": "hidden-parameter"}}]},
                "add": {"src": "crm"}},
            "errors": [{"status": [404, "5xx"], "body": {"path": "e", "=": null}, "action": "ignore"}]
            """)
        #expect(stream["records"]?.string?.hasPrefix("the first that is there of \"x\" and \"y\": each") == true)
        #expect(
            Self.sentences(stream["changes"]) == [
                "the children of each record at l are the records; stop rules count the parents, with id of the parent as \"o\"",
                "only those are handed over with (s one of \"a\", 1 and not (d there) and t >= a parameter)",
                "each is given \"src\", a fixed value; one that has it already is an error",
            ])
        #expect(
            stream["key"]?.string
                == "a and b together tell records apart; of those that come twice in a walk the first is handed over; 9 keys are remembered, more are an error"
        )
        #expect(Self.sentences(stream["errors"]) == ["HTTP 404 or 5xx with e in the body = null: an empty page"])
    }
}
