import EngineTestKit
import Testing

@testable import Engine

/// A search that gives the first `cap` records of its result, in the order of `t`, and no more.
struct CappedSearch {
    enum Beyond: CaseIterable { case refuses, isEmpty, saysEnd }
    /// In the order in which they are given.
    var rows: [(id: Int, t: Int)]
    var cap: Int
    var beyond = Beyond.refuses
    var isFalling = false
    var isInclusive = true
    /// The parameter that moves the window; nil: the server knows none.
    var bound: String? = "from"

    func answer(_ target: String) -> Reply {
        var found = rows
        if let bound, let value = number(bound, target) {
            found = found.filter {
                $0.t == value ? isInclusive : isFalling ? $0.t < value : $0.t > value
            }
        }
        let size = number("limit", target) ?? 10
        let start = number("offset", target) ?? number("cursor", target) ?? ((number("page", target) ?? 1) - 1) * size
        if start >= cap, beyond == .refuses { return .status(422, body: "only the first \(cap)") }
        let end = min(start + size, found.count, cap)
        let shown = start < end ? found[start..<end].map { "{\"id\":\($0.id),\"t\":\($0.t)}" } : []
        let isMore = beyond == .saysEnd ? end < min(found.count, cap) : end < found.count
        let link = "?limit=\(size)&offset=\(end)&from=\(number("from", target) ?? 0)"
        let more = isMore ? ",\"next\":\"\(end)\",\"link\":\"\(link)\"" : ""
        return .json("{\"d\":[\(shown.joined(separator: ","))],\"total\":\(found.count)\(more)}")
    }

    func number(_ name: String, _ target: String) -> Int? {
        (try? WebURL("http://x\(target)"))?.queryValue(name).flatMap { Int($0) }
    }

    func walk(_ pagination: String, key: String = #""key": "id", "#, more: String = "") throws -> World {
        let parsed = try source(
            "\"streams\": {\"s\": {\"path\": \"/s\", \"records\": \"d\", \(key)\(more)\"pagination\": \(pagination)}}")
        let world = World { request, _ in
            guard let url = try? WebURL(request.url) else { return .status(400) }
            return answer(url.requestTarget)
        }
        world.add(parsed)
        world.open(try #require(parsed.streams.first))
        world.run()
        return world
    }

    static func rising(_ count: Int, every: Int = 1) -> [(id: Int, t: Int)] {
        (0..<count).map { ($0, 100 + $0 / every) }
    }
    static func ids(_ world: World) -> [Int] {
        world.records.compactMap { Int($0.dropFirst(6).prefix { $0 != "," }) }
    }
}

@Suite struct RestartTests {
    static let restart = #""restart": {"after_records": 20, "from": {"last_record": "t"}, "param": "from"}"#
    static let styles = [
        #"{"type": "offset", "size": 5, \#(restart)}"#,
        #"{"type": "page", "size": {"param": "limit", "value": 5}, \#(restart)}"#,
        #"{"type": "page", "size": {"param": "limit", "value": 5}, "total": "total", \#(restart)}"#,
        #"{"type": "cursor", "from": "next", "size": 5, \#(restart)}"#,
        #"{"type": "next_url", "from": "link", "size": {"param": "limit", "value": 5}, \#(restart)}"#,
    ]

    @Test(arguments: styles, CappedSearch.Beyond.allCases)
    func everyRecordComesOnceBehindAnyCap(_ pagination: String, _ beyond: CappedSearch.Beyond) throws {
        for (count, every) in [(0, 1), (3, 1), (19, 1), (20, 1), (21, 3), (47, 1), (61, 4), (100, 5)] {
            let server = CappedSearch(rows: CappedSearch.rising(count, every: every), cap: 20, beyond: beyond)
            let world = try server.walk(pagination)
            #expect(world.succeeded, "\(count) \(world.failure?.message ?? "")")
            #expect(CappedSearch.ids(world) == Array(0..<count))
            #expect(!world.warnings.contains { $0.hasPrefix("restart") }, "\(world.warnings)")
            #expect(world.pages.last?.facts.hasMore == false)
            #expect(world.pages.dropLast().allSatisfy { $0.facts.hasMore == true })
        }
    }

    @Test func startsWhereAFullPageWouldReachBeyond() throws {
        // 3 pages of 6: a fourth one would reach beyond 20, and some servers refuse that.
        let server = CappedSearch(rows: CappedSearch.rising(40), cap: 18)
        let world = try server.walk(#"{"type": "offset", "size": 6, \#(Self.restart)}"#)
        #expect(world.succeeded)
        #expect(CappedSearch.ids(world) == Array(0..<40))
        #expect(
            world.targets.prefix(5).map { $0.split(separator: "?")[1] } == [
                "limit=6&offset=0", "limit=6&offset=6", "limit=6&offset=12", "limit=6&from=117&offset=0",
                "limit=6&from=117&offset=6",
            ])
    }

    @Test func pagesCanBeCountedInstead() throws {
        let server = CappedSearch(rows: CappedSearch.rising(47), cap: 15)
        let world = try server.walk(
            #"{"type": "page", "size": {"param": "limit", "value": 5}, "restart": {"after_pages": 3, "from": {"last_record": "t"}, "param": "from"}}"#
        )
        #expect(world.succeeded)
        #expect(CappedSearch.ids(world) == Array(0..<47))
    }

    @Test func fallingValuesGoDown() throws {
        let rows = CappedSearch.rising(50, every: 3).reversed().map { $0 }
        let server = CappedSearch(rows: rows, cap: 20, isFalling: true, bound: "to")
        let world = try server.walk(
            #"{"type": "offset", "size": 5, "restart": {"after_records": 20, "from": {"last_record": "t"}, "param": "to"}}"#
        )
        #expect(world.succeeded)
        #expect(CappedSearch.ids(world) == Array((0..<50).reversed()))
    }

    @Test func aPageTellsWhereTheWalkStands() throws {
        let server = CappedSearch(rows: CappedSearch.rising(30), cap: 20)
        let world = try server.walk(#"{"type": "cursor", "from": "next", "size": 10, \#(Self.restart)}"#)
        #expect(world.pages.map(\.facts.hasMore) == [true, true, true, false])
        // A page one has no token.
        #expect(world.pages.map(\.facts.nextToken) == ["10", nil, "10", nil])
        #expect(world.pages.map(\.facts.index) == [0, 1, 2, 3])
        #expect(world.pages.map(\.facts.total) == [30, 30, 30, 30])
        let told = try world.pages.map { try json($0.facts.metadata)["restart"] }
        #expect(
            try told == [
                nil, json(#"{"number": 0, "next": "119"}"#),
                json(#"{"number": 1, "value": "119"}"#), json(#"{"number": 1, "value": "119"}"#),
            ])
        #expect(world.pages.map(\.facts.duplicates) == [0, 0, 1, 0])
    }

    @Test func fieldsOfTheFirstPageGoOutAgain() throws {
        let server = CappedSearch(rows: CappedSearch.rising(25), cap: 20)
        let world = try server.walk(
            #"{"type": "offset", "size": 10, \#(Self.restart)}"#,
            more:
                #""query": {"a": {"value": "1", "when": "first_page"}, "b": {"value": "{page.index}", "when": "next_pages"}}, "#
        )
        #expect(
            world.targets.map { $0.split(separator: "?")[1] } == [
                "limit=10&a=1&offset=0", "limit=10&b=1&offset=10", "limit=10&from=119&a=1&offset=0",
            ])
    }

    @Test func theValueMayStandInTexts() throws {
        let server = CappedSearch(rows: CappedSearch.rising(45), cap: 20, bound: nil)
        let stands = try source(
            #"""
            "streams": {"s": {"path": "/s", "method": "POST", "records": "d", "key": "id",
              "json": {"filters": [{"op": "GTE", "value": "{page.restart}"}], "q": "t>={page.restart}", "at": "{page.token}"},
              "pagination": {"type": "offset", "size": {"param": "limit", "value": 5}, "restart":
                {"after_records": 20, "from": {"last_record": "t"}, "start": 0}}}}
            """#)
        var bodies: [String] = []
        let world = World { request, _ in
            let body = String(decoding: request.body ?? [], as: UTF8.self)
            bodies.append(body)
            guard let value = try? json(body), let from = value["filters"]?.array?.first?["value"]?.int,
                let offset = value["at"]?.int
            else { return .status(400, body: body) }
            var server = server
            server.rows = server.rows.filter { $0.t >= from }
            return server.answer("/s?limit=5&offset=\(offset)")
        }
        world.add(stands)
        world.open(try #require(stands.streams.first))
        world.run()
        #expect(world.succeeded, "\(world.failure?.message ?? "") \(bodies)")
        #expect(CappedSearch.ids(world) == Array(0..<45))
        #expect(bodies.first == #"{"filters":[{"op":"GTE","value":0}],"q":"t>=0","at":0}"#)
        #expect(bodies.last == #"{"filters":[{"op":"GTE","value":138}],"q":"t>=138","at":5}"#)
    }

    @Test func uniqueValuesNeedNoKey() throws {
        let server = CappedSearch(rows: CappedSearch.rising(45), cap: 20, isInclusive: false)
        let world = try server.walk(
            #"{"type": "offset", "size": 5, "restart": {"after_records": 20, "from": {"last_record": "t"}, "param": "from", "inclusive": false}}"#,
            key: "")
        #expect(world.succeeded)
        #expect(CappedSearch.ids(world) == Array(0..<45))
        #expect(world.warnings.isEmpty)
    }

    // MARK: what cannot go on

    @Test(arguments: styles)
    func aValueThatDoesNotChangeIsAnError(_ pagination: String) throws {
        let server = CappedSearch(rows: CappedSearch.rising(90, every: 30), cap: 20)
        let world = try server.walk(pagination)
        #expect(world.failure?.code == .data)
        let message = world.failure?.message ?? ""
        #expect(
            message
                == "stream \"s\", page 7: restart (/streams/s/pagination/restart): the last of 20 records still has the value \"100\" that they were asked for from, so the walk can't get past it"
        )
        #expect(world.failure?.pointer == "/streams/s/pagination/restart")
    }

    @Test func aServerThatKnowsNoSuchParameterIsFoundOut() throws {
        let server = CappedSearch(rows: CappedSearch.rising(90), cap: 20, bound: nil)
        let world = try server.walk(Self.styles[0])
        #expect(world.failure?.message.contains("still has the value \"119\"") == true)
        // All of the second round came before.
        #expect(CappedSearch.ids(world).count == 15 + 5)
    }

    @Test func recordsInNoOrderAreFoundOut() throws {
        var rows = CappedSearch.rising(90)
        rows.shuffle()
        let server = CappedSearch(rows: rows, cap: 20)
        let world = try server.walk(Self.styles[0])
        #expect(world.failure != nil || !world.warnings.isEmpty)
        #expect(world.sent.count < 200)
    }

    @Test func aValueThatComesBackIsAnError() throws {
        var page = 0
        let parsed = try source(
            #""streams": {"s": {"path": "/s", "records": "d", "pagination": {"type": "offset", "size": 2, "restart": {"after_records": 2, "from": {"last_record": "t"}, "param": "from", "inclusive": false}}}}"#
        )
        let world = World { _, _ in
            page += 1
            return .json("{\"d\":[{\"t\":\"\(page)\"},{\"t\":\"\(["a", "b"][page % 2])\"}]}")
        }
        world.add(parsed)
        world.open(try #require(parsed.streams.first))
        world.run()
        #expect(
            world.failure?.message.contains(
                "the walk started from the value \"b\" before: are the records in the order of that value?") == true)
        #expect(world.sent.count == 3)
    }

    @Test(arguments: [
        (#"{"id":1}"#, "is not there, not a text or number"), (#"{"id":1,"t":null}"#, "is null"),
        (#"{"id":1,"t":[1]}"#, "is a list"), (#"{"id":1,"t":""}"#, "is \"\""),
    ])
    func aRecordWithoutTheValueIsAnError(_ record: String, _ part: String) throws {
        let parsed = try source(
            #""streams": {"s": {"path": "/s", "records": "d", "key": "id", "pagination": {"type": "offset", "size": 2, "restart": {"after_pages": 1, "from": {"last_record": "t"}, "param": "from"}}}}"#
        )
        let world = try World.walk(
            #require(parsed.streams.first), source: parsed, [.json("{\"d\":[{\"id\":0,\"t\":1},\(record)]}")])
        #expect(world.failure?.code == .data)
        #expect(world.failure?.message.contains(part) == true, "\(world.failure?.message ?? "")")
    }

    @Test func aSeamWithoutItsRecordIsTold() throws {
        let server = CappedSearch(rows: CappedSearch.rising(30, every: 3), cap: 20, isInclusive: false)
        let world = try server.walk(Self.styles[0])
        #expect(world.succeeded)
        #expect(world.warnings.contains { $0.hasPrefix("restart: no record came again with the value \"106\"") })
    }

    @Test func boundsEndTheWalkAsEver() throws {
        let server = CappedSearch(rows: CappedSearch.rising(90), cap: 20)
        let pages = try server.walk(Self.styles[0], more: #""max_pages": 6, "#)
        #expect(pages.pages.count == 6 && pages.succeeded)
        let records = try server.walk(Self.styles[0], more: #""max_records": 20, "#)
        #expect(CappedSearch.ids(records).count == 20 && records.sent.count == 4)
        #expect(records.pages.last?.facts.hasMore == false)
    }

    @Test func whatIsMissingIsCountedOverAllRounds() throws {
        // Two records go away between the rounds.
        var server = CappedSearch(rows: CappedSearch.rising(40), cap: 20)
        let parsed = try source(
            "\"streams\": {\"s\": {\"path\": \"/s\", \"records\": \"d\", \"key\": \"id\", \"pagination\": \(Self.styles[2])}}"
        )
        let world = World { request, _ in
            guard let url = try? WebURL(request.url) else { return .status(400) }
            if server.number("from", url.requestTarget) != nil { server.rows.removeAll { $0.id == 30 || $0.id == 31 } }
            return server.answer(url.requestTarget)
        }
        world.add(parsed)
        world.open(try #require(parsed.streams.first))
        world.run()
        #expect(world.succeeded)
        #expect(world.pages.last?.facts.missing == 2)
    }

    // MARK: seeds

    @Test func anySearchIsReadWhole() throws {
        for seed in 0..<300 as Range<UInt64> {
            var chance = Seeded(seed: seed)
            let size = 1 + chance.below(7)
            let cap = size * (2 + chance.below(6))
            // Fewer with the same value than are given at once, or the walk could not get past them.
            let most = max(1, cap / 2 - 1)
            var rows: [(id: Int, t: Int)] = []
            var time = 0
            while rows.count < chance.below(40 * size) + 1 {
                time += 1
                for _ in 0..<(1 + chance.below(most)) { rows.append((rows.count, time)) }
            }
            let isFalling = chance.once(in: 2)
            if isFalling { rows.reverse() }
            let server = CappedSearch(
                rows: rows, cap: cap, beyond: chance.pick(CappedSearch.Beyond.allCases, else: .refuses),
                isFalling: isFalling)
            let depth = chance.once(in: 2) ? "\"after_records\": \(cap)" : "\"after_pages\": \(cap / size)"
            let style = chance.pick(
                [
                    "\"type\": \"offset\"", "\"type\": \"page\"", "\"type\": \"cursor\", \"from\": \"next\"",
                    "\"type\": \"page\", \"total\": \"total\"",
                ], else: "")
            let world = try server.walk(
                "{\(style), \"size\": {\"param\": \"limit\", \"value\": \(size)}, \"restart\": {\(depth), \"from\": {\"last_record\": \"t\"}, \"param\": \"from\"}}"
            )
            #expect(world.succeeded, "seed \(seed): \(world.failure?.message ?? "")")
            #expect(CappedSearch.ids(world) == rows.map(\.id), "seed \(seed)")
            #expect(!world.warnings.contains { $0.hasPrefix("restart") }, "seed \(seed): \(world.warnings)")
        }
    }

    // MARK: documents

    @Test(arguments: [
        (#""after_records": 10, "from": "x""#, "goes nowhere"),
        (#""after_records": 10, "param": "a""#, "from"),
        (#""from": "x", "param": "a""#, "after_records"),
        (#""after_records": 10, "from": {"value": 1}, "param": "a""#, "leads nowhere"),
        (#""after_records": 4, "from": "x", "param": "a""#, "a page has 5 records already"),
        (#""after_records": 10, "from": "x", "slot": {"in": "url"}"#, "can't go there"),
        (#""after_records": 10, "from": "x", "param": "offset""#, "both go into"),
        (#""after_records": 10, "from": "x", "slot": {"in": "json", "name": "a"}"#, "no body"),
        (#""after_records": 10, "from": "x", "param": "a", "then": 1"#, "then"),
    ])
    func whatCanNotWorkIsRefused(_ members: String, _ part: String) throws {
        let failure = try failure {
            try stream(#""key": "id", "pagination": {"type": "offset", "size": 5, "restart": {\#(members)}}"#)
        }
        #expect(failure?.code == .config)
        #expect(failure?.message.contains(part) == true, "\(failure?.message ?? "none")")
        #expect(failure?.pointer?.hasPrefix("/streams/s/pagination") == true)
    }

    @Test(arguments: [
        ("", "needs a \"key\""), (#""key": "id", "duplicates": "keep", "#, "are kept"),
        (#""key": "id", "parallel": 2, "#, "one at a time"),
        (#""key": "id", "query": {"a": "t>{page.restart}"}, "#, "say \"start\""),
    ])
    func whatDoesNotGoWithItIsRefused(_ members: String, _ part: String) throws {
        let failure = try failure {
            try stream(
                #"\#(members)"pagination": {"type": "offset", "size": 5, "restart": {"after_records": 10, "from": "x", "param": "b"}}"#
            )
        }
        #expect(failure?.message.contains(part) == true, "\(failure?.message ?? "none")")
        #expect(failure.map { $0.pointer?.hasPrefix("/streams/s/") == true } == true)
    }

    @Test func placesNeedARestart() throws {
        let failure = try failure {
            try stream(#""query": {"a": "{page.restart}"}, "pagination": "offset""#)
        }
        #expect(failure?.message.contains("the pagination has no \"restart\"") == true)
    }
}
