import EngineTestKit
import Testing

@testable import Engine

/// What a server's counts make of the next request's time.
@Suite struct QuotaMirrorTests {
    static let start = Instant(nanoseconds: 1_000_000_000_000)
    static let auto = ServerLimitsPlan()

    final class Held {
        var mirror: QuotaMirror
        init(_ mirror: QuotaMirror) { self.mirror = mirror }
        func earliest(now: Instant, inFlight: Int64, plan: ServerLimitsPlan) -> Instant? {
            mirror.earliest(now: now, inFlight: inFlight, plan: plan)
        }
        func take(now: Instant, plan: ServerLimitsPlan) { mirror.take(now: now, plan: plan) }
        func update(_ policy: QuotaPolicy, order: UInt64, now: Instant) {
            mirror.update(policy, order: order, now: now)
        }
        func refused(now: Instant) { mirror.refused(now: now) }
        func spend() { mirror.spend() }
        var remaining: Int64 { mirror.remaining }
        var resetAt: Instant? { mirror.resetAt }
        var limit: Int64? { mirror.limit }
        var window: Timespan? { mirror.window }
    }

    static func policy(
        _ limit: Int64?, _ remaining: Int64?, reset: Timespan? = nil, window: Timespan? = nil
    ) -> QuotaPolicy {
        QuotaPolicy(limit: limit, remaining: remaining, window: window, resetAfter: reset)
    }
    static func mirror(
        _ limit: Int64?, _ remaining: Int64?, reset: Timespan? = nil, window: Timespan? = nil
    ) throws -> Held {
        Held(try #require(QuotaMirror(policy(limit, remaining, reset: reset, window: window), order: 1, now: start)))
    }

    /// When the next `count` requests leave, sent as soon as may be and answered at once by a truthful server.
    static func times(_ mirror: Held, count: Int, plan: ServerLimitsPlan = auto) throws -> [Timespan] {
        var (now, order): (Instant, UInt64) = (start, 1)
        var left = mirror.remaining
        let resetAt = mirror.resetAt
        var times: [Timespan] = []
        for _ in 0..<count {
            let at = try #require(mirror.earliest(now: now, inFlight: 0, plan: plan))
            now = max(now, at)
            if let resetAt, now > resetAt { break }
            mirror.take(now: now, plan: plan)
            times.append(now - start)
            order += 1
            left -= 1
            mirror.update(
                policy(mirror.limit, left, reset: resetAt.map { $0 - now }, window: mirror.window), order: order,
                now: now)
        }
        return times
    }

    @Test func plentyIsNotSlowedDown() throws {
        let times = try Self.times(
            Self.mirror(5000, 4990, reset: .seconds(3590), window: .seconds(3600)), count: 4000)
        #expect(times.count == 4000 && times.allSatisfy { $0 == .zero })
    }

    /// Nine tenths of what remains over the time left, once a tenth of the limit remains.
    @Test func littleIsSpreadOverTheTimeLeft() throws {
        let times = try Self.times(Self.mirror(5000, 500, reset: .seconds(1000)), count: 2000)
        #expect(times.count > 440 && times.count <= 500, "\(times.count)")
        // A burst of a tenth, then evenly.
        #expect(times.filter { $0 == .zero }.count <= 51)
        #expect((times.last ?? .zero) > .seconds(900))
        let half = times.filter { $0 < .seconds(500) }.count
        #expect(half > 200 && half < 310, "\(half)")
    }

    @Test func neverSlowerThanOneInTenSecondsWhileAnythingRemains() throws {
        let times = try Self.times(Self.mirror(1000, 20, reset: .seconds(3600)), count: 100)
        #expect(times.count == 20)
        for (a, b) in zip(times, times.dropFirst()) { #expect(b - a <= .seconds(10)) }
    }

    @Test func neverMoreThanRemains() throws {
        for remaining in 0...12 as ClosedRange<Int64> {
            for pace in ServerLimitsPlan.Pace.allCases {
                var plan = ServerLimitsPlan()
                plan.pace = pace
                let times = try Self.times(Self.mirror(100, remaining, reset: .seconds(60)), count: 100, plan: plan)
                #expect(times.count <= remaining, "\(pace) \(remaining)")
                if remaining > 3 { #expect(times.count >= Int(remaining) - 1, "\(pace) \(remaining): \(times.count)") }
            }
        }
    }

    @Test func theReserveIsLeftToOthers() throws {
        var plan = ServerLimitsPlan()
        plan.pace = .burst
        plan.reserve = 7
        #expect(try Self.times(Self.mirror(100, 20, reset: .seconds(60)), count: 100, plan: plan).count == 13)
        plan.reservePercent = 15
        #expect(try Self.times(Self.mirror(100, 20, reset: .seconds(60)), count: 100, plan: plan).count == 5)
        // Nobody can be left all of it.
        plan.reservePercent = 100
        #expect(try Self.times(Self.mirror(100, 100, reset: .seconds(60)), count: 200, plan: plan).count == 1)
    }

    @Test func nothingLeftWaitsForTheResetAndThenGoesOn() throws {
        let mirror = try Self.mirror(60, 0, reset: .seconds(30), window: .seconds(60))
        let at = try #require(mirror.earliest(now: Self.start, inFlight: 0, plan: Self.auto))
        #expect(at >= Self.start + .seconds(30) && at <= Self.start + .seconds(31))
        #expect(mirror.earliest(now: at - .milliseconds(1), inFlight: 0, plan: Self.auto) == at)
        #expect(mirror.earliest(now: at, inFlight: 0, plan: Self.auto) == at)
        // One goes first, and its answer tells what the new window has.
        #expect(mirror.earliest(now: at, inFlight: 1, plan: Self.auto) == nil)
        mirror.update(Self.policy(60, 59, reset: .seconds(60)), order: 2, now: at)
        #expect(mirror.earliest(now: at, inFlight: 58, plan: Self.auto) == at)
        #expect(mirror.earliest(now: at, inFlight: 59, plan: Self.auto) == nil)
    }

    @Test func thoseUnderWayAreSubtracted() throws {
        let mirror = try Self.mirror(100, 50, reset: .seconds(60))
        #expect(mirror.earliest(now: Self.start, inFlight: 49, plan: Self.auto) == Self.start)
        #expect(mirror.earliest(now: Self.start, inFlight: 50, plan: Self.auto) == nil)
    }

    @Test func oldAnswersRefillNothing() throws {
        let mirror = try Self.mirror(100, 40, reset: .seconds(60))
        mirror.update(Self.policy(100, 20, reset: .seconds(60)), order: 30, now: Self.start)
        for order in 2...29 as ClosedRange<UInt64> {
            mirror.update(Self.policy(100, 50, reset: .seconds(60)), order: order, now: Self.start)
            mirror.update(Self.policy(100, 50, reset: .seconds(3000)), order: order, now: Self.start)
        }
        #expect(mirror.remaining == 20)
        // One that is newer may be a slip; two are not.
        mirror.update(Self.policy(100, 50, reset: .seconds(60)), order: 31, now: Self.start)
        #expect(mirror.remaining == 20)
        mirror.update(Self.policy(100, 49, reset: .seconds(60)), order: 32, now: Self.start)
        #expect(mirror.remaining == 49)
        // A new window needs no second word.
        mirror.update(Self.policy(100, 99, reset: .seconds(120)), order: 33, now: Self.start)
        #expect(mirror.remaining == 99)
    }

    @Test func withoutAResetOneIsSentNowAndThenToSee() throws {
        let mirror = try Self.mirror(40, 0)
        let at = try #require(mirror.earliest(now: Self.start, inFlight: 0, plan: Self.auto))
        #expect(at == Self.start + .seconds(1))
        #expect(mirror.earliest(now: at, inFlight: 0, plan: Self.auto) == at)
        #expect(mirror.earliest(now: at, inFlight: 1, plan: Self.auto) == nil)
        // "In 0 seconds" with nothing left is no free pass.
        let zero = try Self.mirror(40, 0, reset: .zero)
        #expect(zero.earliest(now: Self.start, inFlight: 0, plan: Self.auto) == Self.start + .seconds(1))
    }

    @Test func aServerThatRoundsDownIsBelievedOnlyOnce() throws {
        let mirror = try Self.mirror(60, 0, reset: .seconds(3))
        let first = try #require(mirror.earliest(now: Self.start, inFlight: 0, plan: Self.auto))
        #expect(mirror.earliest(now: first, inFlight: 0, plan: Self.auto) == first)
        mirror.update(Self.policy(60, 0, reset: .seconds(3)), order: 2, now: first)
        mirror.refused(now: first)
        mirror.update(Self.policy(60, 0, reset: .seconds(3)), order: 3, now: first)
        let second = try #require(mirror.earliest(now: first, inFlight: 0, plan: Self.auto))
        #expect(second == first + .seconds(4))
    }

    /// What a stranger says can neither trap nor make a wait without an end or a burst without one.
    @Test func absurdWordsDoNoHarm() throws {
        let numbers: [Int64?] = [nil, .min, -1, 0, 1, 60, .max]
        let spans: [Timespan?] = [nil, .zero, Timespan(nanoseconds: 1), .seconds(60), .seconds(366 * 86_400)]
        for limit in numbers {
            for remaining in numbers {
                for reset in spans {
                    for window in spans {
                        for pace in ServerLimitsPlan.Pace.allCases {
                            try Self.abuse(Self.policy(limit, remaining, reset: reset, window: window), pace)
                        }
                    }
                }
            }
        }
    }

    static func abuse(_ policy: QuotaPolicy, _ pace: ServerLimitsPlan.Pace) throws {
        var plan = ServerLimitsPlan()
        plan.pace = pace
        plan.reserve = 3
        plan.reservePercent = 100
        guard let mirror = QuotaMirror(policy, order: 1, now: start).map(Held.init) else {
            #expect(policy.remaining == nil)
            return
        }
        var now = start
        for order in 2...6 as ClosedRange<UInt64> {
            let at = try #require(mirror.earliest(now: now, inFlight: 0, plan: plan))
            #expect(at - now <= .seconds(367 * 86_400), "\(policy)")
            now = max(now, at)
            mirror.take(now: now, plan: plan)
            mirror.update(policy, order: order, now: now)
            mirror.spend()
        }
    }
}
