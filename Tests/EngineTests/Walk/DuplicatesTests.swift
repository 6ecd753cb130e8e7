import EngineTestKit
import Testing

@testable import Engine

@Suite struct DuplicatesTests {
    static func walk(
        _ key: String, more: String = "", paging: String = #"{"type": "offset", "size": 2}"#, _ pages: String...
    )
        throws -> World
    {
        let members =
            "\"streams\": {\"s\": {\"path\": \"/s\", \"records\": \"d\", \"key\": \(key)\(more), \"pagination\": \(paging)}}"
        let parsed = try source(members)
        return try World.walk(#require(parsed.streams.first), source: parsed, pages.map { Reply.json($0) })
    }

    @Test func recordsThatComeTwiceAreHandedOverOnce() throws {
        let world = try Self.walk(
            "\"id\"", #"{"d":[{"id":1,"v":1},{"id":2}]}"#, #"{"d":[{"id":2},{"id":1,"v":2}]}"#, #"{"d":[{"id":3}]}"#)
        #expect(world.succeeded)
        #expect(world.records == [#"{"id":1,"v":1}"#, #"{"id":2}"#, #"{"id":3}"#])
        #expect(world.pages.map(\.facts.duplicates) == [0, 2, 0])
        // A page of duplicates is a full page to the stop rules.
        #expect(world.sent.count == 3)
        #expect(world.pages.map { $0.facts.recordArray == nil } == [false, true, false])
    }

    @Test func keysOfDifferentKindsDiffer() throws {
        let values = [
            "1", "\"1\"", "1.0", "true", "\"true\"", "\"null\"", "[1]", "{\"a\":1}", "\"\"", "\" \"", "\"a\\n\"",
        ]
        let page = values.map { "{\"id\":\($0)}" }.joined(separator: ",")
        let world = try Self.walk("\"id\"", paging: "\"none\"", "{\"d\":[\(page),\(page)]}")
        #expect(world.records.count == values.count)
        #expect(world.pages.first?.facts.duplicates == Int64(values.count))
        // The same text in other spellings is the same key.
        let spelled = try Self.walk("\"id\"", paging: "\"none\"", #"{"d":[{"id":"aä"},{"id":"\u0061\u00e4"}]}"#)
        #expect(spelled.records.count == 1)
    }

    @Test func partsOfAKeyKeepTheirBounds() throws {
        let pairs = [
            ("\"a\"", "\"bc\""), ("\"ab\"", "\"c\""), ("1", "23"), ("12", "3"), ("\"1\"", "23"), ("[1,2]", "3"),
        ]
        let page = pairs.map { "{\"a\":\($0),\"b\":{\"c\":\($1)}}" }.joined(separator: ",")
        let world = try Self.walk(#"["a", "b.c"]"#, paging: "\"none\"", "{\"d\":[\(page),\(page)]}")
        #expect(world.records.count == pairs.count)
    }

    @Test func recordsWithoutTheirKeyAreKeptAloud() throws {
        let world = try Self.walk(
            #"["a", "b"]"#, paging: "\"none\"",
            #"{"d":[{"a":1},{"a":1},{"a":1,"b":null},{"a":1,"b":null},{"a":1,"b":1},3]}"#)
        #expect(world.records.count == 6)
        #expect(world.warnings.contains("key: 5 records have no \"a\" or \"b\", so duplicates of them can't be told"))
        #expect(world.pages.first?.facts.withoutKey == 5)
    }

    @Test func mayBeKept() throws {
        let world = try Self.walk(
            "\"id\"", more: ", \"duplicates\": \"keep\"", paging: "\"none\"", #"{"d":[{"id":1},{"id":1}]}"#)
        #expect(world.records.count == 2)
        #expect(world.pages.first?.facts.duplicates == nil)
    }

    @Test func memoryHasABound() throws {
        let page = (0..<10).map { "{\"id\":\($0)}" }.joined(separator: ",")
        let body = "{\"d\":[\(page),{\"id\":9},{\"id\":5},{\"id\":0}]}"
        let forgetting = try Self.walk("\"id\"", more: ", \"duplicates\": {\"max_keys\": 6}", paging: "\"none\"", body)
        // 0…2 and 3…5 are forgotten when 6 and 9 come.
        #expect(forgetting.records.count == 12)
        #expect(forgetting.warnings.contains { $0.contains("more than 6 keys; the oldest 6 are forgotten") })
        let failing = try Self.walk(
            "\"id\"", more: ", \"duplicates\": {\"max_keys\": 6, \"when_full\": \"fail\"}", paging: "\"none\"", body)
        #expect(failing.failure?.code == .limit)
        #expect(failing.failure?.message.contains("more than 6 different keys") == true)
    }

    @Test func keyMayBeAnAddedMember() throws {
        let members =
            #""streams": {"s": {"path": "/s", "records": {"path": "d", "add": {"t": "x"}}, "key": ["t", "id"], "pagination": "none"}}"#
        let parsed = try source(members)
        let world = try World.walk(
            #require(parsed.streams.first), source: parsed, [.json(#"{"d":[{"id":1},{"id":2},{"id":1}]}"#)])
        #expect(world.records == [#"{"id":1,"t":"x"}"#, #"{"id":2,"t":"x"}"#])
    }

    @Test func maxRecordsCountsWhatIsHandedOver() throws {
        let world = try Self.walk(
            "\"id\"", more: ", \"max_records\": 3", #"{"d":[{"id":1},{"id":2}]}"#, #"{"d":[{"id":2},{"id":3}]}"#)
        #expect(world.records.count == 3)
        #expect(world.sent.count == 2)
    }

    @Test func rowsThatWereSkippedAreMissed() throws {
        let paging = #"{"type": "offset", "size": 2, "total": "n"}"#
        // A row before the offset went away: 3 moved up and was never sent.
        let skipped = try Self.walk(
            "\"id\"", paging: paging, #"{"d":[{"id":1},{"id":2}],"n":5}"#, #"{"d":[{"id":4},{"id":5}],"n":4}"#)
        #expect(skipped.pages.last?.facts.missing == 1)
        #expect(
            skipped.warnings.last?.hasPrefix("expected 5 records by the server's highest total, received 4") == true)
        // One came: 2 comes twice, and the new one never.
        let shifted = try Self.walk(
            "\"id\"", paging: paging, #"{"d":[{"id":1},{"id":2}],"n":4}"#, #"{"d":[{"id":2},{"id":3}],"n":5}"#,
            #"{"d":[{"id":4}],"n":5}"#)
        #expect(shifted.records.count == 4)
        #expect(shifted.pages.last?.facts.missing == 1)
        let calm = try Self.walk(
            "\"id\"", paging: paging, #"{"d":[{"id":1},{"id":2}],"n":3}"#, #"{"d":[{"id":3}],"n":3}"#)
        #expect(calm.pages.last?.facts.missing == nil)
        #expect(calm.warnings.isEmpty)
    }

    @Test(arguments: [
        (#""key": """#, "/streams/s/key", "a record has no key at \"\""),
        (#""key": ["a", ""]"#, "/streams/s/key/1", "a record has no key at \"\""),
        (#""key": ["a", "a"]"#, "/streams/s/key", "a path is given twice"),
        (#""key": []"#, "/streams/s/key", "the list is empty"),
        (#""duplicates": "drop""#, "/streams/s/duplicates", "needs \"key\" beside it"),
        (#""key": "a", "duplicates": {"max_keys": 1}"#, "/streams/s/duplicates/max_keys", "must be from 2"),
        (#""records": {"shape": "columns"}"#, "/streams/s/records/shape", "a shape needs a \"path\" beside it"),
        (#""records": {"path": "a", "or": ["b"]}"#, "/streams/s/records/or", "exclude each other"),
    ])
    func refuses(members: String, pointer: String, message: String) throws {
        let problem = try failure { try stream(members) }
        #expect(problem?.pointer == pointer)
        #expect(problem?.message.contains(message) == true, "\(problem?.message ?? "")")
    }
}
