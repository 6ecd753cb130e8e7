/// The limits of a server that hold for the same requests: several counts with windows of their own, and what is done
/// when it refuses without a word.
struct QuotaBucket: Sendable {
    let kind: Int
    /// As the server calls it (GitHub's resource, Discord's bucket); nil: it has no name.
    let resource: String?
    private(set) var mirrors: [(name: String, unit: String, mirror: QuotaMirror)] = []
    var gate = ThrottleGate()
    private(set) var inFlight: Int64 = 0

    /// A server states a handful. More is an attack on somebody's memory.
    private static let most = 16

    init(kind: Int, resource: String? = nil) {
        self.kind = kind
        self.resource = resource
    }

    /// Nothing to ask it before a request leaves.
    var isQuiet: Bool { mirrors.isEmpty && gate.isOpen }
    var isUnknown: Bool { mirrors.isEmpty }

    /// Nil: when a request under way is answered.
    mutating func earliest(now: Instant, plan: ServerLimitsPlan) -> Instant? {
        var at = now
        if !gate.isOpen {
            if gate.isDoubtful, inFlight > 0 { return nil }
            at = gate.earliest(now: now)
        }
        for index in mirrors.indices {
            guard let one = mirrors[index].mirror.earliest(now: now, inFlight: inFlight, plan: plan) else {
                return nil
            }
            if one > at { at = one }
        }
        return at
    }

    mutating func take(now: Instant, plan: ServerLimitsPlan) {
        inFlight += 1
        gate.take(now: now)
        for index in mirrors.indices { mirrors[index].mirror.take(now: now, plan: plan) }
    }

    /// The request under way is answered, or never will be.
    mutating func release() { inFlight = max(0, inFlight - 1) }

    mutating func learn(_ feedback: RateLimitFeedback, order: UInt64, now: Instant) {
        var told: Set<String> = []
        for policy in feedback.policies where policy.remaining != nil {
            told.insert(policy.name)
            if let index = mirrors.firstIndex(where: { $0.name == policy.name }) {
                mirrors[index].mirror.update(policy, order: order, now: now)
            } else if mirrors.count < Self.most, let fresh = QuotaMirror(policy, order: order, now: now) {
                mirrors.append((policy.name, policy.unit, fresh))
            }
        }
        for index in mirrors.indices where !told.contains(mirrors[index].name) { mirrors[index].mirror.spend() }
        if feedback.throttled {
            for index in mirrors.indices { mirrors[index].mirror.refused(now: now) }
        }
    }

    /// The request failed on its way: the server may have counted it.
    mutating func spend() {
        for index in mirrors.indices { mirrors[index].mirror.spend() }
    }
}

extension QuotaBucket {
    func state(_ list: inout JSONWriter, now: Instant) {
        for one in mirrors {
            list.object { writer in
                writer.member("resource", resource)
                writer.member("name", one.name.isEmpty ? nil : one.name)
                writer.member("unit", one.unit)
                writer.member("limit", one.mirror.limit)
                writer.member("remaining", one.mirror.remaining)
                writer.member("window_ms", one.mirror.window?.milliseconds)
                writer.member("reset_ms", one.mirror.resetAt.map { max(Timespan.zero, $0 - now).milliseconds })
            }
        }
        guard !gate.isOpen else { return }
        list.object { writer in
            writer.member("resource", resource)
            writer.member("paused_ms", gate.pausedUntil.map { max(Timespan.zero, $0 - now).milliseconds })
            if let rate = gate.rate {
                writer.name("requests_per_second")
                writer.decimal(thousandths: Int64(min(rate, 1_000_000) * 1000))
            }
        }
    }
}
