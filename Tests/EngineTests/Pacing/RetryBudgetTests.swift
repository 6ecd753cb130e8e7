import Testing

@testable import Engine

@Suite struct RetryBudgetTests {
    final class Budget {
        var budget: RetryBudget
        init(percent: Int64, least: Int64) { budget = RetryBudget(percent: percent, least: least) }
        func sent(now: Instant) { budget.sent(now: now) }
        func take(at instant: Instant, now: Instant) -> Instant { budget.take(at: instant, now: now) }
    }

    static let start = Instant(nanoseconds: 100_000_000_000)

    @Test func aFewAreAlwaysAllowed() {
        let budget = Budget(percent: 20, least: 3)
        for _ in 0..<30 { #expect(budget.take(at: Self.start, now: Self.start) == Self.start) }
        let late = budget.take(at: Self.start, now: Self.start)
        #expect(late > Self.start && late <= Self.start + .seconds(11))
    }

    @Test func trafficMakesRoom() {
        let budget = Budget(percent: 20, least: 0)
        for _ in 0..<500 { budget.sent(now: Self.start) }
        for _ in 0..<100 { #expect(budget.take(at: Self.start, now: Self.start) == Self.start) }
        #expect(budget.take(at: Self.start, now: Self.start) > Self.start)
    }

    /// However many want to repeat at once: never more than the budget in ten seconds, and all of them some day.
    @Test func whatHasNoRoomIsPutOff() {
        let budget = Budget(percent: 20, least: 3)
        let times = (0..<1000).map { _ in budget.take(at: Self.start, now: Self.start) }
        let bySecond = Dictionary(grouping: times) { $0.nanoseconds / 1_000_000_000 }.mapValues(\.count)
        for second in bySecond.keys {
            let inWindow = (0..<10).reduce(0) { $0 + (bySecond[second - Int64($1)] ?? 0) }
            #expect(inWindow <= 30)
        }
        #expect((times.max() ?? Self.start) - Self.start <= .seconds(350))
    }

    @Test func extremesDoNotTrap() {
        for percent in [Int64.min, 0, Int64.max] {
            for least in [Int64.min, 0, Int64.max] {
                let budget = Budget(percent: percent, least: least)
                for nanoseconds in [Int64.min, 0, Int64.max] {
                    let now = Instant(nanoseconds: nanoseconds)
                    budget.sent(now: now)
                    for _ in 0..<3 { _ = budget.take(at: now, now: now) }
                }
            }
        }
    }
}
