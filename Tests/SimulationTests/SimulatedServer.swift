import Engine
import EngineTestKit

/// An API with some number of records, one way of paging, and a bad temper. Everything comes from its seed.
final class SimulatedServer {
    enum Style: CaseIterable {
        case offset, page, pageFromZero, cursor, numberCursor, lastRecord, nextURL, link, bodyCursor, headerCursor,
            postPage
    }

    struct Temper {
        /// One in so many requests; 0 is never.
        var failures = 0
        var resets = 0
        var truncations = 0
        var throttles = 0
        var redirects = 0
        var latency: Timespan = .zero
    }

    let style: Style
    let total: Int
    /// What the server gives at most, whatever is asked for.
    let largestPage: Int
    let asked: Int?
    let saysTotal: Bool
    let saysMore: Bool
    let answers404BehindTheEnd: Bool
    let temper: Temper
    let method: String
    /// Requests that arrived and were (or may have been) carried out, by what they ask for.
    private(set) var carriedOut: [String: Int] = [:]
    private(set) var requests = 0
    private var chance: Seeded

    init(seed: UInt64, calm: Bool = false) {
        var chance = Seeded(seed: seed)
        style = chance.pick(Style.allCases, else: .page)
        total = chance.once(in: 6) ? chance.below(3) : chance.below(400)
        largestPage = 1 + chance.below(60)
        asked = chance.once(in: 4) ? nil : 1 + chance.below(90)
        saysTotal = chance.once(in: 3)
        saysMore = chance.once(in: 3)
        answers404BehindTheEnd = chance.once(in: 3)
        method = [.bodyCursor, .postPage].contains(style) ? "POST" : "GET"
        var temper = Temper()
        if !calm {
            temper.failures = chance.pick([0, 0, 3, 10, 40], else: 0)
            temper.resets = chance.pick([0, 0, 10, 40], else: 0)
            temper.truncations = chance.pick([0, 0, 15, 60], else: 0)
            temper.throttles = chance.pick([0, 0, 5, 30], else: 0)
            temper.redirects = chance.pick([0, 0, 20], else: 0)
            temper.latency = .milliseconds(chance.below(Int64(400)))
        }
        self.temper = temper
        self.chance = chance
    }

    var records: [String] { (0..<total).map { "{\"id\":\($0)}" } }

    func stream(idempotent: Bool) throws -> Stream {
        var stream = try Make.stream(plan(), records: style == .link ? "" : "data")
        stream.request.method = method
        if method == "POST" {
            stream.request.idempotent = idempotent
            stream.request.body = .json(.object([.init(name: "q", value: .string("all"))]))
        }
        if let asked {
            stream.paging.size = .init(slot: method == "POST" ? .json(["size"]) : .query("size"), value: Int64(asked))
        }
        if answers404BehindTheEnd { stream.paging.endStatuses = [404] }
        if saysTotal, style != .link { stream.paging.total = try Make.body("total") }
        if saysMore || style == .lastRecord, style != .link { stream.paging.hasMore = try Make.body("more") }
        return stream
    }

    private func plan() throws -> PagingPlan.Style {
        switch style {
        case .offset: Make.offset()
        case .page: Make.page()
        case .pageFromZero: Make.page(0)
        case .cursor, .numberCursor: try Make.cursor()
        case .lastRecord: .cursor(slot: .query("after"), from: .lastRecord(try JSONPath("id")))
        case .nextURL: try Make.nextURL()
        case .link: .nextURL(from: .link(relation: "next", attribute: nil))
        case .bodyCursor: try Make.cursor(into: .json(["cursor"]))
        case .headerCursor: .cursor(slot: .header("X-Cursor"), from: .header("X-Next"))
        case .postPage: .page(slot: .json(["page"]), start: 1)
        }
    }

    // MARK: answers

    func answer(_ request: TransferRequest) -> Reply {
        requests += 1
        let latency = Timespan(nanoseconds: chance.below(temper.latency.nanoseconds + 1))
        var reply = fault(request) ?? honest(request)
        reply.latency = latency
        return reply
    }

    private func happens(_ once: Int) -> Bool { once > 0 && chance.once(in: once) }

    private func fault(_ request: TransferRequest) -> Reply? {
        if happens(temper.throttles) {
            return .status(429, chance.once(in: 2) ? [("Retry-After", "\(chance.below(30))")] : [])
        }
        if happens(temper.resets), chance.once(in: 2) {
            return .failing(chance.pick([.resolve, .connect, .tls], else: .connect), reached: false)
        }
        if request.method == "GET", happens(temper.redirects), let url = try? WebURL(request.url) {
            return .status(307, [("Location", url.requestTarget)])
        }
        if chance.once(in: 2), happens(temper.failures) {
            // Refused before anything was done, by its own word.
            return .status(503, [("Retry-After", "\(1 + chance.below(20))")])
        }
        var key = request.method + " " + request.url + " " + String(decoding: request.body ?? [], as: UTF8.self)
        key += request.headers.first { $0.name == "X-Cursor" }?.value ?? ""
        carriedOut[key, default: 0] += 1
        if happens(temper.failures) { return .status(chance.pick([500, 502, 503, 504], else: 500)) }
        if happens(temper.resets) {
            return .failing(chance.pick([.closedBeforeResponse, .receiving, .idleTimeout], else: .receiving))
        }
        if happens(temper.truncations), case .response(let status, let headers, let body) = honest(request).outcome,
            body.count > 2
        {
            return Reply(
                .response(
                    status: status, headers: headers, body: Array(body.dropLast(1 + chance.below(body.count - 1)))))
        }
        return nil
    }

    private func honest(_ request: TransferRequest) -> Reply {
        guard let url = try? WebURL(request.url) else { return .status(400) }
        let body = String(decoding: request.body ?? [], as: UTF8.self)
        let size = min(largestPage, number(named: "size", in: url, body) ?? 20)
        let token = number(named: "cursor", in: url, body) ?? number(named: "after", in: url, body).map { $0 + 1 }
        let start: Int
        switch style {
        case .offset: start = number(named: "offset", in: url, body) ?? 0
        case .page, .postPage: start = ((number(named: "page", in: url, body) ?? 1) - 1) * size
        case .pageFromZero: start = (number(named: "page", in: url, body) ?? 0) * size
        case .headerCursor: start = request.headers.first { $0.name == "X-Cursor" }.flatMap { Int($0.value) } ?? 0
        default: start = token ?? 0
        }
        if start >= total, start > 0, answers404BehindTheEnd { return .status(404) }
        let end = max(min(start, total), min(total, start + size))
        let list = "[" + records[min(start, total)..<end].joined(separator: ",") + "]"
        let more = end < total
        var members = ["\"data\":\(list)"]
        if saysTotal { members.append("\"total\":\(total)") }
        if saysMore || style == .lastRecord { members.append("\"more\":\(more)") }
        var headers: [(String, String)] = []
        let target = "\(url.path)?cursor=\(end)&size=\(size)"
        switch style {
        case .cursor, .bodyCursor: members.append(more ? "\"next\":\"\(end)\"" : "\"next\":null")
        case .numberCursor: if more { members.append("\"next\":\(end)") }
        case .nextURL: members.append(more ? "\"next\":\"\(target)\"" : "\"next\":\"\"")
        case .headerCursor: if more { headers.append(("X-Next", "\(end)")) }
        case .link:
            if more { headers.append(("Link", "<\(target)>; rel=\"next\"")) }
            return .json(list, headers: headers)
        default: break
        }
        return .json("{\(members.joined(separator: ","))}", headers: headers)
    }

    private func number(named name: String, in url: WebURL, _ body: String) -> Int? {
        if let text = url.queryValue(name) { return Int(text) }
        guard let found = body.split(separator: "\"\(name)\":").dropFirst().first else { return nil }
        return Int(found.drop { $0 == "\"" }.prefix { $0.isNumber })
    }
}
