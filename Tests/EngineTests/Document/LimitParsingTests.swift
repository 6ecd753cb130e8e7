import Engine
import Testing

@Suite struct LimitParsingTests {
    @Test func everyKindOfLimitIsRead() throws {
        let source = try source(
            """
            "limits": [
              {"requests": 10, "per": "1s", "burst": 5, "strict": true, "guard": "send",
               "for": {"methods": ["GET"], "paths": ["/search/*"], "streams": ["s"], "hosts": ["*.Example.com"]}},
              {"requests": 100, "per": "1m", "aligned": true, "each": "host"},
              {"points": 1000, "per": "20s", "burst": 1000}, {"spacing": "250ms", "for": {"methods": ["POST"]}},
              {"spacing": "1s", "guard": "response"}, {"concurrent": 4, "each": "stream"}],
            "streams": {"s": {"path": "/s", "cost": {"estimate": 10, "actual": "cost.actual"}, "priority": "high"},
                        "t": {"path": "/t", "cost": {"estimate": 2, "actual": {"header": "X-Cost"}}},
                        "u": {"path": "/u", "cost": 7}}
            """)
        var first = LimitPlan.Rule(.bucket(most: 10, per: .seconds(1), burst: 5, isStrict: true))
        first.counts = .send
        first.covers.methods = ["GET"]
        first.covers.paths = [Glob("/search/*")]
        first.covers.streams = ["s"]
        first.covers.hosts = [Glob("*.example.com")]
        var second = LimitPlan.Rule(.window(most: 100, per: .seconds(60), isAligned: true))
        second.each = .host
        var third = LimitPlan.Rule.bucket(requests: 1000, per: .seconds(20), burst: 1000)
        third.unit = .points
        var fourth = LimitPlan.Rule(.spacing(.milliseconds(250)))
        fourth.covers.methods = ["POST"]
        #expect(fourth.counts == .send)
        var fifth = LimitPlan.Rule(.spacing(.seconds(1)))
        fifth.counts = .response
        var sixth = LimitPlan.Rule.concurrent(4)
        sixth.each = .stream
        #expect(source.limits.rules == [first, second, third, fourth, fifth, sixth])
        #expect(source.streams.map(\.request.cost.estimate) == [10, 2, 7])
        #expect(source.streams[0].request.cost.actual == .body(try JSONPath("cost.actual")))
        #expect(source.streams[1].request.cost.actual == .header("X-Cost"))
        #expect(source.streams.map(\.request.priority) == [.high, .normal, .normal])
        let call = try RequestPlan.parse(
            json(#"{"path": "/x", "cost": 3, "priority": "low"}"#), source: source, references: FakeReferences.usual)
        #expect(call.cost.estimate == 3 && call.priority == .low)
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let text: String
        let pointer: String
        let part: String
        var testDescription: String { text }
    }

    @Test(arguments: [
        Case(text: #"{"requests": 0, "per": "1s"}"#, pointer: "/limits/requests", part: "must be"),
        Case(text: #"{"requests": -5, "per": "1s"}"#, pointer: "/limits/requests", part: "must be"),
        Case(text: #"{"requests": 99999999999999999999, "per": "1s"}"#, pointer: "/limits/requests", part: "expected"),
        Case(text: #"{"requests": 1.5, "per": "1s"}"#, pointer: "/limits/requests", part: "expected"),
        Case(text: #"{"requests": 1, "per": "0s"}"#, pointer: "/limits/per", part: "must be"),
        Case(text: #"{"requests": 1, "per": "9999999d"}"#, pointer: "/limits/per", part: "must be"),
        Case(
            text: #"{"requests": 1000000000, "per": "1ms"}"#, pointer: "/limits", part: "1000000000 requests a second"),
        Case(
            text: #"{"requests": 1, "per": "366d", "burst": 1000000000}"#, pointer: "/limits/burst", part: "100 years"),
        Case(
            text: #"{"requests": 10, "per": "1s", "burst": 11, "strict": true}"#, pointer: "/limits/burst",
            part: "a strict burst of 11 is above the 10"),
        Case(
            text: #"{"requests": 10, "per": "1s", "strict": true}"#, pointer: "/limits/strict", part: "needs \"burst\""),
        Case(
            text: #"{"requests": 10, "per": "1s", "burst": 2, "aligned": true}"#, pointer: "/limits/aligned",
            part: "exclude"),
        Case(text: #"{"points": 0, "per": "1s"}"#, pointer: "/limits/points", part: "must be"),
        Case(text: #"{"points": 5, "requests": 5, "per": "1s"}"#, pointer: "/limits/points", part: "points"),
        Case(text: #"{"spacing": "0s"}"#, pointer: "/limits/spacing", part: "must be"),
        Case(text: #"{"spacing": 5}"#, pointer: "/limits/spacing", part: "expected"),
        Case(text: #"[{"spacing": "1s"}, {"spacing": "2s"}]"#, pointer: "/limits/1", part: "given twice"),
        Case(text: #"{"concurrent": 0}"#, pointer: "/limits/concurrent", part: "must be"),
        Case(text: #"[{"concurrent": 1}, {"concurrent": 2}]"#, pointer: "/limits/1", part: "given twice"),
        Case(text: #"["10/s", {"requests": 5, "per": "1s"}]"#, pointer: "/limits/1", part: "same window"),
        Case(text: #"{"concurrent": 1, "for": {}}"#, pointer: "/limits/for/methods", part: "methods"),
        Case(text: #"{"concurrent": 1, "for": {"methods": ["get"]}}"#, pointer: "/limits/for/methods/0", part: "GET"),
        Case(text: #"{"concurrent": 1, "for": {"paths": []}}"#, pointer: "/limits/for/paths", part: "empty"),
        Case(
            text: #"{"concurrent": 1, "for": {"streams": ["userz"]}}"#, pointer: "/limits/for/streams/0",
            part: "the source has no stream \"userz\"; did you mean \"users\"?"),
        Case(text: #"{"concurrent": 1, "each": "page"}"#, pointer: "/limits/each", part: "host"),
        Case(text: #"{"requests": 1, "per": "1s", "guard": "now"}"#, pointer: "/limits/guard", part: "response"),
        Case(text: #"{"concurrent": 1, "guard": "send"}"#, pointer: "/limits/guard", part: "unknown key"),
        Case(text: #"{"concurrent": "many"}"#, pointer: "/limits/concurrent", part: "auto"),
        Case(text: #"{"concurrent": 4, "at_most": 8}"#, pointer: "/limits/at_most", part: "auto"),
        Case(text: #"{"concurrent": "auto", "at_most": 0}"#, pointer: "/limits/at_most", part: "must be"),
        Case(text: #"{"concurrent": "auto", "each": "host"}"#, pointer: "/limits/each", part: "each host apart"),
        Case(text: #"[{"concurrent": "auto"}, {"concurrent": "auto"}]"#, pointer: "/limits/1", part: "given twice"),
        Case(text: #"[{"concurrent": "auto"}, {"concurrent": 3}]"#, pointer: "/limits", part: "\"at_most\": 3"),
        Case(
            text: #"{"concurrent": "auto", "for": {"methods": ["GET"]}}"#, pointer: "/limits/for",
            part: "about all requests"),
    ])
    func whatMakesNoSenseIsRefused(_ wanted: Case) throws {
        let failure = try failure { try source("\"limits\": \(wanted.text), \"streams\": {\"users\": \"/users\"}") }
        #expect(failure?.code == .config)
        #expect(failure?.pointer == wanted.pointer, "\(String(describing: failure?.message))")
        #expect(failure?.message.contains(wanted.part) == true, "\(String(describing: failure?.message))")
    }

    @Test func sameLimitForOtherRequestsIsAnother() throws {
        let source = try source(
            #"""
            "limits": [{"concurrent": 1, "for": {"methods": ["GET"]}}, {"concurrent": 2}, {"concurrent": 3, "each": "host"},
                       {"requests": 5, "per": "1s"}, {"points": 5, "per": "1s"}]
            """#)
        #expect(source.limits.rules.count == 5)
    }

    @Test(arguments: [
        ("0", "/streams/s/cost", "must be"), ("{}", "/streams/s/cost/estimate", "missing key"),
        ("{\"estimate\": 1, \"actual\": {\"link\": \"next\"}}", "/streams/s/cost/actual/link", "unknown key"),
        ("41", "/streams/s/cost", "a cost of 41 is above the 40 points that a limit gives at once"),
    ])
    func costThatCanNotBeIsRefused(cost: String, pointer: String, part: String) throws {
        let failure = try failure {
            try source(
                """
                "limits": [{"points": 40, "per": "1m"}, {"points": 9, "per": "1s", "for": {"streams": ["t"]}}],
                "streams": {"s": {"path": "/s", "cost": \(cost)}, "t": "/t"}
                """)
        }
        #expect(failure?.pointer == pointer, "\(String(describing: failure?.message))")
        #expect(failure?.message.contains(part) == true, "\(String(describing: failure?.message))")
    }

    @Test func howManyAtOnceIsFoundOut() throws {
        let free = try source(#""limits": {"concurrent": "auto"}"#)
        #expect(free.limits.mostAdaptive == 50 && free.limits.rules.isEmpty)
        let bound = try source(#""limits": ["10/s", {"concurrent": "auto", "at_most": 7}]"#)
        #expect(bound.limits.mostAdaptive == 7 && bound.limits.rules.count == 1)
        // A limiter of its own hears no answers.
        let failure = try failure { _ = try LimitPlan.parse(json(#"{"concurrent": "auto"}"#)) }
        #expect(failure?.pointer == "/concurrent" && failure?.message.contains("limits of a source") == true)
    }

    @Test func limitsOnTheirOwnKnowNoStreams() throws {
        #expect(try LimitPlan.parse(json(#"{"concurrent": 1, "for": {"streams": ["any"]}}"#)).rules.count == 1)
    }
}
