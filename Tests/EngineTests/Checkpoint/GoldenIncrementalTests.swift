import EngineTestKit
import Testing

@testable import Engine

/// Checkpoints of streams that are read incrementally, as version 1 of the text has them: never change one.
@Suite struct GoldenIncrementalTests {
    struct Case: Sendable {
        var name: String
        var document: String
        var stream = "feed"
        /// Pages before it; nil: the run came to its end.
        var behind: Int?
        /// Records before it.
        var records: Int
        var text: String
    }

    private static let plain =
        "\"field\": \"at\", \"from\": \"since\", \"start\": \"2024-01-01\", \"lookback\": \"20s\""
    private static let windows =
        "\"field\": \"at\", \"from\": \"since\", \"to\": \"until\", \"start\": \"2024-01-01\", \"end\": \"2024-01-03\", \"step\": \"1d\""
    static let cases = [
        Case(
            name: "in the middle", document: FeedServer.document(plain, more: ", \"key\": \"id\""), behind: 2,
            records: 6,
            text:
                #"""
                {"penstock":1,"stream":"feed","document":{"request":"53e5f55c5859b9c5","pagination":"904c65862d841ebb","records":"9c2e35fd5926519d","over":"08d69eb8fc20c780","incremental":"a11be4f940d1d18b"},"at":{"page":2,"records":6,"incremental":{"field":"at","type":"time","now":"2024-01-03T07:33:20Z","marks":{},"open":{"":{}}},"over":[{"for":[["window.start","\"2024-01-01T00:00:00Z\""]],"at":{"page":2,"token":{"counter":6},"counts":{"pages":2,"received":6,"delivered":6,"position":6,"largest":3},"found":{"records":"data","style":"offset","param":"offset","start":0,"has_more":{"body":"more"}},"window":{"high":"2024-01-01T13:53:20Z","edge":{"2024-01-01T13:53:20Z":["75ad55c887f36fe789976d0b933bf93a"]}}}}]},"sum":"217bfd4818b6faaf"}
                """#),
        Case(
            name: "at its end", document: FeedServer.document(plain), behind: nil, records: 12,
            text:
                #"""
                {"penstock":1,"stream":"feed","document":{"request":"53e5f55c5859b9c5","pagination":"904c65862d841ebb","records":"3e26e1503ebded41","over":"08d69eb8fc20c780","incremental":"a11be4f940d1d18b"},"at":{"page":4,"records":12,"end":true,"incremental":{"field":"at","type":"time","now":"2024-01-03T07:33:20Z","marks":{"":{"value":"2024-01-02T06:33:20Z","edge":{"2024-01-02T06:33:20Z":["765185322dbf7823bb7a2c272ff4dceb"]}}},"open":{"":{"seen":{"high":"2024-01-02T06:33:20Z","edge":{"2024-01-02T06:33:20Z":["765185322dbf7823bb7a2c272ff4dceb"]}},"done":true}}},"over":[{"for":[["window.start","\"2024-01-01T00:00:00Z\""]],"done":true}]},"sum":"19ead0f867f85b39"}
                """#),
        Case(
            name: "in a window", document: FeedServer.document(windows), behind: 1, records: 3,
            text:
                #"""
                {"penstock":1,"stream":"feed","document":{"request":"53e5f55c5859b9c5","pagination":"904c65862d841ebb","records":"3e26e1503ebded41","over":"08d69eb8fc20c780","incremental":"252e1a8acc849721"},"at":{"page":1,"records":3,"incremental":{"field":"at","type":"time","now":"2024-01-03T07:33:20Z","marks":{},"open":{"":{}}},"over":[{"for":[["window.start","\"2024-01-01T00:00:00Z\""],["window.end","\"2024-01-02T00:00:00Z\""]],"at":{"page":1,"token":{"counter":3},"counts":{"pages":1,"received":3,"delivered":3,"position":3,"largest":3},"found":{"records":"data","style":"offset","param":"offset","start":0,"has_more":{"body":"more"}},"window":{"high":"2024-01-01T05:33:20Z","edge":{"2024-01-01T05:33:20Z":["3a99f84a14b22ee2939ad032a1247ea7"]}}}}]},"sum":"47e78de27bf6bfcd"}
                """#),
        Case(
            name: "for each parent", document: IncrementalTests.children, behind: nil, records: 12,
            text:
                #"""
                {"penstock":1,"stream":"feed","document":{"request":"85f5da44eeaf599a","pagination":"904c65862d841ebb","records":"3e26e1503ebded41","over":"c953f9dfbcf8655e","incremental":"4dd75e10c573d388"},"at":{"page":9,"records":12,"end":true,"incremental":{"field":"at","type":"time","now":"2024-01-03T07:33:20Z","marks":{"1":{"value":"2024-01-02T01:00:00Z","edge":{"2024-01-02T01:00:00Z":["62f3d6368c282503669671661b3140e6"]}},"2":{"value":"2024-01-02T03:46:40Z","edge":{"2024-01-02T03:46:40Z":["91b4a556b8c0a086085ccad03e9f9715"]}},"3":{"value":"2024-01-02T06:33:20Z","edge":{"2024-01-02T06:33:20Z":["765185322dbf7823bb7a2c272ff4dceb"]}}},"open":{"3":{"seen":{"high":"2024-01-02T06:33:20Z","edge":{"2024-01-02T06:33:20Z":["765185322dbf7823bb7a2c272ff4dceb"]}},"done":true}}},"over":[{"for":[["p","3"],["window.start","\"2024-01-03T00:00:00Z\""],["window.end","\"2024-01-03T07:33:20Z\""]],"done":true}]},"sum":"8597b13f35fa7361"}
                """#),
    ]

    private static func server() -> FeedServer {
        let server = FeedServer()
        server.rows = (0..<12).map {
            FeedServer.Row(id: $0, time: FeedServer.base + Int64($0) * 10_000, parent: $0 % 3 + 1)
        }
        return server
    }

    @Test(arguments: cases.indices) func textsOfEarlierVersionsAreRead(_ index: Int) throws {
        let golden = Self.cases[index]
        let server = Self.server()
        let before = try server.run(golden.document, now: FeedServer.base + 200_000, killedBehind: golden.behind)
        #expect(before.failure == nil && before.records.count == golden.records)
        #expect(before.checkpoint == golden.text, "what is written has changed: the version must, too")
        server.rows.append(FeedServer.Row(id: 12, time: FeedServer.base + 115_000, parent: 1))
        let rest = try server.run(golden.document, now: FeedServer.base + 300_000, from: golden.text)
        #expect(rest.failure == nil, "\(String(describing: rest.failure))")
        #expect(Set(before.records).isDisjoint(with: rest.records))
        #expect(Set(before.records + rest.records) == Set(server.rows.map(\.json)))
        #expect(before.records.count + rest.records.count == 13)
    }
}
