import Engine
import EngineTestKit

/// A server that counts requests when they arrive, somewhere between sending and answer, and remembers all of them. Its
/// limits are those of the document; it refuses nothing but looks whether it would have had to.
final class PacedServer {
    struct Arrival: Comparable {
        let at: Instant
        let path: Int
        let leaves: Instant
        static func < (a: Arrival, b: Arrival) -> Bool { a.at < b.at }
    }
    /// What it says of limits in its headers, all of it besides the point: limits may only get tighter by it.
    enum Word: CaseIterable { case nothing, plenty, malformed, lies, skewed }
    enum Weather: CaseIterable { case calm, failures, outages, refusals }

    let rules: [LimitPlan.Rule]
    let pages: Int
    let slowest: Timespan
    let word: Word
    let weather: Weather
    private(set) var arrivals: [Arrival] = []
    private(set) var broken: String?
    private var chance: Seeded
    private let outage: Range<Int64>

    init(rules: [LimitPlan.Rule], pages: Int, slowest: Timespan, word: Word, weather: Weather, seed: UInt64) {
        (self.rules, self.pages, self.slowest, self.word, self.weather) = (rules, pages, slowest, word, weather)
        chance = Seeded(seed: seed)
        let begins = 1_000_000_000 + chance.below(20_000_000_000 as Int64)
        outage = begins..<(begins + chance.below(60_000_000_000 as Int64))
    }

    func answer(_ request: TransferRequest, _ sent: World.Sent) -> Reply {
        let way = Timespan(nanoseconds: chance.below(slowest.nanoseconds + 1))
        let latency = way + Timespan(nanoseconds: 1 + chance.below(slowest.nanoseconds + 1))
        let path = request.url.split(separator: "/").dropFirst(2).first.flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
        if weather == .outages, outage.contains(sent.at.nanoseconds) {
            var reply = Reply.failing(.connect, reached: false)
            reply.latency = latency
            return reply
        }
        count(Arrival(at: sent.at + way, path: path, leaves: sent.at + latency))
        var reply = fault(now: sent.at)
        if reply == nil {
            let page = request.url.split(separator: "page=").last.flatMap { Int($0.prefix { $0.isNumber }) } ?? 1
            reply = .json(
                "{\"data\":[\(page)],\"more\":\(page < pages),\"pages\":\(pages)}", headers: headers(now: sent.at))
        }
        reply?.latency = latency
        return reply ?? .silence
    }

    private func fault(now: Instant) -> Reply? {
        switch weather {
        case .calm, .outages: return nil
        case .failures:
            guard chance.once(in: 6) else { return nil }
            switch chance.below(5) {
            case 0: return .status(500)
            case 1: return .status(503, [("Retry-After", "\(chance.below(5))")])
            case 2: return .failing(.truncated)
            case 3: return .failing(.firstByteTimeout)
            default: return .failing(.connect, reached: false)
            }
        case .refusals:
            // Though nobody is above a limit.
            guard chance.once(in: 8) else { return nil }
            let waits = ["1", "30", "0", "-1", "99999999999999999999", "NaN", "Mon, 01 Jan 0001 00:00:00 GMT", "2.5"]
            return .status(429, chance.once(in: 3) ? [] : [("Retry-After", chance.pick(waits, else: "1"))])
        }
    }

    private func headers(now: Instant) -> [(String, String)] {
        let wall = 1_700_000_000 + now.nanoseconds / 1_000_000_000
        switch word {
        case .nothing: return []
        case .plenty:
            return [
                ("X-RateLimit-Limit", "100000000"), ("X-RateLimit-Remaining", "99999999"), ("X-RateLimit-Reset", "1"),
            ]
        case .malformed:
            let absurd = ["", "NaN", "-5", "1e400", "99999999999999999999", "0x10", ",", "\"a\";r=", "¾"]
            return ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit", "Date"].map {
                ($0, chance.pick(absurd, else: ""))
            }
        case .lies:
            return [
                ("X-RateLimit-Limit", "\(1 + chance.below(100))"), ("X-RateLimit-Remaining", "\(chance.below(100))"),
                ("X-RateLimit-Reset", "\(chance.below(90))"),
            ]
        case .skewed:
            let skewed = wall + 86_400 * (chance.below(9) - 4)
            return [
                ("Date", HTTPDateText.text(epoch: skewed)), ("X-RateLimit-Limit", "1000000"),
                ("X-RateLimit-Remaining", "999999"), ("X-RateLimit-Reset", "\(skewed + 3600)"),
            ]
        }
    }

    // MARK: counting

    private func count(_ arrival: Arrival) {
        var index = arrivals.endIndex
        while index > 0, arrivals[index - 1] > arrival { index -= 1 }
        arrivals.insert(arrival, at: index)
        for (number, rule) in rules.enumerated() where broken == nil {
            broken = problem(rule, around: index).map { "rule \(number), \(rule.kind): \($0)" }
        }
    }

    static func path(_ stream: String) -> Int { Int(stream.dropFirst()) ?? 0 }

    private func concerns(_ rule: LimitPlan.Rule, _ path: Int) -> Bool {
        rule.covers.streams.isEmpty || rule.covers.streams.contains { Self.path($0) == path }
    }

    /// Only what the newest arrival may have broken, so that every step can be looked at.
    private func problem(_ rule: LimitPlan.Rule, around index: Int) -> String? {
        let one = arrivals[index]
        guard concerns(rule, one.path) else { return nil }
        switch rule.kind {
        case .window(let most, let per, _):
            let near = arrivals.filter { concerns(rule, $0.path) && $0.at + per > one.at && one.at + per > $0.at }
            var first = 0
            for last in near.indices {
                while near[first].at + per <= near[last].at { first += 1 }
                if last - first + 1 > Int(most) { return "\(last - first + 1) in a window" }
            }
        case .bucket(let most, let per, let burst, let isStrict):
            let interval = (per.nanoseconds + most - 1) / most
            if isStrict {
                var window = LimitPlan.Rule.window(requests: most, per: per)
                window.covers = rule.covers
                if let found = problem(window, around: index) { return found }
            }
            // What is missing to a full bucket.
            var missing: Int64 = 0
            var last = Instant(nanoseconds: 0)
            for arrival in arrivals where concerns(rule, arrival.path) {
                missing = max(0, missing - (arrival.at - last).nanoseconds) + interval
                last = arrival.at
                if missing > burst * interval { return "the bucket is empty" }
            }
        case .concurrent(let most):
            let together = arrivals.filter {
                concerns(rule, $0.path) && $0.at <= one.at && $0.leaves > one.at
            }.count
            if together > Int(most) { return "\(together) at once" }
        case .spacing: break
        }
        return nil
    }
}
