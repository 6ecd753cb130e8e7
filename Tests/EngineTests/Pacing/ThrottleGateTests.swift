import EngineTestKit
import Testing

@testable import Engine

/// A server that refuses and does not say until when.
@Suite struct ThrottleGateTests {
    static let start = Instant(nanoseconds: 500_000_000_000)

    @Test func waitsDoubleUpToAMinute() {
        var services = TestServices(.seeded(Seeded(seed: 7)))
        var gate = ThrottleGate()
        var now = Self.start
        for step in [1, 2, 4, 8, 16, 32, 60, 60, 60] as [Int64] {
            gate.take(now: now)
            let sentAt = now
            now = now + .milliseconds(20)
            gate.refused(wait: nil, sentAt: sentAt, now: now, services: &services)
            let wait = gate.earliest(now: now) - now
            #expect(wait >= .milliseconds(step * 500) && wait <= .seconds(step), "\(step): \(wait.shown)")
            now = gate.earliest(now: now)
        }
        gate.answered(sentAt: now)
        gate.refused(wait: nil, sentAt: now, now: now + .milliseconds(1), services: &services)
        let last = gate.earliest(now: now) - now
        #expect(last <= .seconds(61))
    }

    @Test func refusalsOfOneRoundAreOne() {
        var services = TestServices(.seeded(Seeded(seed: 7)))
        var gate = ThrottleGate()
        for _ in 0..<50 { gate.take(now: Self.start) }
        for late in 1...50 as ClosedRange<Int64> {
            gate.refused(wait: nil, sentAt: Self.start, now: Self.start + .milliseconds(late), services: &services)
        }
        let wait = gate.earliest(now: Self.start) - Self.start
        #expect(wait <= .seconds(2))
        #expect(gate.rate == 35)
    }

    /// Against a server that bears 20 a second and says nothing: few refusals, and most of what it gives.
    @Test func findsTheRateAndRecovers() {
        var services = TestServices(.seeded(Seeded(seed: 3)))
        var gate = ThrottleGate()
        var now = Self.start
        var (passed, refusals) = (0, 0)
        var log: [Instant] = []
        while now - Self.start < .seconds(600) {
            now = max(now + .milliseconds(1), gate.earliest(now: now))
            gate.take(now: now)
            log.removeAll { $0 <= now - .seconds(1) }
            if log.count < 20 {
                log.append(now)
                passed += 1
                gate.answered(sentAt: now)
            } else {
                refusals += 1
                gate.refused(wait: nil, sentAt: now, now: now + .milliseconds(1), services: &services)
            }
        }
        #expect(refusals < 120, "\(refusals)")
        #expect(passed > 600 * 20 / 2, "\(passed)")
        // Nobody refuses any more: full speed again.
        for _ in 0..<5000 where !gate.isOpen {
            now = max(now, gate.earliest(now: now)) + .milliseconds(1)
            gate.take(now: now)
            gate.answered(sentAt: now)
        }
        #expect(gate.isOpen)
    }
}
