@testable import Engine

/// For limits that are about all requests alike.
extension Limiter {
    @discardableResult mutating func take(now: Instant) -> Permit { take(for: Demand(), now: now) }
    mutating func release(now: Instant) {
        release(Permit(scope: .plain, points: 1, takenAt: now), now: now)
    }
    func earliest(now: Instant) -> Earliest { earliest(for: Demand(), now: now) }
}
