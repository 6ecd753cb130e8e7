import EngineTestKit
import Foundation
import Testing

@testable import Engine

/// All kinds of limits at once, with weights, corrections and latency, held to what each of them promises.
///
/// `PENSTOCK_LIMITER_CASES` runs that many, `PENSTOCK_SEED` only that one.
@Suite struct LimitKindTests {
    struct Grant {
        var taken: Instant
        /// When the server counts it.
        var arrives: Instant
        var returns: Instant
        var actual: Int64
        var permit: Limiter.Permit
    }

    static var seeds: [UInt64] {
        let environment = ProcessInfo.processInfo.environment
        if let one = environment["PENSTOCK_SEED"].flatMap(UInt64.init) { return [one] }
        return Array(1...max(1, environment["PENSTOCK_LIMITER_CASES"].flatMap(UInt64.init) ?? 10_000))
    }

    static func rule(_ chance: inout Seeded) -> LimitPlan.Rule {
        let per = Timespan.milliseconds(1 + chance.below(chance.once(in: 3) ? Int64(60_000) : 900))
        let most = 1 + chance.below(Int64(12))
        let burst = 1 + chance.below(most)
        var rule: LimitPlan.Rule =
            switch chance.below(Int64(5)) {
            case 0, 1: .window(requests: most, per: per)
            case 2: .init(.bucket(most: most, per: per, burst: burst, isStrict: chance.once(in: 2)))
            case 3: .init(.spacing(Timespan(nanoseconds: per.nanoseconds / 10 + 1)))
            default: .concurrent(1 + chance.below(Int64(5)))
            }
        rule.counts = chance.once(in: 2) ? .response : .send
        if case .concurrent = rule.kind { return rule }
        if case .spacing = rule.kind { return rule }
        if chance.once(in: 3) { rule.unit = .points }
        return rule
    }

    static func run(_ plan: LimitPlan, _ chance: inout Seeded, seed: UInt64) -> [Grant]? {
        var limiter = Limiter(plan)
        let dearest = plan.rules.filter { $0.unit == .points }.map(\.most).min() ?? 5
        let latency = Timespan.milliseconds(1 + chance.below(Int64(2000)))
        var now = Instant(nanoseconds: chance.below(Int64(1_000_000)))
        var grants: [Grant] = []
        var open: [Grant] = []
        while grants.count < 40 {
            for grant in open where grant.returns <= now {
                limiter.release(grant.permit, now: grant.returns, actualCost: grant.actual)
            }
            open.removeAll { $0.returns <= now }
            let demand = Limiter.Demand(points: 1 + chance.below(dearest))
            let back = open.map(\.returns).min()
            switch limiter.earliest(for: demand, now: now) {
            case .never:
                Issue.record("seed \(seed): never")
                return nil
            case .now:
                let takes = Timespan(nanoseconds: 1 + chance.below(latency.nanoseconds))
                let permit = limiter.take(for: demand, now: now)
                let grant = Grant(
                    taken: now, arrives: now + Timespan(nanoseconds: chance.below(takes.nanoseconds + 1)),
                    returns: now + takes, actual: chance.once(in: 3) ? chance.below(demand.points + 1) : demand.points,
                    permit: permit)
                grants.append(grant)
                open.append(grant)
                open.sort { $0.returns < $1.returns }
                if chance.once(in: 8) { now = now + Timespan(nanoseconds: chance.below(Int64(3_000_000_000))) }
            case .at(let at):
                // As long as it says, if nothing happens before; and not a nanosecond less.
                let early = Instant(nanoseconds: at.nanoseconds - 1)
                guard at > now, limiter.earliest(for: demand, now: max(now, early)) == .at(at),
                    limiter.earliest(for: demand, now: at) == .now
                else {
                    Issue.record(
                        "seed \(seed): the wait is not exact: \(at), \(limiter.earliest(for: demand, now: max(now, early))), \(limiter.earliest(for: demand, now: at))"
                    )
                    return nil
                }
                now = min(at, back ?? at)
            case .afterRelease:
                guard let back else {
                    Issue.record("seed \(seed): waits for a permit that nobody has")
                    return nil
                }
                now = back
            }
        }
        return grants
    }

    @Test func everyLimitKeepsWhatItPromises() {
        for seed in Self.seeds {
            var chance = Seeded(seed: seed)
            var plan = LimitPlan()
            for _ in 0...chance.below(Int64(4)) { plan.rules.append(Self.rule(&chance)) }
            guard let grants = Self.run(plan, &chance, seed: seed) else { return }
            for rule in plan.rules {
                if let broken = Self.problem(rule, grants) {
                    Issue.record("\(broken); \(rule), PENSTOCK_SEED=\(seed)")
                    return
                }
            }
        }
    }

    static func problem(_ rule: LimitPlan.Rule, _ grants: [Grant]) -> String? {
        func cost(_ grant: Grant) -> Int64 { rule.unit == .points ? grant.actual : 1 }
        let times = grants.map { (at: rule.counts == .response ? $0.arrives : $0.taken, cost: cost($0)) }
            .sorted { $0.at < $1.at }
        switch rule.kind {
        case .window(let most, let per, _): return window(most, per, times)
        case .bucket(let most, let per, let burst, let isStrict):
            if isStrict, let broken = window(most, per, times) { return broken }
            let interval = BucketLimit.interval(isStrict ? most - burst + 1 : most, per: per)
            // What is missing to a full bucket, in nanoseconds.
            var missing: Int64 = 0
            var last = Instant(nanoseconds: 0)
            for (at, cost) in times {
                missing = max(0, missing - (at - last).nanoseconds) + cost * interval.nanoseconds
                last = at
                if missing > burst * interval.nanoseconds { return "the server's bucket is empty" }
            }
            return nil
        case .spacing(let gap):
            for (one, next) in zip(times, times.dropFirst()) where next.at - one.at < gap {
                return "\((next.at - one.at).nanoseconds) ns from one to the next"
            }
            return nil
        case .concurrent(let most):
            for grant in grants {
                let under = grants.filter { $0.taken <= grant.taken && $0.returns > grant.taken }.count
                if under > Int(most) { return "\(under) at once" }
            }
            return nil
        }
    }

    static func window(_ most: Int64, _ per: Timespan, _ times: [(at: Instant, cost: Int64)]) -> String? {
        var sum: Int64 = 0
        var first = 0
        for last in times {
            sum += last.cost
            while times[first].at + per <= last.at {
                sum -= times[first].cost
                first += 1
            }
            if sum > most { return "\(sum) in a window" }
        }
        return nil
    }

    /// Exact means both: never more than allowed, and all that is allowed.
    @Test func worstWindowOfTheExactLimiterIsFull() {
        for most in [1, 2, 7, 100] as [Int64] {
            var limiter = Limiter(LimitPlan())
            var plan = LimitPlan()
            plan.rules = [.window(requests: most, per: .seconds(1))]
            limiter = Limiter(plan)
            var now = Instant(nanoseconds: 0)
            var times: [(at: Instant, cost: Int64)] = []
            while times.count < 500 {
                switch limiter.earliest(now: now) {
                case .at(let at): now = at
                default:
                    limiter.take(now: now)
                    limiter.release(now: now)
                    times.append((now, 1))
                }
            }
            #expect(Self.window(most, .seconds(1), times) == nil)
            #expect(Self.window(most - 1, .seconds(1), times) != nil)
        }
    }

    @Test func strictBurstGivesTheBurstAndThenSlower() {
        var plan = LimitPlan()
        plan.rules = [.init(.bucket(most: 10, per: .seconds(1), burst: 5, isStrict: true))]
        var limiter = Limiter(plan)
        var times: [Int64] = []
        var now = Instant(nanoseconds: 0)
        while times.count < 8 {
            switch limiter.earliest(now: now) {
            case .at(let at): now = at
            default:
                limiter.take(now: now)
                limiter.release(now: now)
                times.append(now.nanoseconds)
            }
        }
        // One in W/(N-b+1) = 1/6 s, rounded up to the nanosecond.
        #expect(times == [0, 0, 0, 0, 0, 166_666_667, 333_333_334, 500_000_001])
    }

    @Test func spacingDoesNotMakeUpForWhatWasLate() {
        var plan = LimitPlan()
        plan.rules = [.init(.spacing(.milliseconds(100)))]
        var limiter = Limiter(plan)
        let late = Instant(nanoseconds: 0) + .milliseconds(170)
        limiter.take(now: Instant(nanoseconds: 0))
        limiter.take(now: late)
        #expect(limiter.earliest(now: late) == .at(late + .milliseconds(100)))
    }

    @Test func costIsCorrectedByWhatTheResponseSays() {
        for counts in LimitPlan.Guard.allCases {
            for window in [true, false] {
                var rule: LimitPlan.Rule =
                    window
                    ? .window(requests: 1000, per: .seconds(20))
                    : .bucket(requests: 1000, per: .seconds(20), burst: 1000)
                rule.unit = .points
                rule.counts = counts
                var plan = LimitPlan()
                plan.rules = [rule]
                var limiter = Limiter(plan)
                let now = Instant(nanoseconds: 5)
                let permit = limiter.take(for: .init(points: 800), now: now)
                #expect(limiter.earliest(for: .init(points: 300), now: now) != .now)
                limiter.release(permit, now: now, actualCost: 100)
                #expect(limiter.earliest(for: .init(points: 900), now: now) == .now, "\(rule)")
                #expect(limiter.earliest(for: .init(points: 901), now: now) != .now, "\(rule)")
                // More than expected is charged, too, however much it is.
                let dear = limiter.take(for: .init(points: 1), now: now)
                limiter.release(dear, now: now, actualCost: 1_000_000_000)
                guard case .at(let at) = limiter.earliest(for: .init(points: 900), now: now) else {
                    Issue.record("not charged")
                    continue
                }
                #expect(at <= now + .seconds(60), "\(rule)")
            }
        }
    }

    @Test func refundComesOffTheChargeThatItBelongsTo() {
        var rule = LimitPlan.Rule.window(requests: 10, per: .seconds(10))
        rule.unit = .points
        rule.counts = .send
        var plan = LimitPlan()
        plan.rules = [rule]
        var limiter = Limiter(plan)
        let start = Instant(nanoseconds: 0)
        let early = limiter.take(for: .init(points: 5), now: start)
        _ = limiter.take(for: .init(points: 5), now: start + .seconds(5))
        limiter.release(early, now: start + .seconds(6), actualCost: 1)
        // Of the first one, one is left until 10; of the second one, five until 15.
        #expect(limiter.earliest(for: .init(points: 4), now: start + .seconds(6)) == .now)
        #expect(limiter.earliest(for: .init(points: 5), now: start + .seconds(6)) == .at(start + .seconds(10)))
        #expect(limiter.earliest(for: .init(points: 6), now: start + .seconds(6)) == .at(start + .seconds(15)))
    }

    @Test func alignedWindowBeginsAnewWhenTheServerSaysSo() {
        var plan = LimitPlan()
        plan.rules = [.init(.window(most: 3, per: .seconds(60), isAligned: true))]
        var limiter = Limiter(plan)
        let start = Instant(nanoseconds: 0)
        for second in [0, 1, 2] as [Int64] {
            limiter.release(limiter.take(now: start + .seconds(second)), now: start + .seconds(second))
        }
        #expect(limiter.earliest(now: start + .seconds(3)) == .at(start + .seconds(60)))
        limiter.align(.plain, resetAt: start + .seconds(10), now: start + .seconds(3))
        #expect(limiter.earliest(now: start + .seconds(3)) == .at(start + .seconds(10)))
        // What is under way then counts in the new window.
        #expect(limiter.earliest(now: start + .seconds(10)) == .now)
        for _ in 0..<3 { limiter.take(now: start + .seconds(10)) }
        #expect(limiter.earliest(now: start + .seconds(10)) == .afterRelease)
    }

    /// A server that names a new time with every response does not lift the limit.
    @Test func lyingServerLiftsNoAlignedWindow() {
        var plan = LimitPlan()
        plan.rules = [.init(.window(most: 5, per: .seconds(60), isAligned: true))]
        var limiter = Limiter(plan)
        var now = Instant(nanoseconds: 0)
        var grants = 0
        while now < Instant(nanoseconds: 0) + .seconds(600) {
            while limiter.earliest(now: now) == .now {
                limiter.release(limiter.take(now: now), now: now)
                limiter.align(.plain, resetAt: now + .milliseconds(1), now: now)
                limiter.align(.plain, resetAt: now + .seconds(1_000_000), now: now)
                limiter.align(.plain, resetAt: Instant(nanoseconds: -7), now: now)
                grants += 1
            }
            now = now + .milliseconds(10)
        }
        #expect(grants <= 5 * 2 * 11)
    }

    @Test func eachHostHasABudgetOfItsOwn() {
        var rule = LimitPlan.Rule.concurrent(1)
        rule.each = .host
        var plan = LimitPlan()
        plan.rules = [rule, .concurrent(2)]
        var limiter = Limiter(plan)
        let now = Instant(nanoseconds: 0)
        let scopes = ["a", "b", "c"].map { limiter.scope(of: RequestKind(host: $0)) }
        _ = limiter.take(for: .init(scope: scopes[0]), now: now)
        #expect(limiter.earliest(for: .init(scope: scopes[0]), now: now) == .afterRelease)
        #expect(limiter.earliest(for: .init(scope: scopes[1]), now: now) == .now)
        _ = limiter.take(for: .init(scope: scopes[1]), now: now)
        #expect(limiter.earliest(for: .init(scope: scopes[2]), now: now) == .afterRelease)
    }
}
