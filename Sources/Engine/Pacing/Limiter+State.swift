extension Limiter {
    /// Whether permits are had elsewhere, and only by those in the line.
    public var isKeptElsewhere: Bool { store != nil }

    /// For people and monitoring, as JSON text. Times are in milliseconds from now.
    public func state(now: Instant) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.name("limits")
            writer.array { list in
                for (number, rule) in plan.rules.enumerated() {
                    list.object { limit(rule, number: number, now: now, to: &$0) }
                }
            }
            writer.member("waiting", Int64(waiting))
            switch earliest(for: Demand(), now: now) {
            case .now: writer.member("earliest_ms", 0 as Int64)
            case .at(let at): writer.member("earliest_ms", (at - now).roundedMilliseconds)
            case .afterRelease, .never: break
            }
            let pauses = scopes.indices.compactMap { pausedUntil(Scope(index: $0), now: now) }
            writer.member("paused_ms", pauses.max().map { ($0 - now).roundedMilliseconds } ?? 0)
            writer.member("failure", failure?.message)
        }
        return writer.text
    }

    private func limit(_ rule: LimitPlan.Rule, number: Int, now: Instant, to writer: inout JSONWriter) {
        writer.member("limit", Words.limit(rule))
        writer.member("unit", rule.unit.rawValue)
        writer.member("most", rule.most)
        // Of a budget that is kept elsewhere only the keeper knows.
        if store != nil { return }
        writer.member("used", used(number, now: now))
    }
}

extension Timespan {
    /// Up, so that who waits so long does not come too early.
    var roundedMilliseconds: Int64 { nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 > 0 ? 1 : 0) }
}
