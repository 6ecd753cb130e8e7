import EngineTestKit
import Testing

@testable import Engine

@Suite struct LimiterTests {
    static func limiter(_ rules: LimitPlan.Rule...) -> Limiter {
        var plan = LimitPlan()
        plan.rules = rules
        return Limiter(plan)
    }
    static func at(_ microseconds: Int) -> Instant { Instant(nanoseconds: Int64(microseconds) * 1000) }

    /// Vectors that charge a permit at once: here, one that comes back at once, or counts as it is sent.
    @Test(.enabled(if: Vectors.exist("limiter_decisions.json"), "needs the shared vectors"))
    func decidesAsTheVectorsSay() throws {
        for counts in LimitPlan.Guard.allCases { try Self.decide(counts) }
    }

    private static func decide(_ counts: LimitPlan.Guard) throws {
        var used = 0
        for example in try Vectors.cases("limiter_decisions.json") {
            let name = try #require(example["name"] as? String)
            let steps = try #require(example["steps"] as? [[String: Any]])
            var plan = LimitPlan()
            for limit in try #require(example["config"] as? [[String: Any]]) {
                if let interval = limit["interval_us"] as? Int, let burst = limit["burst"] as? Int {
                    let per = Timespan(nanoseconds: Int64(interval) * 1000)
                    plan.rules.append(.bucket(requests: 1, per: per, burst: Int64(burst)))
                } else if let window = limit["window_us"] as? Int, let count = limit["count"] as? Int {
                    let per = Timespan(nanoseconds: Int64(window) * 1000)
                    plan.rules.append(.window(requests: Int64(count), per: per))
                }
                plan.rules[plan.rules.count - 1].unit = .points
                plan.rules[plan.rules.count - 1].counts = counts
            }
            var limiter = Limiter(plan)
            for (index, step) in steps.enumerated() {
                let now = Self.at(try #require(step["t_us"] as? Int))
                let demand = Limiter.Demand(points: Int64(try #require(step["cost"] as? Int)))
                let wait = (step["wait_us"] as? Int).map { Timespan(nanoseconds: Int64($0) * 1000) }
                let expected: Limiter.Earliest =
                    switch step["decision"] as? String {
                    case "ok": .now
                    case "wait": .at(now + (wait ?? .zero))
                    default: .never
                    }
                #expect(limiter.earliest(for: demand, now: now) == expected, "\(name), step \(index)")
                used += 1
                guard expected == .now else { continue }
                limiter.release(limiter.take(for: demand, now: now), now: now)
            }
        }
        #expect(used >= 700)
    }

    @Test func permitInFlightCountsUntilItsResponseAndAWindowLonger() {
        var limiter = Self.limiter(.window(requests: 1, per: .seconds(1)))
        limiter.take(now: Self.at(0))
        #expect(limiter.earliest(now: Self.at(50_000_000)) == .afterRelease)
        limiter.release(now: Self.at(50_000_000))
        #expect(limiter.earliest(now: Self.at(50_000_000)) == .at(Self.at(51_000_000)))
    }

    @Test func whatWasSentTwiceIsPaidForTwice() {
        var limiter = Self.limiter(.window(requests: 2, per: .seconds(1)))
        for time in [0, 100, 200, 300] {
            limiter.take(now: Self.at(time))
            limiter.release(now: Self.at(time))
        }
        // Four where two are allowed: three must go, and the wait is exact at once.
        #expect(limiter.earliest(now: Self.at(300)) == .at(Self.at(1_000_200)))
    }

    @Test func pauseHoldsBackEverythingAndOnlyGrows() {
        var limiter = Self.limiter()
        limiter.pause(until: Self.at(10))
        limiter.pause(until: Self.at(5))
        #expect(limiter.earliest(now: Self.at(0)) == .at(Self.at(10)))
        #expect(limiter.earliest(now: Self.at(10)) == .now)
        limiter.pause(until: .distantFuture)
        #expect(limiter.earliest(now: Self.at(11)) == .at(.distantFuture))
    }

    @Test func absurdLimitsNeverTrap() {
        let most = Timespan(nanoseconds: .max)
        let rules: [LimitPlan.Rule] = [
            .window(requests: .max, per: most), .window(requests: 1, per: most), .window(requests: 0, per: .zero),
            .window(requests: 5000, per: Timespan(nanoseconds: 1)), .window(requests: 5000, per: most),
            .bucket(requests: .max, per: Timespan(nanoseconds: 1), burst: .max),
            .bucket(requests: 1, per: most, burst: .max), .bucket(requests: 0, per: .zero, burst: 0),
            .concurrent(0), .concurrent(-5),
        ]
        for rule in rules {
            for start in [0, Int64.max - 5] {
                var limiter = Self.limiter(rule)
                let now = Instant(nanoseconds: start)
                #expect(limiter.earliest(now: now) == .now, "\(rule)")
                limiter.take(now: now)
                limiter.release(now: now)
                _ = limiter.earliest(now: now)
            }
        }
    }

    @Test func fullWindowOfManyPermitsIsFreedLateByAFractionAtMost() {
        var limiter = Self.limiter(.window(requests: 10_000, per: .seconds(128)))
        for _ in 0..<10_000 {
            limiter.take(now: Self.at(1))
            limiter.release(now: Self.at(1))
        }
        guard case .at(let at) = limiter.earliest(now: Self.at(1)) else {
            Issue.record("more than allowed")
            return
        }
        #expect(at >= Self.at(128_000_001) && at <= Self.at(129_000_001))
    }
}
