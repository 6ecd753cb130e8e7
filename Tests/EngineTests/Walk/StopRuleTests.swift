import Engine
import EngineTestKit
import Testing

@Suite struct StopRuleTests {
    /// The page after one that ends the walk is a trap: it fails.
    static func pages(_ stop: String, _ bodies: [String], _ paging: String = "\"type\": \"cursor\", \"from\": \"next\"")
        throws -> World
    {
        let stream = try stream("\"records\": \"data\", \"pagination\": {\(paging), \"stop\": [\(stop)]}")
        let replies = bodies.enumerated().map { index, body in
            Reply.json("{\"data\":[\(index)],\"next\":\"t\(index)\"\(body.isEmpty ? "" : ",")\(body)}")
        }
        return try World.walk(stream, source: source(), replies)
    }

    @Test(arguments: [
        ("{\"source\": \"more\", \"is\": \"empty\"}", "\"more\":[1]", "\"more\":[]"),
        ("{\"source\": \"more\", \"is\": \"empty\"}", "\"more\":false", "\"more\":null"),
        ("{\"source\": \"more\", \"is\": \"empty\"}", "\"more\":0", ""),
        ("{\"source\": \"more\", \"is\": \"empty\"}", "\"more\":{\"a\":1}", "\"more\":{}"),
        ("{\"source\": \"done\", \"is\": \"true\"}", "\"done\":false", "\"done\":true"),
        ("{\"source\": \"done\", \"is\": \"true\"}", "\"done\":\"no\"", "\"done\":\"true\""),
        ("{\"source\": \"more\", \"is\": \"false\"}", "\"more\":true", "\"more\":false"),
        ("{\"source\": \"left\", \"is\": \"0\"}", "\"left\":1", "\"left\":0"),
        ("{\"source\": \"left\", \"is\": \"0\"}", "\"left\":\"10\"", "\"left\":\"0\""),
        ("{\"source\": \"state\", \"equals\": \"done\"}", "\"state\":\"more\"", "\"state\":\"done\""),
        ("{\"source\": \"n\", \"equals\": 5}", "\"n\":4", "\"n\":\"5\""),
        ("{\"source\": \"f\", \"equals\": true}", "\"f\":1", "\"f\":true"),
        ("{\"source\": \"page\", \"at_least\": \"pages\"}", "\"page\":1,\"pages\":2", "\"page\":2,\"pages\":2"),
        ("{\"source\": \"page\", \"at_least\": 9}", "\"page\":8", "\"page\":9"),
        (
            "{\"source\": {\"add\": [\"offset\", {\"page\": \"count\"}]}, \"at_least\": \"total\"}",
            "\"offset\":0,\"total\":2", "\"offset\":1,\"total\":2"
        ),
        ("{\"source\": {\"page\": \"received\"}, \"at_least\": \"total\"}", "\"total\":2", "\"total\":\"2\""),
        ("{\"source\": {\"page\": \"index\"}, \"at_least\": 1}", "", ""),
        (
            "{\"source\": \"u\", \"is\": \"this_url\"}", "\"u\":\"https://api.example.com/v1/s?cursor=t0\"",
            "\"u\":\"?cursor=t0\""
        ),
        (
            "{\"source\": \"a\", \"is\": \"true\"}, {\"source\": \"b\", \"is\": \"true\"}", "\"a\":false,\"b\":false",
            "\"a\":false,\"b\":true"
        ),
    ])
    func endsAtTheSecondPage(_ stop: String, _ first: String, _ second: String) throws {
        let world = try Self.pages(stop, [first, second])
        #expect(world.succeeded, "\(stop): \(world.failure?.message ?? "")")
        #expect(world.records == ["0", "1"] && world.sent.count == 2)
        #expect(world.pages.map(\.facts.hasMore) == [true, false])
    }

    @Test func aRuleThatCanNotBeTestedIsTold() throws {
        let world = try Self.pages(
            "{\"source\": \"page\", \"at_least\": \"pages\"}, {\"source\": \"done\", \"is\": \"true\"}",
            ["\"page\":1,\"done\":false", "\"done\":true"])
        #expect(world.succeeded)
        #expect(world.warnings.count == 1, "\(world.warnings)")
        #expect(world.warnings.first?.contains("the value at \"page\"") == true)
    }

    @Test func countersStopByRulesToo() throws {
        let world = try Self.pages(
            "{\"source\": \"more\", \"is\": \"false\"}", ["\"more\":true", "\"more\":false"],
            "\"type\": \"page\", \"stop_on_empty_page\": false")
        #expect(world.succeeded && world.targets == ["/v1/s?page=1", "/v1/s?page=2"])
        // A flag that the document says is no flag ends by the rule alone.
        let urls = try Self.pages(
            "{\"source\": \"next\", \"is\": \"this_url\"}", ["", ""], "\"type\": \"next_url\", \"from\": \"next\"")
        #expect(urls.failure == nil || urls.sent.count > 1)
    }

    /// Some APIs end with a link to the page itself; without the rule that is a circle.
    @Test func aNextURLThatIsThisURLMayEndTheWalk() throws {
        for (rule, ends) in [(true, true), (false, false)] {
            let stop = rule ? ", \"stop\": [{\"source\": \"next\", \"is\": \"this_url\"}]" : ""
            let world = try World.walk(
                stream("\"records\": \"data\", \"pagination\": {\"type\": \"next_url\", \"from\": \"next\"\(stop)}"),
                source: source(),
                [.json("{\"data\":[1],\"next\":\"?p=2\"}"), .json("{\"data\":[2],\"next\":\"?p=2\"}")])
            #expect(world.succeeded == ends)
        }
    }
}
