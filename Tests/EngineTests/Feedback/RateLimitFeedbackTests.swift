import Engine
import Foundation
import Testing

@Suite struct RateLimitFeedbackTests {
    static let now = WallTime(epochSeconds: 1_700_000_000)

    static func feedback(
        _ status: Int, _ headers: [(String, String)], _ body: JSONValue? = nil, profile: RateLimitProfile = .auto
    ) -> RateLimitFeedback {
        RateLimitFeedback(status: status, headers: HeaderFields(headers), body: body, now: now, profile: profile)
    }

    @Test(.enabled(if: Vectors.exist("ratelimit_headers.json"), "needs the shared vectors"))
    func agreesWithAllVectors() throws {
        let cases = try Vectors.cases("ratelimit_headers.json")
        #expect(cases.count >= 107)
        for example in cases {
            let name = try #require(example["name"] as? String)
            var headers = HeaderFields()
            for (field, value) in try #require(example["headers"] as? [String: Any]) {
                for line in value as? [String] ?? [value as? String ?? ""] { headers.append(name: field, value: line) }
            }
            let found = RateLimitFeedback(
                status: try #require(example["status"] as? Int), headers: headers,
                body: example["body"].map(Self.value),
                now: WallTime(epochSeconds: Int64(try #require(example["now_epoch"] as? Int))))
            let expected = try #require(example["expect"] as? [String: Any])
            #expect(Set(expected.keys) == ["limit", "remaining", "reset_after_s", "retry_after_s", "throttled"])
            #expect(found.limit == (expected["limit"] as? Int).map(Int64.init), "\(name) limit")
            #expect(found.remaining == (expected["remaining"] as? Int).map(Int64.init), "\(name) remaining")
            #expect(found.resetAfter == Self.seconds(expected["reset_after_s"]), "\(name) reset")
            #expect(found.retryAfter == Self.seconds(expected["retry_after_s"]), "\(name) retry")
            #expect(found.throttled == (expected["throttled"] as? Bool), "\(name) throttled")
        }
    }

    private static func seconds(_ value: Any?) -> Timespan? {
        (value as? Double).map { Timespan(nanoseconds: Int64(($0 * 1e9).rounded())) }
    }

    /// The test's JSON as the engine's; Foundation writes both kinds of number as NSNumber.
    private static func value(_ any: Any) -> JSONValue {
        switch any {
        case let text as String: return .string(text)
        case let list as [Any]: return .array(list.map(value))
        case let object as [String: Any]:
            return .object(object.map { JSONValue.Member(name: $0.key, value: value($0.value)) })
        case let flag as Bool: return .bool(flag)
        case let number as Int: return .int(Int64(number))
        case let number as Double: return .real(number)
        default: return .null
        }
    }

    @Test func ordinaryPageSaysNothing() {
        let found = Self.feedback(
            200,
            [
                ("Date", "Tue, 14 Nov 2023 22:13:20 GMT"), ("Content-Type", "application/json"), ("Server", "x"),
                ("X-Request-Id", "1"), ("Strict-Transport-Security", "max-age=1"), ("ETag", "x"), ("Vary", "Accept"),
            ])
        #expect(found == RateLimitFeedback())
    }

    @Test func explicitMapping() {
        let mapping = RateLimitMapping(
            limit: "Quota", remaining: "Quota-Left", reset: "Quota-Ends", resetFormat: .deltaMilliseconds)
        let headers = [("quota", "10"), ("QUOTA-LEFT", "3"), ("Quota-Ends", "1500"), ("X-RateLimit-Remaining", "99")]
        let found = Self.feedback(200, headers, profile: .mapping(mapping))
        #expect(found.limit == 10)
        #expect(found.remaining == 3)
        #expect(found.resetAfter == .milliseconds(1500))
        #expect(Self.feedback(200, headers).remaining == 99)
        #expect(Self.feedback(200, [("quota", "x")], profile: .mapping(mapping)) == RateLimitFeedback())
        let waiting = Self.feedback(429, headers + [("Retry-After", "7")], profile: .mapping(mapping))
        #expect(waiting.retryAfter == .seconds(7))
        #expect(waiting.throttled)
    }

    @Test(
        arguments: [
            (ResetFormat.deltaSeconds, "30", 30_000), (.deltaMilliseconds, "30", 30),
            (.epochSeconds, "1700000030", 30_000),
            (.epochMilliseconds, "1700000000250", 250), (.httpDate, "Tue, 14 Nov 2023 22:13:50 GMT", 30_000),
            (.iso8601, "2023-11-14T22:13:50Z", 30_000), (.duration, "1m", 60_000), (.epochSeconds, "30", 0),
            (.auto, "1700000000250000", 250), (.auto, "1700000000250000000", 250),
        ] as [(ResetFormat, String, Int64)])
    func resetFormats(format: ResetFormat, value: String, milliseconds: Int64) {
        let mapping = RateLimitMapping(remaining: "Left", reset: "Ends", resetFormat: format)
        let found = Self.feedback(200, [("Left", "1"), ("Ends", value)], profile: .mapping(mapping))
        #expect(found.resetAfter == .milliseconds(milliseconds))
    }

    @Test func windowsComeAlong() {
        func window(_ headers: [(String, String)]) -> Timespan? { Self.feedback(200, headers).window }
        #expect(window([("RateLimit-Policy", "\"a\";q=10;w=60"), ("RateLimit", "\"a\";r=1")]) == .seconds(60))
        #expect(
            window([("RateLimit-Policy", "100;w=60"), ("RateLimit", "limit=100, remaining=5, reset=5")]) == .seconds(60)
        )
        #expect(
            window([("RateLimit-Policy", "100;w=60"), ("RateLimit-Limit", "100"), ("RateLimit-Remaining", "5")])
                == .seconds(60))
        #expect(window([("X-RateLimit-Limit", "100"), ("X-RateLimit-Period", "3600")]) == .seconds(3600))
        #expect(
            window([("ratelimit-limit", "100;w=21600"), ("ratelimit-remaining", "76;w=21600")]) == .seconds(21_600))
        #expect(window([("X-RateLimit-Limit-Minute", "5"), ("X-RateLimit-Remaining-Minute", "1")]) == .seconds(60))
        #expect(window([("X-Rate-Limit-Limit", "50"), ("X-Rate-Limit-Interval", "1s")]) == .seconds(1))
        #expect(
            window([("X-HubSpot-RateLimit-Max", "100"), ("X-HubSpot-RateLimit-Interval-Milliseconds", "10000")])
                == .seconds(10))
        #expect(window([("RateLimit-Policy", "\"a\";q=10;w=60")]) == .seconds(60))
    }

    @Test func vendorsBeyondTheVectors() {
        let strava = Self.feedback(200, [("X-RateLimit-Limit", "100,1000"), ("X-RateLimit-Usage", "10,990")])
        #expect(strava.limit == 1000 && strava.remaining == 10 && strava.window == .seconds(86_400))
        let riot = Self.feedback(
            200, [("X-App-Rate-Limit", "20:1,100:120"), ("X-App-Rate-Limit-Count", "19:1,20:120")])
        #expect(riot.limit == 20 && riot.remaining == 1 && riot.window == .seconds(1))
        let zendesk = Self.feedback(
            200, [("X-Rate-Limit", "700"), ("X-Rate-Limit-Remaining", "600"), ("ratelimit-reset", "41")])
        #expect(zendesk.limit == 700 && zendesk.remaining == 600 && zendesk.resetAfter == .seconds(41))
        let tickets = Self.feedback(200, [("Zendesk-RateLimit-Tickets-Index", "total=100; remaining=99; resets=41")])
        #expect(tickets.limit == 100 && tickets.remaining == 99 && tickets.resetAfter == .seconds(41))
        let discord = Self.feedback(
            200,
            [("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "1700000099"), ("X-RateLimit-Reset-After", "0.25")])
        #expect(discord.resetAfter == .milliseconds(250))
        let trello = Self.feedback(
            200,
            [
                ("X-Rate-Limit-Api-Key-Interval-Ms", "10000"), ("X-Rate-Limit-Api-Key-Max", "300"),
                ("X-Rate-Limit-Api-Key-Remaining", "299"), ("X-Rate-Limit-Api-Token-Interval-Ms", "10000"),
                ("X-Rate-Limit-Api-Token-Max", "100"), ("X-Rate-Limit-Api-Token-Remaining", "1"),
            ])
        #expect(trello.limit == 100 && trello.remaining == 1 && trello.policies.count == 2)
        #expect(Self.feedback(200, [("x-amzn-RateLimit-Limit", "0.5")]).spacing == .seconds(2))
        let shopify = JSONValue.object([
            .init(
                name: "errors",
                value: .array([
                    .object([
                        .init(name: "extensions", value: .object([.init(name: "code", value: .string("THROTTLED"))]))
                    ])
                ])),
            .init(
                name: "extensions",
                value: .object([
                    .init(
                        name: "cost",
                        value: .object([
                            .init(
                                name: "throttleStatus",
                                value: .object([
                                    .init(name: "maximumAvailable", value: .real(1000)),
                                    .init(name: "currentlyAvailable", value: .int(3)),
                                ]))
                        ]))
                ])),
        ])
        let cost = Self.feedback(200, [], shopify)
        #expect(cost.throttled && cost.limit == 1000 && cost.remaining == 3)
    }

    @Test(arguments: [
        "99999999999999999999", "NaN", "inf", "-inf", "1e400", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
        "Mon, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "", " ", ",", ";", "-", ".",
        "9223372036854775807",
        "9223372036854775807.999999999", "-9223372036854775808", "0x7fffffff", "99999999999999999h", "\u{0}", "٣",
        "1;w=-9",
        "1;w=999999999999999", "999999999999999, 999999999999999;w=1", "1/0", "0/0",
        "9223372036854775807/9223372036854775807",
        "9223372036854775807:9223372036854775807", "{\"call_count\":9223372036854775807}",
        "{\"estimated_time_to_regain_access\":9999999999999999999}",
    ])
    func absurdValuesNeitherTrapNorWaitLong(value: String) {
        let names = Self.names
        for status in [200, 403, 418, 429, 503] {
            for now in [Self.now, WallTime(epochSeconds: .max), WallTime(epochSeconds: .min)] {
                let all = HeaderFields(names.map { ($0, value) })
                let found = RateLimitFeedback(status: status, headers: all, now: now)
                Self.checkBounds(found)
                for name in names {
                    Self.checkBounds(
                        RateLimitFeedback(status: status, headers: HeaderFields([(name, value)]), now: now))
                }
            }
        }
    }

    private static func checkBounds(_ found: RateLimitFeedback) {
        let longest = Timespan.seconds(366 * 86_400)
        for wait in [found.retryAfter, found.resetAfter, found.spacing, found.window].compactMap({ $0 }) {
            #expect(wait >= .zero && wait <= longest)
        }
        #expect(found.limit ?? 0 >= 0)
        #expect(found.remaining ?? 0 >= 0)
    }

    static let names = [
        "Retry-After", "retry-after-ms", "x-ms-retry-after-ms", "X-Sentry-Rate-Limits", "RateLimit", "RateLimit-Policy",
        "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "X-RateLimit-Limit", "X-RateLimit-Remaining",
        "X-RateLimit-Reset", "X-RateLimit-Used", "X-RateLimit-Usage", "X-RateLimit-Reset-After", "X-RateLimit-Period",
        "X-Rate-Limit", "X-Rate-Limit-Time-Reset-Ms", "X-Rate-Limit-Requests-Left", "x-amzn-RateLimit-Limit", "Age",
        "Date",
        "X-App-Usage", "X-Business-Use-Case-Usage", "Sforce-Limit-Info", "X-Shopify-Shop-Api-Call-Limit",
        "X-App-Rate-Limit", "X-App-Rate-Limit-Count", "X-DayLimit-Remaining", "Zendesk-RateLimit-X", "limit",
        "ratelimit-",
        "x-ratelimit-ratelimit-limit", "x-limit", "x---limit",
    ]

    @Test func bodiesOfAnyShape() {
        let shapes: [JSONValue] = [
            .null, .array([]), .string("x"), .object([]), .object([.init(name: "errors", value: .string("x"))]),
            .object([.init(name: "retry_after", value: .real(.nan))]),
            .object([.init(name: "retry_after", value: .real(.infinity))]),
            .object([.init(name: "retry_after", value: .real(1e300))]),
            .object([.init(name: "retry_after", value: .real(-1))]),
            .object([.init(name: "retry_after", value: .int(.max))]),
            .object([.init(name: "retry_after_ms", value: .int(.min))]),
            .object([.init(name: "retry_after", value: .number("1e999"))]),
        ]
        for body in shapes {
            let found = Self.feedback(429, [], body)
            #expect(found.throttled)
            #expect(found.retryAfter == nil)
        }
    }

    @Test func survivesRandomHeaders() {
        let pieces = [
            "\"a\"", ";r=", ";q=", ";t=", ";w=", "limit=", "remaining=", "reset=", ", ", "1", "99999999999", ".5", "-",
            "/",
            ":", "s", "m", "ms", "{\"call_count\":", "}", "2023-11-14T22:14:05Z", "Tue, 14 Nov 2023 22:14:00 GMT", "(",
            "total=",
        ]
        var fuzz = TextFuzz(seed: 9)
        TextFuzz.run(seed: 10, pieces: pieces) { text in
            var headers = HeaderFields()
            for _ in 0...fuzz.below(4) { headers.append(name: Self.names[fuzz.below(Self.names.count)], value: text) }
            Self.checkBounds(RateLimitFeedback(status: 403, headers: headers, now: Self.now))
        }
        let words = [
            "x-", "ratelimit", "rate-limit", "-", "limit", "remaining", "reset", "after", "ms", "day", "used", "é",
        ]
        TextFuzz.run(seed: 11, pieces: words) { name in
            Self.checkBounds(RateLimitFeedback(status: 200, headers: HeaderFields([(name, "5")]), now: Self.now))
        }
    }

    @Test func isLinear() {
        let values = TextFuzz.adversarial([
            "1", "1,", "1;w=1,", "\"a\";r=1,", "\"a", "{\"call_count\":1,", "\"", ";", "1:1,", "1/", " ", "-",
            "api-usage=1/1;", "a=1, ",
        ])
        for value in values {
            let headers = HeaderFields(Self.names.map { ($0, value) })
            #expect(TextFuzz.seconds { _ = RateLimitFeedback(status: 200, headers: headers, now: Self.now) } < 4)
        }
        var flood: [(String, String)] = []
        for index in 0..<300 { flood.append(("x-v\(index)-ratelimit-limit-p\(index)", "1")) }
        #expect(TextFuzz.seconds { _ = Self.feedback(200, flood) } < 1)
        #expect(Self.feedback(200, [(String(repeating: "x-", count: 30000) + "limit", "1")]).limit == nil)
    }
}
