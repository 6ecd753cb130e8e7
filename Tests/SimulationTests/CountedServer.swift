import Engine
import EngineTestKit

/// An endpoint with numbered pages and the habits of real ones, all from a seed. What it answers depends on what is
/// asked and on how often that was asked before, never on when: so two walks of it can be compared.
struct CountedServer {
    enum Past: CaseIterable { case empty, notFound, badRequest, clamp, first }
    enum Word: CaseIterable { case nothing, total, totalOnce, totalShrinks, lastPage, totalPages, flag, linkLast }

    let isOffset: Bool
    let count: Int
    let asked: Int
    /// The most it gives, whatever is asked for.
    let cap: Int
    let start: Int
    let past: Past
    let word: Word
    /// Addresses at which nothing is shown: the server filters after it has cut its pages.
    let hidden: Range<Int>
    /// A page that comes half as long as it should be; what is missing follows.
    let short: Int?
    /// The page that never works.
    let broken: Int?
    /// The document says that 400 and 404 are the end.
    let saysEnd: Bool
    let faultsIn: Int
    let slowest: Int64
    private let seed: UInt64

    init(seed: UInt64) {
        var chance = Seeded(seed: seed)
        self.seed = seed
        isOffset = chance.once(in: 2)
        asked = 1 + chance.below(20)
        cap = chance.once(in: 4) ? 1 + chance.below(asked) : asked
        count = chance.once(in: 5) ? chance.below(3) * cap : chance.below(12 * cap)
        start = chance.once(in: 3) ? 0 : 1
        past = chance.pick(Past.allCases, else: .empty)
        word = chance.pick(Word.allCases, else: .nothing)
        let pages = max(1, count / cap)
        if chance.once(in: 4) {
            let first = chance.below(pages) * cap + chance.below(cap)
            hidden = first..<(first + 1 + chance.below(2 * cap))
        } else {
            hidden = 0..<0
        }
        short = chance.once(in: 5) ? chance.below(pages) * cap : nil
        broken = chance.once(in: 6) ? chance.below(pages + 2) : nil
        faultsIn = chance.once(in: 2) ? 0 : 3
        saysEnd = chance.once(in: 2)
        slowest = [1, 50, 5000][chance.below(3)]
    }

    func stream(parallel: Int64, order: Engine.Stream.Order = .pages, readAhead: Int64? = nil) throws -> Engine.Stream {
        var stream = try Make.stream(isOffset ? Make.offset() : Make.page(Int64(start)))
        stream.paging.size = .init(slot: .query("limit"), value: Int64(asked))
        switch word {
        case .nothing, .linkLast: break
        case .total, .totalOnce, .totalShrinks: stream.paging.total = try Make.body("total")
        case .lastPage: if !isOffset { stream.paging.lastPage = try Make.body("last") }
        case .totalPages: if !isOffset { stream.paging.totalPages = try Make.body("pages") }
        case .flag: stream.paging.hasMore = try Make.body("more")
        }
        if saysEnd { stream.paging.endStatuses = [400, 404] }
        stream.parallel = parallel
        stream.order = order
        stream.readAheadPages = readAhead
        return stream
    }

    /// - Parameter attempt: how often the same was asked before.
    func answer(_ target: String, attempt: Int) -> Reply {
        var chance = Seeded(seed: seed ^ UInt64(bitPattern: Int64(attempt)))
        for byte in target.utf8 { chance = Seeded(seed: chance.next() ^ UInt64(byte)) }
        var reply = answer(target, attempt: attempt, &chance)
        reply.latency = Timespan.milliseconds(1 + chance.below(slowest))
        return reply
    }

    private func answer(_ target: String, attempt: Int, _ chance: inout Seeded) -> Reply {
        let counter = number("offset", in: target) ?? number("page", in: target) ?? 0
        var address = isOffset ? counter : (counter - start) * cap
        let isBroken = broken.map { $0 * cap == address } ?? false
        if isBroken { return .status(attempt % 2 == 0 ? 503 : 500) }
        // Never so often that the attempts are used up.
        if faultsIn > 0, attempt < 3, chance.once(in: faultsIn) { return fault(&chance) }
        if address >= count {
            switch past {
            case .empty: break
            case .notFound: return .status(404)
            case .badRequest: return .status(400, body: "page out of range")
            case .clamp: address = max(0, (count - 1) / cap * cap)
            case .first: address = 0
            }
        }
        let isShort = short == address
        let shown = (address..<(address + (isShort ? max(1, cap / 2) : cap))).filter {
            $0 < count && !hidden.contains($0)
        }
        let body = "{\"data\":[\(shown.map(String.init).joined(separator: ","))]\(words(address))}"
        let link = "</v1/things?limit=\(asked)&\(isOffset ? "offset" : "page")=\(lastCounter)>; rel=\"last\""
        return .json(body, headers: word == .linkLast ? [("Link", link)] : [])
    }

    private var lastCounter: Int { isOffset ? max(0, count - 1) / cap * cap : start + max(0, count - 1) / cap }

    private func words(_ address: Int) -> String {
        switch word {
        case .total: ",\"total\":\(count)"
        case .totalOnce: address == 0 ? ",\"total\":\(count)" : ""
        case .totalShrinks: ",\"total\":\(max(0, count - address / cap))"
        case .lastPage: ",\"last\":\(start + max(0, count - 1) / cap)"
        case .totalPages: ",\"pages\":\((count + cap - 1) / cap)"
        case .flag: ",\"more\":\(address + cap < count)"
        case .nothing, .linkLast: ""
        }
    }

    private func fault(_ chance: inout Seeded) -> Reply {
        switch chance.below(6) {
        case 0: .status(500)
        case 1: .status(429, [("Retry-After", "1")])
        case 2: .failing(.truncated)
        case 3: .failing(.connect, reached: false)
        case 4: .failing(.firstByteTimeout)
        default: .status(503)
        }
    }

    private func number(_ name: String, in target: String) -> Int? {
        guard let query = target.split(separator: "?").last else { return nil }
        for pair in query.split(separator: "&") where pair.hasPrefix(name + "=") {
            return Int(pair.dropFirst(name.count + 1))
        }
        return nil
    }
}
