import Testing

@testable import Engine

@Suite struct ServersParsingTests {
    @Test func defaultsAreTheUsual() throws {
        let source = try EngineTests.source("")
        #expect(source.serverLimits == ServerLimitsPlan() && source.breaker == BreakerPlan())
        let off = try EngineTests.source("\"server_limits\": false, \"breaker\": false")
        #expect(!off.serverLimits.isOn && !off.breaker.isOn)
        let on = try EngineTests.source("\"server_limits\": true, \"breaker\": true")
        #expect(on.serverLimits == ServerLimitsPlan() && on.breaker == BreakerPlan())
    }

    @Test func everyKeyIsRead() throws {
        let source = try EngineTests.source(
            """
            "server_limits": {"pace": "spread", "reserve": 5, "reserve_percent": 7,
                              "profile": {"limit": "A", "remaining": "B", "reset": "C", "reset_format": "epoch_ms"}},
            "breaker": {"failure_percent": 40, "window_calls": 30, "least_calls": 12, "slow_after": "3s", "slow_percent": 80,
                        "open": "10s", "longest_open": "2m", "probes": 1},
            "retry": {"budget_percent": 10, "budget_least": 1}
            """)
        let limits = source.serverLimits
        #expect(limits.pace == .spread && limits.reserve == 5 && limits.reservePercent == 7)
        #expect(
            limits.profile
                == .mapping(RateLimitMapping(limit: "A", remaining: "B", reset: "C", resetFormat: .epochMilliseconds)))
        let plan = source.breaker
        // A share instead of a row, unless both are asked for.
        #expect(plan.failures == 0 && plan.failurePercent == 40 && plan.windowCalls == 30 && plan.leastCalls == 12)
        #expect(plan.slowAfter == .seconds(3) && plan.slowPercent == 80 && plan.probes == 1)
        #expect(plan.open == .seconds(10) && plan.longestOpen == .seconds(120))
        #expect(source.retry.budgetPercent == 10 && source.retry.budgetLeast == 1)
    }

    @Test func aLongOpeningIsItsOwnLongest() throws {
        let plan = try EngineTests.source("\"breaker\": {\"open\": \"1h\"}").breaker
        #expect(plan.open == .seconds(3600) && plan.longestOpen == .seconds(3600))
        let short = try EngineTests.source("\"breaker\": {\"failure_percent\": 50, \"window_calls\": 4}").breaker
        #expect(short.leastCalls == 4)
    }

    static let refused: [(String, String, String)] = [
        ("\"breaker\": {\"failures\": 0}", "/breaker/failures", "nothing opens"),
        ("\"breaker\": {\"failures\": -1}", "/breaker/failures", "0"),
        ("\"breaker\": {\"open\": \"10s\", \"longest_open\": \"5s\"}", "/breaker/longest_open", "below"),
        (
            "\"breaker\": {\"failure_percent\": 50, \"window_calls\": 5, \"least_calls\": 6}", "/breaker/window_calls",
            "never count"
        ),
        ("\"breaker\": {\"window\": \"1m\", \"window_calls\": 5}", "/breaker", "window"),
        ("\"breaker\": {\"trips\": 5}", "/breaker/trips", "unknown"),
        ("\"breaker\": \"on\"", "/breaker", "expected"),
        ("\"server_limits\": {\"reserve_percent\": 100}", "/server_limits/reserve_percent", "99"),
        ("\"server_limits\": {\"pace\": \"fast\"}", "/server_limits/pace", "spread"),
        ("\"server_limits\": {\"profile\": {}}", "/server_limits/profile", "remaining"),
        ("\"server_limits\": {\"profile\": {\"reset\": \"a b\"}}", "/server_limits/profile/reset", "header"),
        ("\"retry\": {\"budget_percent\": -1}", "/retry/budget_percent", "0"),
    ]

    @Test(arguments: refused) func nonsenseIsRefusedWithItsPlace(text: String, pointer: String, word: String) throws {
        do {
            _ = try EngineTests.source(text)
            Issue.record("accepted: \(text)")
        } catch let failure as Failure {
            #expect(failure.code == .config)
            #expect(failure.pointer?.hasPrefix(pointer) == true, "\(failure.message)")
            #expect(failure.message.contains(word), "\(failure.message)")
        }
    }

    @Test func explanationsSayWhatIsUnusual() throws {
        #expect(Words.serverLimits(ServerLimitsPlan()).isEmpty)
        var plan = ServerLimitsPlan()
        plan.pace = .spread
        plan.reservePercent = 20
        #expect(Words.serverLimits(plan).count == 2)
        #expect(Words.breaker(BreakerPlan()).contains("5 failures in a row"))
    }
}
