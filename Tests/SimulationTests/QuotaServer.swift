import Engine
import EngineTestKit

/// A server with a limit of its own and headers about it, which may be wrong. It counts a request when it is sent.
final class QuotaServer {
    enum Kind: CaseIterable { case fixed, sliding, bucket, concurrent }
    enum Word: CaseIterable {
        case epoch, delta, ietf, onlyRefusals, silent, stale, skewed, absurd
        /// What remains and when it starts anew, before the limit is hit.
        var isTrue: Bool { [.epoch, .delta, .ietf, .skewed].contains(self) }
    }

    let kind: Kind
    let word: Word
    let limit: Int
    let window: Timespan
    let pages: Int
    let slowest: Timespan
    private(set) var refusals = 0
    private(set) var admitted = 0
    private(set) var lastAt = Instant(nanoseconds: 0)
    private var log: [Instant] = []
    private var windowStart = Instant(nanoseconds: 0)
    private var used = 0
    private var tokens = 0.0
    private var tokensAt: Instant?
    private var ends: [Instant] = []
    private var staleCount: Int?
    private var chance: Seeded

    init(kind: Kind, word: Word, limit: Int, window: Timespan, pages: Int, slowest: Timespan, seed: UInt64) {
        (self.kind, self.word, self.limit, self.window, self.pages) = (kind, word, limit, window, pages)
        self.slowest = slowest
        chance = Seeded(seed: seed)
        tokens = Double(limit)
    }

    func answer(_ request: TransferRequest, _ sent: World.Sent) -> Reply {
        let now = sent.at
        lastAt = now
        let latency = Timespan.milliseconds(1) + Timespan(nanoseconds: chance.below(slowest.nanoseconds + 1))
        let (isAdmitted, remaining, reset) = take(now, latency)
        var fields = headers(isAdmitted, remaining, reset, now)
        guard isAdmitted else {
            refusals += 1
            if word == .onlyRefusals { fields.append(("Retry-After", "\(seconds(reset, up: true))")) }
            var reply = Reply.status(429, fields)
            reply.latency = latency
            return reply
        }
        admitted += 1
        let page = request.url.split(separator: "page=").last.flatMap { Int($0.prefix { $0.isNumber }) } ?? 1
        return .json(
            "{\"data\":[\(page)],\"more\":\(page < pages),\"pages\":\(pages)}", headers: fields, latency: latency)
    }

    private func take(_ now: Instant, _ latency: Timespan) -> (Bool, remaining: Int, reset: Timespan) {
        switch kind {
        case .fixed:
            let start = Instant(nanoseconds: now.nanoseconds / window.nanoseconds * window.nanoseconds)
            if start != windowStart { (windowStart, used) = (start, 0) }
            let reset = windowStart + window - now
            guard used < limit else { return (false, 0, reset) }
            used += 1
            return (true, limit - used, reset)
        case .sliding:
            log.removeAll { $0 + window <= now }
            guard log.count < limit, true else { return (false, 0, (log.first ?? now) + window - now) }
            log.append(now)
            let left = limit - log.count
            return (true, left, (left == 0 ? log[0] : now) + window - now)
        case .bucket:
            let rate = Double(limit) / Double(window.nanoseconds)
            if let tokensAt { tokens = min(Double(limit), tokens + Double((now - tokensAt).nanoseconds) * rate) }
            tokensAt = now
            let whole = { Timespan(nanoseconds: Int64((Double(self.limit) - self.tokens) / rate) + 1) }
            guard tokens >= 1 else { return (false, 0, Timespan(nanoseconds: Int64((1 - tokens) / rate) + 1)) }
            tokens -= 1
            return (true, Int(tokens), tokens < 1 ? Timespan(nanoseconds: Int64((1 - tokens) / rate) + 1) : whole())
        case .concurrent:
            ends.removeAll { $0 <= now }
            guard ends.count < limit else { return (false, 0, .seconds(1)) }
            ends.append(now + latency)
            return (true, limit - ends.count, .seconds(1))
        }
    }

    private func seconds(_ span: Timespan, up: Bool) -> Int64 {
        (span.nanoseconds + (up ? 999_999_999 : 0)) / 1_000_000_000
    }

    private func headers(_ isAdmitted: Bool, _ remaining: Int, _ reset: Timespan, _ now: Instant) -> [(String, String)]
    {
        let skew: Int64 = word == .skewed ? -86_400 * 3 : 0
        let wall = 1_700_000_000 + skew + now.nanoseconds / 1_000_000_000
        // What the server calls now and what it calls the reset are both whole seconds.
        let resetEpoch = wall + (now.nanoseconds % 1_000_000_000 + reset.nanoseconds + 999_999_999) / 1_000_000_000
        let date = ("Date", HTTPDateText.text(epoch: wall))
        func github(_ remaining: String, _ reset: String) -> [(String, String)] {
            [
                date, ("X-RateLimit-Limit", "\(limit)"), ("X-RateLimit-Remaining", remaining),
                ("X-RateLimit-Reset", reset),
            ]
        }
        switch word {
        case .epoch, .skewed: return github("\(remaining)", "\(resetEpoch)")
        case .delta: return github("\(remaining)", "\(seconds(reset, up: true))")
        case .ietf:
            return [
                date, ("RateLimit-Policy", "\"default\";q=\(limit);w=\(seconds(window, up: true))"),
                ("RateLimit", "\"default\";r=\(remaining);t=\(seconds(reset, up: true))"),
            ]
        case .onlyRefusals, .silent: return [date]
        case .stale:
            // Counted somewhere else, and told every now and then.
            if staleCount == nil || chance.once(in: 10) { staleCount = remaining }
            return github("\(isAdmitted ? staleCount ?? 0 : 0)", "\(seconds(reset, up: true))")
        case .absurd:
            let long = chance.once(in: 60) ? 64 << 10 : 64
            let counts = [
                "-5", "NaN", "99999999999999999999", "1e400", "", "0x10", "0", String(repeating: "9", count: long),
            ]
            let resets = [
                "99999999999999999999", "NaN", "-1", "Mon, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT",
                "0", "1", String(repeating: "x", count: long),
            ]
            var fields = github(chance.pick(counts, else: "NaN"), chance.pick(resets, else: "NaN"))
            if !isAdmitted { fields.append(("Retry-After", chance.pick(resets, else: "NaN"))) }
            return fields
        }
    }
}

/// The form that servers write.
enum HTTPDateText {
    static func text(epoch: Int64) -> String {
        let days = epoch / 86_400
        let rest = epoch % 86_400
        // Howard Hinnant's days to civil.
        let z = days + 719_468
        let era = z / 146_097
        let doe = z % 146_097
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100)
        let mp = (5 * doy + 2) / 153
        let day = doy - (153 * mp + 2) / 5 + 1
        let month = mp < 10 ? mp + 3 : mp - 9
        let year = yoe + era * 400 + (month <= 2 ? 1 : 0)
        let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        func two(_ n: Int64) -> String { n < 10 ? "0\(n)" : "\(n)" }
        return "\(weekdays[Int(days % 7)]), \(two(day)) \(names[Int(month) - 1]) \(year) "
            + "\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60)) GMT"
    }
}
