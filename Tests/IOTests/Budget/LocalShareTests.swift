import Engine
import Testing

@testable import IO

/// What a process lets go by itself while Redis is away.
@Suite struct LocalShareTests {
    static let start = Instant(nanoseconds: 5_000_000_000_000)
    static let one = BudgetDemand([.init(rule: 0, cost: 1)])

    static func plan(_ kind: BudgetPlan.Kind) -> BudgetPlan {
        BudgetPlan([.init(kind, countsResponse: false)], text: "")
    }

    /// How many it gives in that time.
    private func count(_ share: LocalShare, seconds: Int64) -> Int {
        var now = Self.start
        var granted = 0
        while now < Self.start + .seconds(seconds) {
            switch share.ask(Self.one, now: now) {
            case .granted: granted += 1
            case .at(let instant): now = instant
            default: return granted
            }
        }
        return granted
    }

    @Test func aPartIsThatManyTimesLess() {
        let plan = Self.plan(.window(most: 100, per: .seconds(1)))
        #expect(count(LocalShare(plan, parts: 4, used: [0], held: [0], now: Self.start), seconds: 10) == 250)
        #expect(count(LocalShare(plan, parts: 1, used: [0], held: [0], now: Self.start), seconds: 10) == 1000)
    }

    @Test func moreProcessesThanRequests() {
        // 100 processes, 10 a second: each one every ten seconds.
        let plan = Self.plan(.window(most: 10, per: .seconds(1)))
        #expect(count(LocalShare(plan, parts: 100, used: [10], held: [0], now: Self.start), seconds: 100) == 9)
    }

    @Test func whatWasUsedIsNotThereAgain() {
        let plan = Self.plan(.window(most: 100, per: .seconds(10)))
        // 20 are left for four.
        #expect(count(LocalShare(plan, parts: 4, used: [80], held: [0], now: Self.start), seconds: 10) == 5)
    }

    @Test func oneThatIsHeldIsHeld() {
        let share = LocalShare(Self.plan(.gate(most: 4)), parts: 2, used: [4], held: [2], now: Self.start)
        #expect(share.ask(Self.one, now: Self.start) == .later)
        share.release(Self.one, actual: nil, now: Self.start)
        #expect(share.ask(Self.one, now: Self.start) == .granted)
    }

    @Test func tooMuchForAPartWaits() {
        let share = LocalShare(
            Self.plan(.window(most: 10, per: .seconds(1))), parts: 5, used: [0], held: [0], now: Self.start)
        #expect(share.ask(BudgetDemand([.init(rule: 0, cost: 5)]), now: Self.start) == .later)
    }
}
