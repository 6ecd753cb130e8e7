import Engine
import EngineTestKit

/// An endpoint whose responses tell of the next page in their heads. What it answers depends on what is asked and on
/// how often that was asked before, never on when.
struct LinkedServer {
    let pages: Int
    let isLink: Bool
    /// The page that never works.
    let broken: Int?
    /// The page that leads back to this one.
    let circle: (from: Int, to: Int)?
    let faultsIn: Int
    let slowest: Int64
    private let seed: UInt64

    init(seed: UInt64) {
        var chance = Seeded(seed: seed)
        self.seed = seed
        pages = 1 + chance.below(15)
        isLink = chance.once(in: 2)
        broken = chance.once(in: 6) ? chance.below(pages) : nil
        circle = chance.once(in: 6) ? (chance.below(pages), chance.below(pages)) : nil
        faultsIn = chance.once(in: 3) ? 0 : 3
        slowest = [1, 50, 5000][chance.below(3)]
    }

    func stream(readAhead: Int64) throws -> Engine.Stream {
        var stream = try Make.stream(
            isLink
                ? .nextURL(from: .link(relation: "next", attribute: nil))
                : .cursor(slot: .query("c"), from: .header("X-Next")))
        stream.readAheadPages = readAhead
        return stream
    }

    /// - Parameter attempt: how often the same was asked before.
    func answer(_ target: String, attempt: Int) -> Reply {
        var chance = Seeded(seed: seed ^ UInt64(bitPattern: Int64(attempt)))
        for byte in target.utf8 { chance = Seeded(seed: chance.next() ^ UInt64(byte)) }
        let page = target.split(separator: "=").dropFirst().first.flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
        var next = page + 1 < pages ? page + 1 : nil
        if let circle, circle.from == page { next = circle.to }
        // What the walk comes to by a wrong head leads nowhere.
        if target.hasSuffix("astray=1") { next = nil }
        let fields = next.map { [("Link", "</v1/things?c=\($0)>; rel=next"), ("X-Next", String($0))] } ?? []
        var reply = Reply.json("{\"data\":[\(page * 2),\(page * 2 + 1)]}", headers: fields)
        if broken == page {
            reply = .status(503)
        } else if faultsIn > 0, attempt < 2, chance.once(in: faultsIn) {
            reply = fault(fields, page, &chance)
        }
        reply.latency = .milliseconds(2 + chance.below(slowest))
        // Now and then all of it comes at once.
        if !chance.once(in: 4) { reply.headLatency = .milliseconds(chance.below(reply.latency.milliseconds)) }
        return reply
    }

    private func fault(_ fields: [(String, String)], _ page: Int, _ chance: inout Seeded) -> Reply {
        switch chance.below(6) {
        case 0: return .status(500)
        case 1: return .status(429, [("Retry-After", "1")])
        case 2: return .json("{\"data\":[\(page * 2)", headers: fields)
        case 3: return .failing(.firstByteTimeout)
        case 4:
            var reply = Reply.failing(.truncated)
            reply.headFields = fields
            return reply
        default:
            // The head tells of a page that the whole response does not lead to.
            var reply = Reply.failing(.receiving)
            reply.headFields = [("Link", "</v1/things?c=\(page + 1)&astray=1>; rel=next"), ("X-Next", "9\(page)")]
            return reply
        }
    }
}
