import EngineTestKit
import Testing

@testable import Engine

/// A walk that is taken up again behind any of its pages gives what the undisturbed walk gives behind it.
@Suite struct CheckpointTests {
    /// Rows 0..<count by whatever the stream asks with.
    struct Rows {
        var count = 23
        var size = 5
        var extra = ""

        func reply(_ request: TransferRequest) -> Reply {
            guard let url = try? WebURL(request.url) else { return .status(400) }
            let size = min(Int(url.queryValue("limit") ?? "") ?? size, size)
            var start = 0
            if let page = url.queryValue("page").flatMap({ Int($0) }) { start = (page - 1) * size }
            if let offset = url.queryValue("offset").flatMap({ Int($0) }) { start = offset }
            if let cursor = url.queryValue("cursor") { start = Int(cursor.dropFirst()) ?? 0 }
            if let after = url.queryValue("after").flatMap({ Int($0) }) { start = after + 1 }
            let rows = start < count ? (start..<min(count, start + size)).map { "{\"id\":\($0)}" } : []
            let next = start + size
            let more = next < count
            var members = "\"data\":[\(rows.joined(separator: ","))],\"more\":\(more)"
            members +=
                more
                ? ",\"next_cursor\":\"c\(next)\",\"next\":\"/v1/rows?offset=\(next)\""
                : ",\"next_cursor\":null,\"next\":null"
            if extra == "total" { members += ",\"total\":\(count)" }
            let link = more && extra == "link" ? [("Link", "</v1/rows?page=\(start / size + 2)>; rel=\"next\"")] : []
            return .json("{\(members)}", headers: link, latency: .milliseconds(Int64(10 + start % 7)))
        }
    }

    static func world(_ document: String, _ rows: Rows, options: String = "") throws -> World {
        let source = try source("\"streams\": {\"rows\": {\"path\": \"/rows\", \(document)}}")
        return try walked("rows", of: source, options, in: World { request, _ in rows.reply(request) })
    }

    /// A stream with some options, to its end.
    static func walked(_ name: String, of source: Source, _ options: String, in world: World) throws -> World {
        world.add(source)
        world.open(
            try Stream.parse(
                options: json("{\"stream\": \"\(name)\"\(options)}"), source: source, references: FakeReferences()))
        world.run()
        return world
    }

    static func option(_ checkpoint: String) -> String {
        var writer = JSONWriter()
        writer.string(checkpoint)
        return ", \"checkpoint\": \(writer.text)"
    }

    static func texts(_ world: World) -> [String] { world.pages.map { $0.facts.checkpoint?.text ?? "" } }

    static let styles: [(String, Rows)] = [
        (
            "\"records\": \"data\", \"pagination\": {\"type\": \"cursor\", \"param\": \"cursor\", \"from\": \"next_cursor\"}",
            Rows()
        ),
        (
            "\"records\": \"data\", \"pagination\": {\"type\": \"cursor\", \"param\": \"after\", \"from\": {\"last_record\": \"id\"}, \"has_more\": \"more\"}",
            Rows()
        ),
        (
            "\"records\": \"data\", \"pagination\": {\"type\": \"offset\", \"param\": \"offset\", \"size\": {\"param\": \"limit\", \"value\": 5}}",
            Rows()
        ),
        // The server has its own, smaller page size.
        ("\"records\": \"data\", \"pagination\": {\"type\": \"offset\", \"param\": \"offset\", \"size\": 50}", Rows()),
        (
            "\"records\": \"data\", \"pagination\": {\"type\": \"page\", \"param\": \"page\", \"size\": 5}",
            Rows(count: 25)
        ),
        ("\"records\": \"data\", \"pagination\": {\"type\": \"next_url\", \"from\": \"next\"}", Rows()),
        (
            "\"records\": \"data\", \"pagination\": {\"type\": \"offset\", \"param\": \"offset\", \"size\": 5, \"total\": \"total\"}, \"parallel\": 3",
            Rows(extra: "total")
        ),
        ("\"key\": \"id\"", Rows()),
        ("\"key\": \"id\"", Rows(extra: "link")),
        (
            "\"records\": \"data\", \"pagination\": {\"type\": \"cursor\", \"param\": \"cursor\", \"from\": \"next_cursor\"}, \"query\": {\"seen\": \"{page.received}\", \"last\": \"{last_record.id}\"}",
            Rows()
        ),
        ("\"records\": \"data\", \"pagination\": \"none\"", Rows()),
    ]

    @Test(arguments: styles.indices) func everyPageCanBeTheLastOfARun(_ index: Int) throws {
        let (document, rows) = Self.styles[index]
        let whole = try Self.world(document, rows)
        #expect(whole.succeeded, "\(String(describing: whole.failure)) \(whole.violations)")
        #expect(whole.records.count == rows.count || document.contains("none"))
        for (place, text) in Self.texts(whole).enumerated() {
            let rest = try Self.world(document, rows, options: Self.option(text))
            #expect(rest.succeeded, "\(text): \(String(describing: rest.failure)) \(rest.violations)")
            #expect(rest.records == whole.pages[(place + 1)...].flatMap(\.records), "\(text)")
            #expect(
                rest.targets == Array(whole.targets[min(place + 1, whole.targets.count)...])
                    || document.contains("parallel"))
            #expect(rest.pages.first.map { $0.facts.index == place + 1 } ?? true)
            // As if nothing had happened: the same texts.
            #expect(Self.texts(rest) == Array(Self.texts(whole)[(place + 1)...]))
        }
    }

    @Test func aWalkAtItsEndAsksForNothing() throws {
        let (document, rows) = Self.styles[0]
        let whole = try Self.world(document, rows)
        let last = try #require(whole.pages.last?.facts.checkpoint)
        #expect(last.isEnd && last.records == 23)
        let rest = try Self.world(document, rows, options: Self.option(last.text))
        #expect(rest.succeeded && rest.sent.isEmpty && rest.pages.isEmpty)
    }

    @Test func aBoundIsNoEnd() throws {
        let (document, rows) = Self.styles[2]
        let first = try Self.world(document, rows, options: ", \"max_pages\": 2")
        let text = try #require(Self.texts(first).last)
        #expect(try Self.world(document, rows, options: Self.option(text) + ", \"max_pages\": 2").sent.isEmpty)
        let rest = try Self.world(document, rows, options: Self.option(text) + ", \"max_pages\": 4")
        #expect(rest.pages.map(\.facts.index) == [2, 3])
        #expect(rest.records.first == "{\"id\":10}")
        // Records of its last page were left behind: nobody could go on without losing them.
        let cut = try Self.world(document, rows, options: ", \"max_records\": 7")
        #expect(cut.pages.last?.facts.checkpoint?.isEnd == true)
    }

    @Test func aServerThatRepeatsItsShortFirstPageIsSeenThroughAfterwards() throws {
        let document = "\"records\": \"data\", \"pagination\": {\"type\": \"page\", \"param\": \"p\", \"size\": 50}"
        let source = try source("\"streams\": {\"rows\": {\"path\": \"/rows\", \(document)}}")
        func walk(_ option: String) throws -> World {
            let world = World { _, _ in .json("{\"data\":[{\"id\":1},{\"id\":2},{\"id\":3}]}") }
            return try Self.walked("rows", of: source, option, in: world)
        }
        let whole = try walk("")
        #expect(whole.succeeded && whole.sent.count == 2 && whole.records.count == 3)
        let rest = try walk(Self.option(Self.texts(whole)[0]))
        #expect(rest.succeeded && rest.records.isEmpty && rest.sent.count == 1)
    }

    @Test func pagesInAnyOrderComeOnceEach() throws {
        let document =
            "\"records\": \"data\", \"pagination\": {\"type\": \"offset\", \"param\": \"offset\", \"size\": {\"param\": \"limit\", \"value\": 5}}, \"parallel\": 4, \"order\": \"any\""
        let rows = Rows(count: 103)
        let whole = try Self.world(document, rows)
        #expect(whole.succeeded && whole.pages.map(\.facts.index) != Array(0..<21))
        for (place, text) in Self.texts(whole).enumerated() {
            let rest = try Self.world(document, rows, options: Self.option(text))
            #expect(rest.succeeded, "\(text): \(String(describing: rest.failure)) \(rest.violations)")
            let all = whole.pages[...place].flatMap(\.records) + rest.records
            #expect(all.count == 103 && Set(all).count == 103, "\(text)")
            #expect(rest.heldBodies == 0)
        }
    }

    @Test func aWalkThatStartsAgainGoesOnInItsRound() throws {
        var search = CappedSearch(rows: CappedSearch.rising(95), cap: 30)
        search.isInclusive = false
        let parsed = try source(
            "\"streams\": {\"s\": {\"path\": \"/s\", \"records\": \"d\", \"pagination\": {\"type\": \"page\", \"size\": 10, "
                + "\"restart\": {\"after_records\": 30, \"from\": {\"last_record\": \"t\"}, \"param\": \"from\", \"inclusive\": false}}}}"
        )
        func walk(_ option: String) throws -> World {
            let world = World { request, _ in search.answer((try? WebURL(request.url).requestTarget) ?? "") }
            return try Self.walked("s", of: parsed, option, in: world)
        }
        let whole = try walk("")
        #expect(whole.succeeded && whole.records.count == 95, "\(String(describing: whole.failure))")
        for (place, text) in Self.texts(whole).enumerated() {
            let rest = try walk(Self.option(text))
            #expect(rest.succeeded, "\(text): \(String(describing: rest.failure))")
            #expect(rest.records == whole.pages[(place + 1)...].flatMap(\.records), "\(text)")
        }
    }

    // MARK: fan-out

    private func fan(
        _ name: String, _ server: OverServer, _ source: Source, _ checkpoint: String? = nil
    ) throws -> World {
        try Self.walked(name, of: source, checkpoint.map(Self.option) ?? "", in: server.world())
    }

    @Test(arguments: [
        "", ", \"at_once\": 1", ", \"order\": \"any\"", ", \"on_error\": \"skip\"",
    ]) func walksOverParentsGoOnWithinThem(_ more: String) throws {
        let server = OverServer(users: 7, posts: { [3, 0, 5, 1, 2, 0, 4][$0] })
        let source = try OverServer.source(OverServer.users, OverServer.posts(more))
        let whole = try fan("posts", server, source)
        #expect(whole.succeeded, "\(String(describing: whole.failure)) \(whole.violations)")
        for (place, text) in Self.texts(whole).enumerated() {
            let rest = try fan("posts", server, source, text)
            #expect(rest.succeeded, "\(text): \(String(describing: rest.failure)) \(rest.violations)")
            let all = whole.pages[...place].flatMap(\.records) + rest.records
            #expect(all.sorted() == whole.records.sorted(), "\(text)")
            if !more.contains("any") {
                #expect(rest.records == whole.pages[(place + 1)...].flatMap(\.records), "\(text)")
            }
            #expect(rest.heldBodies == 0)
        }
        // Late in the walk the parents' first pages are not asked for again.
        let last = try #require(Self.texts(whole).last)
        #expect(!(try fan("posts", server, source, last)).targets.contains("/v1/users?page=1"))
    }

    @Test(arguments: ["", ", \"order\": \"any\""]) func threeLevelsGoOnToo(_ order: String) throws {
        let server = OverServer(users: 4, posts: { $0 + 1 }, comments: { $0 % 4 })
        let source = try OverServer.source(OverServer.users, OverServer.posts(order), OverServer.comments())
        let whole = try fan("comments", server, source)
        #expect(whole.succeeded && whole.records == server.commentsInOrder)
        for (place, text) in Self.texts(whole).enumerated() {
            let rest = try fan("comments", server, source, text)
            #expect(rest.succeeded, "\(text): \(String(describing: rest.failure))")
            #expect(rest.records == whole.pages[(place + 1)...].flatMap(\.records), "\(text)")
        }
    }

    @Test func aParentThatIsGoneIsSaid() throws {
        let source = try OverServer.source(OverServer.users, OverServer.posts())
        let whole = try fan("posts", OverServer(), source)
        let world = try fan("posts", OverServer(users: 0), source, Self.texts(whole)[4])
        #expect(world.failure?.code == .state)
        #expect(
            world.failure?.message.contains("user_id 2, where the checkpoint stands, is no longer there") == true,
            "\(world.failure?.message ?? "")")
    }
}
