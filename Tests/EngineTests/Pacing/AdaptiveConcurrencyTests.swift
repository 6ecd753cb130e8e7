import EngineTestKit
import Testing

@testable import Engine

@Suite struct AdaptiveConcurrencyTests {
    /// A server that answers in `latency`, and refuses what goes beyond `bears`; asked for ever by somebody with
    /// `wanted` requests at once. The levels reached, round by round.
    static func levels(
        most: Int64, bears: Int64, then: Int64? = nil, wanted: Int64, rounds: Int,
        latency: (Int64) -> Timespan = { _ in .milliseconds(50) }
    ) -> [Int64] {
        var level = AdaptiveConcurrency(most: most)
        var now = Instant(nanoseconds: 0)
        var levels: [Int64] = []
        for round in 0..<rounds {
            let sentAt = now
            let bears = round < rounds / 2 ? bears : then ?? bears
            let together = min(wanted, level.limit)
            now = now + latency(together)
            for index in 0..<together {
                if index < bears {
                    level.answered(sentAt: sentAt, inFlight: together, now: now)
                } else {
                    level.refused(sentAt: sentAt, now: now)
                }
            }
            levels.append(level.limit)
            now = now + .milliseconds(1)
        }
        return levels
    }

    @Test func growsToTheMostWhereNobodyMinds() {
        #expect(Self.levels(most: 32, bears: 1000, wanted: 1000, rounds: 30).last == 32)
    }

    @Test func growsOnlyWhenUsed() {
        #expect(Self.levels(most: 32, bears: 1000, wanted: 1, rounds: 200).max() ?? 0 <= 5)
    }

    @Test func staysNearWhatTheServerBears() {
        let levels = Self.levels(most: 100, bears: 10, wanted: 1000, rounds: 500).suffix(400)
        #expect((levels.min() ?? 0) >= 6 && (levels.max() ?? 0) <= 14)
    }

    @Test(arguments: [2, 4, 12, 30] as [Int64]) func whatWasTooMuchIsTriedOnceInAWhile(bears: Int64) {
        let levels = Self.levels(most: 100, bears: bears, wanted: 1000, rounds: 1000).suffix(800)
        let tooMany = levels.count { $0 > bears }
        #expect(tooMany > 0 && tooMany * 12 <= levels.count)
        #expect((levels.min() ?? 0) * 3 >= bears)
    }

    @Test func growsAgainWhenTheServerBearsMore() {
        let levels = Self.levels(most: 100, bears: 4, then: 60, wanted: 1000, rounds: 400)
        #expect((levels[..<200].max() ?? 0) <= 8 && (levels.last ?? 0) >= 40)
    }

    @Test func answersThatComeSlowerLowerIt() {
        let levels = Self.levels(most: 100, bears: 1000, wanted: 1000, rounds: 300) { together in
            .milliseconds(together <= 12 ? 50 : 50 + (together - 12) * 40)
        }
        #expect((levels.suffix(200).max() ?? 0) < 30)
    }

    @Test func oneRoundOfRefusalsIsOneSign() {
        var level = AdaptiveConcurrency(most: 100)
        let sentAt = Instant(nanoseconds: 1)
        for at in 2...50 as ClosedRange<Int64> { level.refused(sentAt: sentAt, now: Instant(nanoseconds: at)) }
        #expect(level.limit == 2)
        for at in 100...9999 as ClosedRange<Int64> {
            level.refused(sentAt: Instant(nanoseconds: at), now: Instant(nanoseconds: at))
        }
        #expect(level.limit == 1)
    }

    @Test func extremesDoNotTrap() {
        for most in [Int64.min, 0, 1, Int64.max] {
            var level = AdaptiveConcurrency(most: most)
            for instant in [Int64.min, 0, Int64.max] {
                level.answered(sentAt: Instant(nanoseconds: .max), inFlight: .max, now: Instant(nanoseconds: instant))
                level.answered(sentAt: Instant(nanoseconds: .min), inFlight: .min, now: Instant(nanoseconds: instant))
                #expect(level.limit >= 1)
            }
        }
    }
}
