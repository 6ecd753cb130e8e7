import EngineTestKit
import Testing

@testable import Engine

@Suite struct LineTests {
    static let start = Instant(nanoseconds: 1_000_000_000)

    static func limiter(_ rules: LimitPlan.Rule...) -> Limiter {
        var plan = LimitPlan()
        plan.rules = rules
        return Limiter(plan)
    }

    static func rule(_ rule: LimitPlan.Rule, path: String) -> LimitPlan.Rule {
        var rule = rule
        rule.covers.paths = [Glob(path)]
        return rule
    }

    /// Everybody who may go now goes, and is answered at once.
    static func run(_ limiter: inout Limiter, now: Instant) -> [Limiter.Ticket] {
        var gone: [Limiter.Ticket] = []
        var pass = Limiter.Pass()
        while let ticket = limiter.next(in: &pass, now: now) {
            limiter.release(limiter.take(ticket, now: now), now: now)
            gone.append(ticket)
            pass = Limiter.Pass()
        }
        return gone
    }

    @Test func whoWaitsForItsClassKeepsNobodyElseWaiting() {
        var limiter = Self.limiter(
            Self.rule(.window(requests: 1, per: .seconds(10)), path: "/write/*"),
            .window(requests: 100, per: .seconds(1)))
        let write = Limiter.Demand(scope: limiter.scope(of: RequestKind(path: "/write/a")))
        let read = Limiter.Demand(scope: limiter.scope(of: RequestKind(path: "/read")))
        #expect(write.scope != read.scope)
        let first = limiter.join(write)
        let second = limiter.join(write)
        let others = [limiter.join(read), limiter.join(read)]
        #expect(Self.run(&limiter, now: Self.start) == [first] + others)
        #expect(Self.run(&limiter, now: Self.start + .seconds(9)) == [])
        #expect(Self.run(&limiter, now: Self.start + .seconds(10)) == [second])
    }

    @Test func nothingSmallOvertakesSomethingBigOfItsClass() {
        var rule = LimitPlan.Rule.bucket(requests: 10, per: .seconds(1), burst: 10)
        rule.unit = .points
        var limiter = Self.limiter(rule)
        limiter.release(limiter.take(for: .init(points: 10), now: Self.start), now: Self.start)
        let big = limiter.join(.init(points: 10))
        let small = limiter.join(.init(points: 1))
        // There would be room for the small one.
        #expect(Self.run(&limiter, now: Self.start + .milliseconds(500)) == [])
        #expect(Self.run(&limiter, now: Self.start + .seconds(1)) == [big])
        #expect(Self.run(&limiter, now: Self.start + .milliseconds(1100)) == [small])
    }

    /// Needs two budgets, and two crowds want one each, so that they are never free at the same time by themselves.
    @Test func whoWantsTwoBudgetsIsNotKeptOutByThoseWhoWantOne() {
        var limiter = Self.limiter(
            Self.rule(.bucket(requests: 1, per: .seconds(1), burst: 1), path: "/*a*"),
            Self.rule(.bucket(requests: 1, per: .milliseconds(1300), burst: 1), path: "/*b*"))
        let a = Limiter.Demand(scope: limiter.scope(of: RequestKind(path: "/a")))
        let b = Limiter.Demand(scope: limiter.scope(of: RequestKind(path: "/b")))
        let both = Limiter.Demand(scope: limiter.scope(of: RequestKind(path: "/ab")))
        for _ in 0..<3 { for demand in [a, b] { _ = limiter.join(demand) } }
        let wanted = limiter.join(both)
        var now = Self.start
        for _ in 0..<400 {
            for demand in [a, b] where limiter.waiting < 8 { _ = limiter.join(demand) }
            if Self.run(&limiter, now: now).contains(wanted) { return }
            now = now + .milliseconds(50)
        }
        Issue.record("not within \((now - Self.start).milliseconds) ms")
    }

    @Test func prioritiesTakeTurnsByWeight() {
        var limiter = Self.limiter(.window(requests: 1, per: .seconds(1)))
        var waiting: [Limiter.Ticket: Priority] = [:]
        func join(_ priority: Priority) { waiting[limiter.join(.init(priority: priority))] = priority }
        for _ in 0..<100 { for priority in Priority.allCases { join(priority) } }
        var counts: [Priority: Int] = [:]
        for second in 0..<105 {
            for ticket in Self.run(&limiter, now: Self.start + .seconds(Int64(second))) {
                guard let priority = waiting[ticket] else { continue }
                counts[priority, default: 0] += 1
                join(priority)
            }
        }
        #expect(counts == [.high: 80, .normal: 20, .low: 5])
    }

    @Test func thoseOfOnePriorityGoInTheirOrder() {
        for seed in 1...8 as ClosedRange<UInt64> {
            var chance = Seeded(seed: seed)
            var rule = LimitPlan.Rule.bucket(requests: 20, per: .seconds(1), burst: 20)
            rule.unit = .points
            var limiter = Self.limiter(rule, .window(requests: 7, per: .milliseconds(900)))
            var order: [Priority: [Limiter.Ticket]] = [:]
            var gone: [Priority: [Limiter.Ticket]] = [:]
            var now = Self.start
            for _ in 0..<200 {
                let priority = Priority.allCases[Int(chance.below(Int64(3)))]
                let ticket = limiter.join(.init(points: 1 + chance.below(Int64(20)), priority: priority))
                order[priority, default: []].append(ticket)
                now = now + .milliseconds(chance.below(Int64(400)))
                for ticket in Self.run(&limiter, now: now) {
                    guard let priority = order.first(where: { $0.value.contains(ticket) })?.key else { continue }
                    gone[priority, default: []].append(ticket)
                }
            }
            for (priority, tickets) in gone {
                #expect(order[priority]?.starts(with: tickets) == true, "seed \(seed), \(priority)")
            }
        }
    }

    @Test func whoLeavesWithoutATurnDoesNotPayForOne() {
        var limiter = Self.limiter(.concurrent(1))
        let low = limiter.join(.init(priority: .low))
        for _ in 0..<50 { limiter.leave(limiter.join(.init(priority: .normal))) }
        let normal = limiter.join(.init(priority: .normal))
        let permit = limiter.take(for: .init(), now: Self.start)
        limiter.release(permit, now: Self.start)
        #expect(Self.run(&limiter, now: Self.start) == [normal, low])
    }

    @Test func whatCanNeverBeHadIsSaidAtOnce() {
        var limiter = Self.limiter(.bucket(requests: 1, per: .seconds(1), burst: 5))
        #expect(limiter.earliest(for: .init(points: 6), now: Self.start) == .now)
        var rule = LimitPlan.Rule.bucket(requests: 1, per: .seconds(1), burst: 5)
        rule.unit = .points
        limiter = Self.limiter(rule)
        #expect(limiter.earliest(for: .init(points: 6), now: Self.start) == .never)
        let ticket = limiter.join(.init(points: 6))
        #expect(limiter.answer(ticket, now: Self.start) == .never)
        #expect(!limiter.isAwaited)
    }

    @Test func pauseOfOneKindLeavesTheOthersAlone() {
        var limiter = Self.limiter(Self.rule(.concurrent(9), path: "/a"))
        let a = limiter.scope(of: RequestKind(path: "/a", host: "h"))
        let other = limiter.scope(of: RequestKind(path: "/b", host: "h"))
        let elsewhere = limiter.scope(of: RequestKind(path: "/a", host: "i"))
        limiter.pause(a, until: Self.start + .seconds(5))
        #expect(limiter.earliest(for: .init(scope: a), now: Self.start) == .at(Self.start + .seconds(5)))
        #expect(limiter.earliest(for: .init(scope: other), now: Self.start) == .now)
        #expect(limiter.earliest(for: .init(scope: elsewhere), now: Self.start) == .now)
        limiter.pause(until: Self.start + .seconds(3))
        #expect(limiter.earliest(for: .init(scope: other), now: Self.start) == .at(Self.start + .seconds(3)))
    }
}
