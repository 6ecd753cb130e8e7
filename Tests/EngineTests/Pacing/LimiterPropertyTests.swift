import EngineTestKit
import Testing

@testable import Engine

/// Random limits, latencies and arrivals against simulated servers that count strictly.
@Suite struct LimiterPropertyTests {
    /// Permits taken as soon as they are to be had; each comes back after a latency, and the server counts it at some
    /// moment in between.
    struct Run {
        var grants: [Instant] = []
        var arrivals: [Instant] = []

        init(_ rules: [LimitPlan.Rule], permits: Int, seed: UInt64, latency: Timespan, idle: Bool = false) {
            var chance = Seeded(seed: seed)
            var plan = LimitPlan()
            plan.rules = rules
            var limiter = Limiter(plan)
            var now = Instant(nanoseconds: 0)
            var returns: [Instant] = []
            while grants.count < permits {
                while let next = returns.last, next <= now {
                    limiter.release(now: next)
                    returns.removeLast()
                }
                // Now and then nobody wants anything for a while.
                let rests = idle && chance.once(in: 10)
                var wake: Instant?
                switch limiter.earliest(now: now) {
                case .now where !rests:
                    limiter.take(now: now)
                    grants.append(now)
                    let takes = chance.below(latency.nanoseconds + 1)
                    arrivals.append(now + Timespan(nanoseconds: chance.below(takes + 1)))
                    Run.insert(now + Timespan(nanoseconds: takes), into: &returns)
                    continue
                case .now: wake = now + Timespan(nanoseconds: chance.below(latency.nanoseconds * 3 + 1_000_000))
                case .at(let at): wake = at
                case .afterRelease, .never: break
                }
                if let back = returns.last { wake = min(wake ?? back, back) }
                guard let wake else {
                    Issue.record("nothing in flight and nothing to wait for")
                    return
                }
                now = max(now, wake)
            }
        }

        /// Latest first.
        private static func insert(_ instant: Instant, into sorted: inout [Instant]) {
            var low = 0
            var high = sorted.count
            while low < high {
                let middle = (low + high) / 2
                if sorted[middle] > instant { low = middle + 1 } else { high = middle }
            }
            sorted.insert(instant, at: low)
        }

        /// The most arrivals in any half-open window of that length.
        func most(in window: Timespan) -> Int {
            let sorted = arrivals.sorted()
            var most = 0
            var first = 0
            for last in sorted.indices {
                while sorted[first] + window <= sorted[last] { first += 1 }
                most = max(most, last - first + 1)
            }
            return most
        }
    }

    @Test func noServersWindowSeesMoreThanAllowed() {
        for seed in 1...150 as ClosedRange<UInt64> {
            var chance = Seeded(seed: seed)
            let n = 1 + chance.below(chance.once(in: 50) ? Int64(5000) : 40)
            let per = Timespan.milliseconds(1 + chance.below(chance.pick([10, 1000, 60_000], else: 1) as Int64))
            let latency = Timespan(nanoseconds: chance.below(per.nanoseconds * 2))
            let run = Run(
                [.window(requests: n, per: per)], permits: Int(n) * 2 + 50, seed: seed, latency: latency,
                idle: chance.once(in: 2))
            #expect(run.most(in: per) <= Int(n), "seed \(seed): \(n) per \(per.milliseconds) ms")
        }
    }

    @Test func noneOfSeveralWindowsSeesMoreThanAllowed() {
        for seed in 1...60 as ClosedRange<UInt64> {
            var chance = Seeded(seed: seed)
            let small = 1 + chance.below(Int64(8))
            let large = small * (2 + chance.below(Int64(5)))
            let rules: [LimitPlan.Rule] = [
                .window(requests: small, per: .seconds(1)), .window(requests: large, per: .seconds(10)),
                .concurrent(1 + chance.below(Int64(4))),
            ]
            let run = Run(rules, permits: 120, seed: seed, latency: .milliseconds(chance.below(Int64(3000))))
            #expect(run.most(in: .seconds(1)) <= Int(small), "seed \(seed)")
            #expect(run.most(in: .seconds(10)) <= Int(large), "seed \(seed)")
        }
    }

    @Test func strictServerBucketNeverRefuses() {
        for seed in 1...150 as ClosedRange<UInt64> {
            var chance = Seeded(seed: seed)
            let requests = 1 + chance.below(Int64(50))
            let burst = 1 + chance.below(Int64(60))
            let latency = Timespan.milliseconds(chance.below(Int64(4000)))
            let run = Run(
                [.bucket(requests: requests, per: .seconds(1), burst: burst)], permits: 300, seed: seed,
                latency: latency, idle: chance.once(in: 2))
            // Tokens in units of 1/requests of a nanosecond: exact, however odd the rate.
            var tokens = burst * 1_000_000_000
            var last = Instant(nanoseconds: 0)
            for arrival in run.arrivals.sorted() {
                tokens = min(burst * 1_000_000_000, tokens + (arrival - last).nanoseconds * requests)
                last = arrival
                tokens -= 1_000_000_000
                if tokens < 0 {
                    Issue.record("seed \(seed): \(requests)/s burst \(burst) refused at \(arrival.nanoseconds)")
                    break
                }
            }
        }
    }

    @Test func neverMoreInFlightThanAllowed() {
        let now = Instant(nanoseconds: 5)
        for most in [1, 2, 7] as [Int64] {
            var plan = LimitPlan()
            plan.rules = [.concurrent(most), .concurrent(9)]
            var limiter = Limiter(plan)
            for _ in 0..<most {
                #expect(limiter.earliest(now: now) == .now)
                limiter.take(now: now)
            }
            #expect(limiter.earliest(now: now) == .afterRelease)
            limiter.release(now: now)
            #expect(limiter.earliest(now: now) == .now)
        }
    }

    /// The wait is exact: granted then, and not a nanosecond earlier.
    @Test func whatItSaysIsExact() {
        for seed in 1...200 as ClosedRange<UInt64> {
            var chance = Seeded(seed: seed)
            var plan = LimitPlan()
            if !chance.once(in: 3) {
                let per = Timespan.milliseconds(1 + chance.below(Int64(5000)))
                plan.rules.append(.window(requests: 1 + chance.below(Int64(9)), per: per))
            }
            if !chance.once(in: 3) {
                let per = Timespan.milliseconds(1 + chance.below(Int64(5000)))
                plan.rules.append(
                    .bucket(requests: 1 + chance.below(Int64(9)), per: per, burst: 1 + chance.below(Int64(9))))
            }
            var limiter = Limiter(plan)
            var now = Instant(nanoseconds: chance.below(Int64(1_000_000)))
            var inFlight = 0
            for _ in 0..<200 {
                if inFlight > 0, chance.once(in: 3) {
                    limiter.release(now: now)
                    inFlight -= 1
                }
                if chance.once(in: 40) { limiter.pause(until: now + .milliseconds(chance.below(Int64(3000)))) }
                switch limiter.earliest(now: now) {
                case .now:
                    limiter.take(now: now)
                    inFlight += 1
                case .afterRelease, .never:
                    #expect(inFlight > 0, "seed \(seed): waits for a permit that nobody has")
                    limiter.release(now: now)
                    inFlight -= 1
                case .at(let at):
                    #expect(at > now)
                    let early = limiter.earliest(now: max(now, Instant(nanoseconds: at.nanoseconds - 1)))
                    #expect(early == .at(at), "seed \(seed)")
                    #expect(limiter.earliest(now: at) == .now, "seed \(seed)")
                    now = chance.once(in: 4) ? now + Timespan(nanoseconds: chance.below((at - now).nanoseconds)) : at
                }
            }
        }
    }

    @Test func saturatedLimitsAreUsedToTheFull() {
        let cases: [(LimitPlan.Rule, perSecond: Double)] = [
            (.window(requests: 60, per: .seconds(60)), 1), (.window(requests: 7, per: .milliseconds(300)), 7 / 0.3),
            (.window(requests: 5000, per: .seconds(3600)), 5000.0 / 3600),
            (.bucket(requests: 10, per: .seconds(1), burst: 50), 10),
            (.bucket(requests: 3, per: .seconds(1), burst: 1), 3),
            (.bucket(requests: 7, per: .seconds(60), burst: 7), 7.0 / 60),
        ]
        for (rule, rate) in cases {
            let run = Run([rule], permits: 10_000, seed: 1, latency: .zero)
            let seconds = Double(run.grants[9_999].nanoseconds) / 1e9
            let used = 10_000 / (seconds * rate)
            #expect(used >= 0.99, "\(rule): \(used)")
        }
    }
}
