import EngineTestKit
import Testing

@testable import Engine

@Suite struct RecordFilterTests {
    /// Which of these fields' values pass.
    static func passing(_ filter: String, _ values: [String], params: String = "{}") throws -> [String] {
        let records = "{\"path\": \"\", \"filter\": \(filter)}"
        let body = "[" + values.map { $0.isEmpty ? "{}" : "{\"f\":\($0)}" }.joined(separator: ",") + "]"
        let world = try RecordShapingTests.one(records, body, params: params)
        try #require(world.succeeded, "\(world.failure?.message ?? "")")
        return world.records.map { $0 == "{}" ? "" : String($0.dropFirst(5).dropLast()) }
    }

    /// "" stands for a record without the field.
    static let values = [
        "1", "1.0", "2", "-3", "12345678901234567890", "12345678901234567891", "\"1\"", "\"b\"", "\"\\u0062\"", "\"ä\"",
        "true", "false", "null", "[]", "{}", "",
    ]

    @Test(arguments: [
        (#"{"path": "f", "value": 1}"#, ["1", "1.0"]),
        (#"{"path": "f", "op": "=", "value": 12345678901234567890}"#, ["12345678901234567890"]),
        (#"{"path": "f", "value": "1"}"#, ["\"1\""]),
        (#"{"path": "f", "value": "b"}"#, ["\"b\"", "\"\\u0062\""]),
        (#"{"path": "f", "value": null}"#, ["null"]),
        (#"{"path": "f", "value": true}"#, ["true"]),
        (#"{"path": "f", "op": "<", "value": 2}"#, ["1", "1.0", "-3"]),
        (#"{"path": "f", "op": "<=", "value": 2}"#, ["1", "1.0", "2", "-3"]),
        (#"{"path": "f", "op": ">", "value": 12345678901234567890}"#, ["12345678901234567891"]),
        (
            #"{"path": "f", "op": ">=", "value": 12345678901234567890}"#,
            ["12345678901234567890", "12345678901234567891"]
        ),
        (#"{"path": "f", "op": ">", "value": "b"}"#, ["\"ä\""]),
        (
            #"{"path": "f", "op": "in", "values": [2, "b", null, false]}"#,
            ["2", "\"b\"", "\"\\u0062\"", "false", "null"]
        ),
        (#"{"path": "f", "op": "in", "values": []}"#, []),
        (#"{"not": {"path": "f", "op": "exists"}}"#, [""]),
        (#"{"and": [{"path": "f", "op": ">", "value": 0}, {"path": "f", "op": "<", "value": 2}]}"#, ["1", "1.0"]),
        (#"{"or": [{"path": "f", "value": true}, {"path": "f", "op": "=", "value": null}]}"#, ["true", "null"]),
        // A parameter is text; where the record has a number, true or false it counts as one.
        (#"{"path": "f", "value": {"param": "one"}}"#, ["1", "1.0", "\"1\""]),
        (#"{"path": "f", "value": {"param": "yes", "default": true}}"#, ["true"]),
    ])
    func passes(filter: String, expected: [String]) throws {
        let params = filter.contains("one") ? #"{"one": 1}"# : "{}"
        // In the order of the values, whatever order the case has.
        let passed = try Self.passing(filter, Self.values, params: params)
        #expect(passed == Self.values.filter { expected.contains($0) })
    }

    @Test func isNotIsTheOppositeOfIs() throws {
        for value in ["1", "\"b\"", "null", "true"] {
            let same = try Self.passing("{\"path\": \"f\", \"value\": \(value)}", Self.values)
            let other = try Self.passing("{\"path\": \"f\", \"op\": \"!=\", \"value\": \(value)}", Self.values)
            #expect(other == Self.values.filter { !same.contains($0) })
        }
    }

    @Test func fieldsDeepDownAndOfWrittenRecords() throws {
        let deep = try RecordShapingTests.one(
            #"{"path": "d", "filter": {"path": "a.b[0]", "value": 1}}"#,
            #"{"d":[{"a":{"b":[1]}},{"a":{"b":[2]}},{"a":1}]}"#)
        #expect(deep.records == [#"{"a":{"b":[1]}}"#])
        let written = try RecordShapingTests.one(
            #"{"path": "d", "shape": {"type": "object_map", "key_field": "k"}, "filter": {"path": "k", "op": "!=", "value": "x"}}"#,
            #"{"d":{"x":{"a":1},"y":{"a":2}}}"#)
        #expect(written.records == [#"{"a":2,"k":"y"}"#])
        #expect(written.pages.first?.facts.filtered == 1)
    }

    @Test(
        arguments: [
            (#"{"path": "a", "op": "exists", "value": 1}"#, "/value", "\"exists\" takes no value"),
            (#"{"path": "a", "op": "in", "value": 1}"#, "/value", "\"in\" needs \"values\""),
            (#"{"path": "a", "values": [1]}"#, "/values", "\"=\" needs \"value\""),
            (#"{"path": "a"}"#, "", "\"=\" needs \"value\""),
            (#"{"path": "a", "op": "<", "value": null}"#, "/value", "null has no order"),
            (#"{"path": "a[*]", "value": 1}"#, "/path", "a wildcard"),
            (#"{"and": []}"#, "/and", "the list is empty"),
            (#"{"not": {"pth": "a"}}"#, "/not/pth", "unknown key \"pth\""),
            (#"{"path": "a", "value": {"param": "x"}}"#, nil, nil),
        ] as [(String, String?, String?)])
    func refusesFilters(filter: String, pointer: String?, message: String?) throws {
        let problem = try failure { try stream("\"records\": {\"path\": \"d\", \"filter\": \(filter)}") }
        guard let pointer, let message else {
            #expect(problem == nil)
            return
        }
        #expect(problem?.pointer == "/streams/s/records/filter" + pointer)
        #expect(problem?.message.contains(message) == true, "\(problem?.message ?? "")")
    }
}
