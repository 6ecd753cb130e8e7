import Foundation
import EngineTestKit
import Testing

@testable import Engine

@Suite struct CircuitBreakerTests {
    static func plan(_ change: (inout BreakerPlan) -> Void = { _ in }) -> BreakerPlan {
        var plan = BreakerPlan()
        plan.jitterPercent = 0
        change(&plan)
        return plan
    }

    /// A breaker with a clock and the requests under way.
    final class Bench {
        var breaker: CircuitBreaker
        var services = TestServices(.seeded(Seeded(seed: 1)))
        var now = Instant(nanoseconds: 0)
        var open: [String: CircuitBreaker.Permit] = [:]

        init(_ plan: BreakerPlan) { breaker = CircuitBreaker(plan) }

        func begin() -> CircuitBreaker.Permit? {
            breaker.earliest(now: now) == .now ? breaker.take(now: now) : nil
        }
        func call(_ outcome: CircuitBreaker.Outcome, took: Timespan = .zero) -> Bool {
            guard let permit = begin() else { return false }
            breaker.settled(permit, outcome, took: took, now: now, services: &services)
            return true
        }
        func earliest() -> CircuitBreaker.Earliest { breaker.earliest(now: now) }
        func pass(_ span: Timespan) { now = now + span }
    }

    @Test(.enabled(if: Vectors.exist("circuit_breaker.json"))) func theVectorsHold() throws {
        let cases = try Vectors.cases("circuit_breaker.json")
        #expect(cases.count >= 15)
        for one in cases {
            let name = one["name"] as? String ?? "?"
            let config = one["config"] as? [String: Any] ?? [:]
            func number(_ key: String) -> Int64? { (config[key] as? NSNumber)?.int64Value }
            func span(_ key: String) -> Timespan? { number(key).map { Timespan(nanoseconds: $0 * 1000) } }
            let bench = Bench(
                Self.plan { plan in
                    plan.failures = 0
                    plan.failurePercent = number("failure_pct") ?? 50
                    plan.windowCalls = number("size") ?? 100
                    plan.leastCalls = number("min_calls") ?? 10
                    plan.slowAfter = span("slow_us") ?? .seconds(60)
                    plan.slowPercent = number("slow_pct") ?? 0
                    plan.open = span("open_us") ?? .seconds(10)
                    plan.growth = number("open_mult") ?? 2
                    plan.longestOpen = span("open_max_us") ?? .seconds(300)
                    plan.probes = number("half_open_calls") ?? 3
                    plan.longestProbe = span("half_open_max_us") ?? .seconds(60)
                })
            for (index, step) in (one["steps"] as? [[String: Any]] ?? []).enumerated() {
                func stepNumber(_ key: String) -> Int64 { (step[key] as? NSNumber)?.int64Value ?? 0 }
                bench.now = Instant(nanoseconds: stepNumber("t_us") * 1000)
                let id = step["id"] as? String ?? ""
                let retryAfter =
                    step["retry_after_us"] == nil ? nil : Timespan(nanoseconds: stepNumber("retry_after_us") * 1000)
                let outcome: CircuitBreaker.Outcome =
                    switch step["result"] as? String {
                    case "success"?: .success
                    case "failure"?: .failure(retryAfter: retryAfter)
                    default: .ignored
                    }
                let what: Comment = "\(name), step \(index)"
                switch step["op"] as? String {
                case "call"?:
                    let took = Timespan(nanoseconds: stepNumber("duration_us") * 1000)
                    #expect(bench.call(outcome, took: took) == step["permitted"] as? Bool, what)
                case "begin"?:
                    bench.open[id] = bench.begin()
                    #expect((bench.open[id] != nil) == step["permitted"] as? Bool, what)
                case "end"?:
                    let held = bench.open.removeValue(forKey: id)
                    let permit = try #require(held, what)
                    bench.breaker.settled(permit, outcome, took: .zero, now: bench.now, services: &bench.services)
                case "force_open"?: bench.breaker.forceOpen()
                case "reset"?: bench.breaker.reset()
                case "disable"?: bench.breaker.disable()
                default: Issue.record("\(what): unknown operation")
                }
                #expect(bench.breaker.state.name == step["state_after"] as? String, what)
            }
        }
    }

    @Test func fiveFailuresInARowOpenItForAMinuteByDefault() {
        let bench = Bench(Self.plan())
        for _ in 0..<4 { #expect(bench.call(.failure())) }
        #expect(bench.call(.success))
        for _ in 0..<4 { #expect(bench.call(.failure())) }
        #expect(bench.breaker.state == .closed)
        #expect(bench.call(.failure()))
        #expect(bench.breaker.state == .open(until: bench.now + .seconds(60)))
        bench.pass(.seconds(59))
        #expect(bench.earliest() == .at(bench.now + .seconds(1)))
        bench.pass(.seconds(1))
        for _ in 0..<3 {
            #expect(bench.breaker.state == .halfOpen || bench.breaker.state.name == "open")
            #expect(bench.call(.success))
        }
        #expect(bench.breaker.state == .closed)
    }

    @Test func aTimeWindowForgetsInTenSlices() {
        let bench = Bench(
            Self.plan {
                $0.failures = 0
                $0.failurePercent = 50
                $0.leastCalls = 4
            })
        for _ in 0..<3 { #expect(bench.call(.failure())) }
        bench.pass(.seconds(61))
        // Those are gone: this one is alone.
        #expect(bench.call(.failure()))
        #expect(bench.breaker.state == .closed)
        #expect(bench.breaker.tally(now: bench.now).calls == 1)
        for _ in 0..<4 { #expect(bench.call(.success)) }
        for _ in 0..<2 { #expect(bench.call(.failure())) }
        #expect(bench.breaker.state == .closed)
        #expect(bench.call(.failure()))
        #expect(bench.breaker.state.name == "open")
    }

    @Test func onlySoManyProbesAreUnderWayAtOnce() {
        let bench = Bench(Self.plan { $0.failures = 1 })
        #expect(bench.call(.failure()))
        bench.pass(.seconds(60))
        let permits = (0..<3).compactMap { _ in bench.begin() }
        #expect(permits.count == 3)
        guard case .afterProbe(let end) = bench.earliest() else {
            Issue.record("a fourth probe left")
            return
        }
        #expect(end == bench.now + .seconds(60))
        // One that is given up makes room for another.
        bench.breaker.abandoned(permits[0])
        #expect(bench.begin() != nil)
    }

    @Test func openingsGrowAreSpreadAndHaveALongest() {
        var spans: Set<Int64> = []
        for seed in 1...50 as ClosedRange<UInt64> {
            let bench = Bench(Self.plan { ($0.failures, $0.jitterPercent) = (1, 10) })
            bench.services = TestServices(.seeded(Seeded(seed: seed)))
            for ideal in [60, 120, 240, 300, 300] as [Int64] {
                #expect(bench.call(.failure()))
                guard case .open(let until) = bench.breaker.state else {
                    Issue.record("not open")
                    return
                }
                let span = until - bench.now
                #expect(span >= .milliseconds(ideal * 900) && span <= .milliseconds(ideal * 1100))
                spans.insert(span.nanoseconds)
                bench.now = until
            }
        }
        #expect(spans.count > 100)
    }

    /// Nothing that can be configured or said traps or opens it for ever.
    @Test func extremesDoNotTrap() {
        for value in [0, 1, Int64.max] {
            for span in [Timespan.zero, .seconds(1), Timespan(nanoseconds: .max)] {
                let bench = Bench(
                    Self.plan {
                        ($0.failures, $0.failurePercent, $0.slowPercent) = (value, value, value)
                        ($0.window, $0.slowAfter, $0.open, $0.longestOpen) = (span, span, span, span)
                        ($0.growth, $0.probes, $0.leastCalls, $0.jitterPercent) = (value, value, value, value)
                    })
                for _ in 0..<5 {
                    _ = bench.call(.failure(retryAfter: Timespan(nanoseconds: .max)), took: span)
                    _ = bench.call(.success, took: span)
                    bench.pass(span)
                }
            }
        }
    }
}
