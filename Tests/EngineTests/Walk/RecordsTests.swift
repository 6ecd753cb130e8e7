import Engine
import EngineTestKit
import Testing

/// What a selector takes from a body.
@Suite struct RecordsTests {
    static func one(_ records: String?, _ body: String, _ change: (inout Stream) -> Void = { _ in }) throws -> World {
        var stream = try Make.stream(.single, records: records)
        change(&stream)
        return try World.walk(stream, [.json(body)])
    }

    @Test func recordsAreTheBytesThatTheServerSent() throws {
        let body = "{\"data\":[ {\"id\":1.10, \"n\":12345678901234567890}, 1e400 ,\"\\u00e9\" ]}"
        let world = try Self.one("data", body)
        #expect(world.succeeded)
        #expect(world.records == ["{\"id\":1.10, \"n\":12345678901234567890}", "1e400", "\"\\u00e9\""])
        #expect(world.pages.first?.facts.recordArray != nil)
    }

    @Test func shapesOfRecords() throws {
        let cases: [(path: String, body: String, records: [String])] = [
            ("", "[1,2]", ["1", "2"]), ("", "{\"a\":1}", ["{\"a\":1}"]),
            ("data", "{\"data\":{\"id\":1}}", ["{\"id\":1}"]),
            (
                "data[*].node", "{\"data\":[{\"node\":{\"a\":1}},{\"x\":0},{\"node\":{\"a\":2}}]}",
                ["{\"a\":1}", "{\"a\":2}"]
            ),
            ("data.*", "{\"data\":{\"x\":{\"a\":1},\"y\":{\"a\":2}}}", ["{\"a\":1}", "{\"a\":2}"]),
            ("data[*].items", "{\"data\":[{\"items\":[1,2]},{\"items\":[3]}]}", ["1", "2", "3"]),
            ("/data/0/items", "{\"data\":[{\"items\":[7]}]}", ["7"]),
        ]
        for (path, body, records) in cases {
            let world = try Self.one(path, body)
            #expect(world.succeeded, "\(path) of \(body): \(world.failure?.message ?? "")")
            #expect(world.records == records, "\(path) of \(body)")
        }
    }

    @Test func nullIsAnEmptyPageSaidAloud() throws {
        let world = try Self.one("data", "{\"data\":null}")
        #expect(world.succeeded)
        #expect(world.warnings == ["records: \"data\" is null, taken as an empty page"])
    }

    @Test func scalarIsAnError() throws {
        for (value, kind) in [("1", "number"), ("\"x\"", "string"), ("true", "boolean")] {
            let world = try Self.one("data", "{\"data\":\(value)}")
            #expect(world.failure?.message.contains("records: \"data\" is a \(kind), not a list or an object") == true)
        }
    }

    @Test func selectorThatMatchesNothingNamesWhatTheBodyHas() throws {
        let world = try Self.one("data.items", "{\"results\":[1],\"meta\":{},\"ok\":true}")
        #expect(world.failure?.code == .data)
        let expected = "\"results\" (array), \"meta\" (object), \"ok\" (boolean)"
        #expect(world.failure?.message.contains(expected) == true)
        #expect(try Self.one("data", "[1]").failure?.message.contains("an array at its top") == true)
        #expect(try Self.one("data", "{}").failure?.message.contains("no members") == true)
    }

    @Test func missingListIsEmptyWhenTheDocumentSaysSo() throws {
        let world = try Self.one("items", "{\"kind\":\"list\"}") { $0.missingRecordsAreEmpty = true }
        #expect(world.succeeded)
        #expect(world.records.isEmpty)
        #expect(world.warnings.count == 1)
    }

    @Test func missingListOnALaterPageIsEmptyUnlessTheBodyTellsOfAnError() throws {
        let stream = try Make.stream(Make.page())
        let ends = try World.walk(stream, [.json("{\"data\":[1]}"), .json("{\"page\":2}")])
        #expect(ends.succeeded)
        #expect(ends.warnings.contains("records: \"data\" is missing, taken as an empty page"))
        for error in ["{\"error\":\"boom\"}", "{\"errors\":[{\"message\":\"x\"}]}"] {
            let fails = try World.walk(stream, [.json("{\"data\":[1]}"), .json(error)])
            #expect(fails.failure?.page == 1)
        }
    }

    /// 200 with an error object: no list there, and not because there is nothing.
    @Test func errorBodyIsNoEmptyPageWhateverTheSelector() throws {
        let body = "{\"errors\":[{\"message\":\"not allowed\"}]}"
        #expect(try Self.one("data[*].node", body).failure?.code == .data)
        #expect(try Self.one("items", body) { $0.missingRecordsAreEmpty = true }.failure?.code == .data)
        #expect(try Self.one("data[*].node", "{\"data\":[],\"errors\":[]}").succeeded)
    }

    @Test func noContentIsAnEmptyPage() throws {
        let styles = [
            Make.page(), Make.offset(), try Make.cursor(), try Make.nextURL(), PagingPlan.Style.single, .detect,
        ]
        for style in styles {
            for records in ["data", nil] {
                let world = try World.walk(Make.stream(style, records: records), [.status(204)])
                #expect(world.succeeded, "\(style): \(world.failure?.message ?? "")")
                #expect(world.pages.count == 1)
                #expect(world.records.isEmpty)
                #expect(world.warnings.contains { $0.contains("204") }, "\(world.warnings)")
            }
        }
    }

    @Test func bodyThatIsNotJSONSaysWhatItIs() throws {
        let cases: [(Reply, String)] = [
            (.status(200, [("Content-Type", "text/html")], body: "<html>busy</html>"), "not JSON but text/html"),
            (.status(200, body: "<?xml version='1.0'?>"), "not JSON but markup"),
            (.status(200, body: ""), "no body"), (.json("{\"data\":[1,"), "not valid JSON: unexpected end"),
        ]
        for (reply, says) in cases {
            let world = try World.walk(Make.stream(), [reply, reply, reply])
            #expect(world.failure?.code == .data)
            #expect(world.failure?.message.contains(says) == true, "\(world.failure?.message ?? "")")
            #expect(world.sent.count == 3)
        }
    }
}
