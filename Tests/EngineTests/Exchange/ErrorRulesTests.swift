import EngineTestKit
import Testing

@testable import Engine

@Suite struct ErrorRulesTests {
    static func walk(
        _ rules: String, stream own: String = "[]", paging: String = #"{"type": "page", "size": 1}"#,
        _ replies: Reply...
    ) throws -> World {
        let parsed = try source(
            "\"errors\": \(rules), \"streams\": {\"s\": {\"path\": \"/s\", \"records\": \"d\", \"errors\": \(own), \"pagination\": \(paging)}}"
        )
        return try World.walk(#require(parsed.streams.first), source: parsed, replies)
    }
    static let page = Reply.json(#"{"d":[1]}"#)
    static let other = Reply.json(#"{"d":[2]}"#)
    static let empty = Reply.json(#"{"d":[]}"#)

    @Test func failsOnASuccessThatIsNone() throws {
        let world = try Self.walk(
            #"[{"body": {"path": "ok", "=": false}, "also_on_2xx": true, "action": "fail", "message": {"body": "error"}}]"#,
            .json(#"{"ok":false,"error":"channel_\u006eot_found\n"}"#))
        #expect(world.failure?.code == .http)
        #expect(world.failure?.httpStatus == 200)
        #expect(world.failure?.pointer == "/errors/0")
        #expect(world.failure?.message == "stream \"s\", page 0: HTTP 200: channel_not_found  (error rule /errors/0)")
    }

    @Test func rulesAreForErrorsUnlessTheySayOtherwise() throws {
        let rule = #"[{"text_contains": "d", "action": "fail"}]"#
        #expect(try Self.walk(rule, Self.page, Self.empty).succeeded)
        #expect(try Self.walk(#"[{"status": 200, "action": "fail"}]"#, Self.page).failure?.httpStatus == 200)
        #expect(
            try Self.walk(#"[{"status": "2xx", "text_contains": "[1]", "action": "fail"}]"#, Self.page).failure != nil)
    }

    @Test func retriesWhatIsNotRetriedOtherwise() throws {
        let rules =
            #"[{"status": [400, "5xx"], "body": {"path": "code", "=": [17, "busy"]}, "action": "retry", "wait": "7s"}]"#
        let world = try Self.walk(
            rules, .json(#"{"code":17}"#, status: 400), .json(#"{"code":"busy"}"#, status: 599), Self.page, Self.empty)
        #expect(world.succeeded)
        #expect(world.records == ["1"])
        let gaps = world.sent.map { $0.at.nanoseconds / 1_000_000_000 }
        #expect((7...8).contains(gaps[1] - gaps[0]) && (7...8).contains(gaps[2] - gaps[1]))
        #expect(try Self.walk(rules, .json(#"{"code":18}"#, status: 400)).sent.count == 1)
    }

    @Test func retriesHaveAnEnd() throws {
        let replies = Array(repeating: Reply.json(#"{"busy":1}"#), count: 9)
        let parsed = try source(
            #""errors": [{"body": {"path": "busy", "exists": true}, "also_on_2xx": true, "action": "retry"}], "retry": {"attempts": 3}, "streams": {"s": {"path": "/s", "records": "d"}}"#
        )
        let world = try World.walk(#require(parsed.streams.first), source: parsed, replies)
        #expect(world.sent.count == 3)
        #expect(world.failure?.message.contains("(3 attempts)") == true)
    }

    @Test func rateLimitedHoldsEverybody() throws {
        let world = try Self.walk(
            #"[{"status": 403, "header": {"name": "X-Left", "=": 0}, "action": "rate_limited", "wait": [{"header": "X-Reset", "unit": "delta_s", "min": "40s"}, "9s"]}]"#,
            Reply.status(403, [("X-Left", "0.0"), ("X-Reset", "20")]), Self.page,
            Reply.status(403, [("X-Left", "0")]), Self.empty)
        #expect(world.succeeded, "\(world.failure?.message ?? "")")
        let seconds = world.sent.map { $0.at.nanoseconds / 1_000_000_000 }
        #expect((40...42).contains(seconds[1] - seconds[0]))
        #expect((9...10).contains(seconds[3] - seconds[2]))
    }

    @Test func waitsUntilMidnightOfTheServersDay() throws {
        let world = try Self.walk(
            #"[{"status": 403, "action": "retry", "wait": {"until": "midnight", "min": "5s"}}]"#,
            Reply.status(403, [("Date", "Sat, 21 Nov 2026 23:59:20 GMT")]), Self.page,
            Reply.status(403, [("Date", "Sat, 21 Nov 2026 23:59:59 GMT")]), Self.empty)
        #expect(world.succeeded, "\(world.failure?.message ?? "")")
        let seconds = world.sent.map { $0.at.nanoseconds / 1_000_000_000 }
        #expect((40...41).contains(seconds[1] - seconds[0]), "\(seconds)")
        #expect((5...6).contains(seconds[3] - seconds[2]), "\(seconds)")
    }

    @Test(arguments: [("0.25", 4_000), ("4", 250), ("0", 7_000), ("soon", 7_000), ("0.00000001", 7_000), ("-1", 7_000)])
    func waitsByARate(_ rate: String, _ milliseconds: Int64) throws {
        let world = try Self.walk(
            #"[{"status": 400, "action": "retry", "wait": [{"header": "X-Rate", "unit": "per_second"}, "7s"]}]"#,
            Reply.status(400, [("X-Rate", rate)]), Self.page, Self.empty)
        #expect(world.succeeded, "\(world.failure?.message ?? "")")
        let waited = (world.sent[1].at - world.sent[0].at).nanoseconds / 1_000_000
        #expect((milliseconds...(milliseconds * 11 / 10 + 10)).contains(waited), "\(waited)")
    }

    @Test func waitsFromTheBody() throws {
        let world = try Self.walk(
            #"[{"body": {"path": "e[*].code", "=": "slow"}, "also_on_2xx": true, "action": "rate_limited", "wait": {"body": "in", "unit": "delta_ms", "max": "1m"}}]"#,
            .json(#"{"e":[{"code":"x"},{"code":"slow"}],"in":3000000}"#), Self.page, Self.empty)
        #expect(world.succeeded)
        #expect((60...62).contains((world.sent[1].at - world.sent[0].at).nanoseconds / 1_000_000_000))
    }

    @Test func waitsThatAreTooLongFail() throws {
        let world = try Self.walk(
            #"[{"status": 400, "action": "rate_limited", "wait": "2h"}]"#, Reply.status(400))
        #expect(world.failure?.code == .rateLimited)
        #expect(world.failure?.retryAfter == .seconds(7200))
    }

    @Test func ignoredAnswerIsAnEmptyPage() throws {
        let rule = #"[{"status": 404, "action": "ignore"}]"#
        let ended = try Self.walk(rule, Self.page, Reply.status(404))
        #expect(ended.succeeded)
        #expect(ended.pages.count == 2)
        #expect(ended.pages.last?.facts.warnings == ["HTTP 404, by error rule /errors/0: taken as an empty page"])
        let passed = try Self.walk(
            rule, paging: #"{"type": "page", "size": 1, "empty_pages": 1}"#, Reply.status(404), Self.page,
            Reply.status(404),
            Self.other, Self.empty, Self.empty)
        #expect(passed.succeeded, "\(passed.failure?.message ?? "")")
        #expect(passed.records == ["1", "2"])
        #expect(passed.sent.compactMap { $0.request.parameter("page") } == ["1", "2", "3", "4", "5", "6"])
    }

    @Test func ignoredAnswerMaySayHowItGoesOn() throws {
        let world = try Self.walk(
            #"[{"status": 410, "action": "ignore"}]"#, paging: #"{"type": "cursor", "from": "n"}"#,
            .json(#"{"gone":true,"n":"b"}"#, status: 410), .json(#"{"d":[1],"n":null}"#))
        #expect(world.succeeded, "\(world.failure?.message ?? "")")
        #expect(world.records == ["1"])
        #expect(world.sent.last?.request.parameter("cursor") == "b")
    }

    @Test func endIsTheLastPage() throws {
        let world = try Self.walk(
            #"[{"status": 400, "text_contains": "too deep", "action": "end"}]"#, Self.page,
            .json(#"{"message":"page too deep"}"#, status: 400))
        #expect(world.succeeded)
        #expect(world.records == ["1"])
        #expect(world.pages.last?.facts.hasMore == false)
        #expect(world.pages.last?.facts.warnings == ["HTTP 400, by error rule /errors/0: taken as the end"])
    }

    @Test func firstRuleThatFitsCountsAndTheStreamsComeFirst() throws {
        let rules = #"[{"status": 404, "action": "fail"}, {"status": "4xx", "action": "end"}]"#
        #expect(try Self.walk(rules, Reply.status(404)).failure?.pointer == "/errors/0")
        #expect(try Self.walk(rules, Reply.status(403)).succeeded)
        let own = try Self.walk(rules, stream: #"[{"status": 404, "action": "end"}]"#, Reply.status(404))
        #expect(own.succeeded)
        #expect(own.warnings.first?.contains("/streams/s/errors/0") == true)
    }

    @Test func failGoesBeforeRetriesAndQuietEnds() throws {
        let world = try Self.walk(#"[{"status": [503, 404], "action": "fail"}]"#, Reply.status(503))
        #expect(world.sent.count == 1)
        // The second page of a short first one would end the walk otherwise.
        let quiet = try Self.walk(
            #"[{"status": 404, "action": "fail"}]"#, paging: #"{"type": "page", "size": 5}"#, Self.page,
            Reply.status(404))
        #expect(quiet.failure?.httpStatus == 404)
    }

    @Test func writesAreNotRepeatedBehindTheCallersBack() throws {
        let parsed = try source(
            #""errors": [{"status": 400, "action": "retry"}], "streams": {"s": {"path": "/s", "method": "POST", "records": "d", "pagination": "none"}}"#
        )
        let world = try World.walk(#require(parsed.streams.first), source: parsed, [Reply.status(400), Self.page])
        #expect(world.sent.count == 1)
        #expect(world.failure?.message.contains("not repeated: POST is not idempotent") == true)
    }

    @Test func messagesHoldNoSecrets() throws {
        let parsed = try source(
            #""auth": {"type": "bearer", "token": {"env": "TOKEN"}}, "errors": [{"status": 400, "action": "fail", "message": {"body": "m"}}], "streams": {"s": {"path": "/s"}}"#
        )
        let world = try World.walk(
            #require(parsed.streams.first), source: parsed, [.json(#"{"m":"bad token canary-token"}"#, status: 400)])
        #expect(world.failure?.message.contains("bad token (secret)") == true)
    }

    @Test(arguments: [
        (#"{"status": 404, "action": "renew_auth"}"#, "/errors/0/action", "credentials that are tokens"),
        (#"{"action": "fail"}"#, "/errors/0/status", "missing key \"status\""),
        (#"{"status": 404}"#, "/errors/0/action", "missing key \"action\""),
        (#"{"status": 404, "action": "end", "wait": "1s"}"#, "/errors/0/wait", "\"end\" does not wait"),
        (#"{"status": "9xx", "action": "end"}"#, "/errors/0/status", "expected \"2xx\""),
        (#"{"body": {"path": "a"}, "action": "end"}"#, "/errors/0/body/=", "missing key \"=\""),
        (
            #"{"body": {"path": "a", "=": 1, "exists": true}, "action": "end"}"#, "/errors/0/body/exists",
            "exclude each other"
        ),
        (
            #"{"status": 400, "action": "retry", "wait": {"header": "A", "min": "2s", "max": "1s"}}"#,
            "/errors/0/wait/min", "above \"max\""
        ),
    ])
    func refuses(rule: String, pointer: String, message: String) throws {
        let problem = try failure { try source("\"errors\": [\(rule)]") }
        #expect(problem?.pointer == pointer)
        #expect(problem?.message.contains(message) == true, "\(problem?.message ?? "")")
    }
}
