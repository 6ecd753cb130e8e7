import EngineTestKit
import Testing

@testable import Engine

/// Records that are not as they stand in the body, from documents.
@Suite struct RecordShapingTests {
    /// One page of a stream with these "records", as a walk hands it over.
    static func one(_ records: String, _ bodies: String..., more: String = "", params: String = "{}") throws -> World {
        let members =
            "\"streams\": {\"s\": {\"path\": \"/s\", \"pagination\": \"none\", \"records\": \(records)\(more)}}"
        let parsed = try source(members, params: params)
        let stream = try #require(parsed.streams.first)
        return try World.walk(stream, source: parsed, bodies.map { Reply.json($0) })
    }

    @Test(
        arguments: [
            // The first place that is there and not null.
            (#"{"or": ["items", "data"]}"#, #"{"data":[1,2]}"#, ["1", "2"]),
            (#"{"or": ["items", "data"]}"#, #"{"items":null,"data":[1]}"#, ["1"]),
            (#"{"or": ["items", "data"]}"#, #"{"items":[],"data":[1]}"#, []),
            (#"{"union": ["a", "b[*].c"]}"#, #"{"b":[{"c":[2]},{"c":[3]}],"a":[1]}"#, ["1", "2", "3"]),
            (#"{"union": ["a", "b"]}"#, #"{"b":[2]}"#, ["2"]),
            // An object's values.
            (
                #"{"path": "users", "shape": {"type": "object_map", "key_field": "id"}}"#,
                #"{"users":{"u1":{"n":1.10},"u\"2":{ },"u1":{"n":2}}}"#, [#"{ "id":"u\"2"}"#, #"{"n":2,"id":"u1"}"#]
            ),
            (#"{"path": "", "shape": "object_map"}"#, #"{"a":[1],"b":2}"#, ["[1]", "2"]),
            (
                #"{"path": "r", "shape": {"type": "object_map", "key_field": "c", "value_field": "v"}}"#,
                #"{"r":{"EUR":1.10,"USD":null}}"#, [#"{"c":"EUR","v":1.10}"#, #"{"c":"USD","v":null}"#]
            ),
            (#"{"path": "r", "shape": {"type": "object_map", "key_field": "k"}}"#, #"{"r":[]}"#, []),
            // Plain values.
            (
                #"{"path": "ids", "shape": "scalars"}"#, #"{"ids":[7,"a",null]}"#,
                [#"{"value":7}"#, #"{"value":"a"}"#, #"{"value":null}"#]
            ),
            (
                #"{"path": "", "shape": {"type": "scalars", "field": "id"}}"#, "[ 12345678901234567890 ]",
                [#"{"id":12345678901234567890}"#]
            ),
            // Tables.
            (
                #"{"path": "", "shape": "rows_with_header"}"#, #"[["a","b"],[1,2.50],["x"],[]]"#,
                [#"{"a":1,"b":2.50}"#, #"{"a":"x"}"#, "{}"]
            ),
            (
                #"{"path": "rows", "shape": {"type": "rows_with_header", "names": "columns[*].name"}}"#,
                #"{"columns":[{"name":"a"},{"name":"b"}],"rows":[[1,2]]}"#, [#"{"a":1,"b":2}"#]
            ),
            (
                #"{"path": "rows", "shape": {"type": "rows_with_header", "names": "cols"}}"#,
                #"{"rows":[[1,2]],"cols":["a","b"]}"#, [#"{"a":1,"b":2}"#]
            ),
            (
                #"{"path": "hourly", "shape": "columns"}"#, #"{"hourly":{"t":["x","y"],"unit":"C","v":[1.10,null]}}"#,
                [#"{"t":"x","v":1.10}"#, #"{"t":"y","v":null}"#]
            ),
            (#"{"path": "h", "shape": "columns"}"#, #"{"h":{}}"#, []),
            // Children.
            (
                #"{"path": "orders", "shape": {"type": "explode", "path": "lines", "carry": {"order": "id", "c": "cust.id"}}}"#,
                #"{"orders":[{"id":1,"lines":[{"s":"a"},{}],"cust":{"id":"z"}},{"id":2,"lines":null},{"id":3},{"lines":{"s":"b"}}]}"#,
                [#"{"s":"a","order":1,"c":"z"}"#, #"{"order":1,"c":"z"}"#, #"{"s":"b"}"#]
            ),
            (
                #"{"path": "o", "shape": {"type": "explode", "path": "l[*].m"}}"#,
                #"{"o":[{"l":[{"m":[1]},{"m":[2]}]},{"l":[{"m":3}]}]}"#, nil
            ),
            (
                #"{"path": "o", "shape": {"type": "explode", "path": "l"}}"#, #"{"o":[{"l":[1,[2]]},{"l":[]}]}"#,
                ["1", "[2]"]
            ),
        ] as [(String, String, [String]?)])
    func shapes(records: String, body: String, expected: [String]?) throws {
        let world = try Self.one(records, body)
        #expect(world.succeeded == (expected != nil), "\(world.failure?.message ?? "")")
        if let expected { #expect(world.records == expected) }
    }

    @Test(arguments: [
        (
            #"{"path": "r", "shape": {"type": "object_map", "key_field": "id"}}"#, #"{"r":{"a":{"id":1}}}"#,
            "has a member \"id\" already"
        ),
        (
            #"{"path": "r", "shape": {"type": "object_map", "key_field": "id"}}"#, #"{"r":{"a":1}}"#,
            "\"a\" is a number, not an object: say \"value_field\""
        ),
        (
            #"{"path": "r", "shape": {"type": "object_map", "key_field": "id"}}"#, #"{"r":[1]}"#,
            "is a list, not an object"
        ),
        (#"{"path": "r", "shape": "scalars"}"#, #"{"r":{"a":1}}"#, "is an object, not a list"),
        (#"{"path": "r", "shape": "rows_with_header"}"#, #"{"r":[["a"],[1,2]]}"#, "row 0 has 2 values for 1 names"),
        (#"{"path": "r", "shape": "rows_with_header"}"#, #"{"r":[["a",1]]}"#, "name 1 of the columns is a number"),
        (#"{"path": "r", "shape": "rows_with_header"}"#, #"{"r":[["a","a"]]}"#, "two columns have the name \"a\""),
        (#"{"path": "r", "shape": "rows_with_header"}"#, #"{"r":[["a"],{}]}"#, "row 0 is an object, not a list"),
        (
            #"{"path": "r", "shape": "columns"}"#, #"{"r":{"a":[1],"b":[]}}"#,
            "differ in length: \"a\" has 1 values, \"b\" has 0"
        ),
        (
            #"{"path": "r", "shape": {"type": "explode", "path": "l", "carry": {"id": "id"}}}"#,
            #"{"r":[{"id":1,"l":[{"id":2}]}]}"#,
            "has a member \"id\" already: carry it under another name"
        ),
        (
            #"{"path": "r", "shape": {"type": "explode", "path": "l", "carry": {"o": "id"}}}"#,
            #"{"r":[{"id":1,"l":[2]}]}"#, "is a number, not an object"
        ),
        (
            #"{"path": "r", "shape": {"type": "explode", "path": "l"}}"#, #"{"r":[{"l":2}]}"#,
            "\"l\" of a record is a number"
        ),
        (#"{"path": "r", "add": {"a": 1}}"#, #"{"r":[{"b":1},{"a":2}]}"#, "record 1 has a member \"a\" already"),
        (#"{"path": "r", "add": {"a": 1}}"#, #"{"r":[3]}"#, "record 0 is a number, not an object"),
    ])
    func refuses(records: String, body: String, message: String) throws {
        let failure = try Self.one(records, body).failure
        #expect(failure?.code == .data)
        #expect(failure?.message.contains(message) == true, "\(failure?.message ?? "no failure")")
        #expect(failure?.message.hasPrefix("stream \"s\", page 0: records: ") == true)
    }

    @Test func additionsStandBehindTheRecordsOwnBytes() throws {
        let world = try Self.one(
            #"{"path": "data", "add": {"src": "c\"rm", "n": 1.5, "t": {"param": "tenant"}, "l": {"value": [null]}, "z": null}}"#,
            "{\"data\":[ {\"id\":1.10, \"n0\":12345678901234567890 }, { }]}", params: #"{"tenant": 7}"#)
        let tail = #""src":"c\"rm","n":1.5,"t":"7","l":[null],"z":null}"#
        #expect(world.records == ["{\"id\":1.10, \"n0\":12345678901234567890 ," + tail, "{ " + tail])
        #expect(world.pages.first?.facts.recordArray == nil)
    }

    @Test func untouchedRecordsStaySlicesOfTheBody() throws {
        let filtered = try Self.one(
            #"{"path": "data", "filter": {"path": "a", "value": 1}}"#, #"{"data":[{"a":1},{"a":2},{"a":1.0}]}"#)
        #expect(filtered.records == [#"{"a":1}"#, #"{"a":1.0}"#])
        #expect(filtered.pages.first?.facts.writtenRecords == nil)
        #expect(filtered.pages.first?.facts.recordArray == nil)
        #expect(filtered.pages.first?.facts.filtered == 1)
        let whole = try Self.one(
            #"{"path": "data", "filter": {"path": "a", "op": "exists"}}"#, #"{"data":[{"a":1},{"a":null}]}"#)
        #expect(whole.pages.first?.facts.recordArray != nil)
    }

    @Test func whatIsWrittenOutHasABound() throws {
        var stream = try stream(
            #""pagination": "none", "caps": {"max_body_bytes": 2000}, "records": {"path": "o", "shape": {"type": "explode", "path": "l", "carry": {"big": "big"}}}"#
        )
        stream.name = "s"
        let big = String(repeating: "x", count: 300)
        let children = Array(repeating: "{}", count: 50).joined(separator: ",")
        let world = try World.walk(stream, [.json("{\"o\":[{\"big\":\"\(big)\",\"l\":[\(children)]}]}")])
        #expect(world.failure?.code == .limit)
        #expect(world.failure?.message.contains("more than 2000 bytes (max_body_bytes)") == true)
    }

    /// Stop rules and sums see what the server sent.
    @Test func countsComeBeforeFilterAndShape() throws {
        let members =
            #""streams": {"s": {"path": "/s", "pagination": {"type": "offset", "size": 2}, "records": {"path": "data", "filter": {"path": "ok", "value": true}}}}"#
        let parsed = try source(members)
        let stream = try #require(parsed.streams.first)
        let world = try World.walk(
            stream, source: parsed,
            [
                .json(#"{"data":[{"ok":false},{"ok":true}]}"#), .json(#"{"data":[{"ok":false},{"ok":false}]}"#),
                .json(#"{"data":[{"ok":true}]}"#),
            ])
        #expect(world.succeeded)
        #expect(world.records.count == 2)
        #expect(world.sent.compactMap { $0.request.parameter("offset") } == ["0", "2", "4"])
        #expect(world.pages.map(\.facts.filtered) == [1, 2, 0])
    }

    @Test func parentsAreCountedNotChildren() throws {
        let members =
            #""streams": {"s": {"path": "/s", "pagination": {"type": "offset", "size": 2}, "max_records": 4, "records": {"path": "o", "shape": {"type": "explode", "path": "l"}}}}"#
        let parsed = try source(members)
        let world = try World.walk(
            #require(parsed.streams.first), source: parsed,
            [.json(#"{"o":[{"l":[1,2,3]},{"l":[]}]}"#), .json(#"{"o":[{"l":[4]},{"l":[5,6]}]}"#)])
        #expect(world.sent.compactMap { $0.request.parameter("offset") } == ["0", "2"])
        // max_records is about what is handed over.
        #expect(world.records == ["1", "2", "3", "4"])
        #expect(world.succeeded)
    }

    @Test func lastRecordIsTheServersLast() throws {
        let members =
            #""streams": {"s": {"path": "/s", "pagination": {"type": "cursor", "from": {"last_record": "id"}, "has_more": "more"}, "records": {"path": "data", "filter": {"path": "id", "op": "<", "value": 2}, "add": {"x": 1}}}}"#
        let parsed = try source(members)
        let world = try World.walk(
            #require(parsed.streams.first), source: parsed,
            [.json(#"{"data":[{"id":1},{"id":2}],"more":true}"#), .json(#"{"data":[{"id":3}],"more":false}"#)])
        #expect(world.succeeded, "\(world.failure?.message ?? "")")
        #expect(world.sent.last?.request.parameter("cursor") == "2")
        #expect(world.records == [#"{"id":1,"x":1}"#])
    }

    @Test func keyedMapPagesByItsWrittenRecords() throws {
        let members =
            #""streams": {"s": {"path": "/s", "pagination": {"type": "cursor", "from": {"last_record": "k"}, "stop_on_empty_page": true}, "records": {"path": "m", "shape": {"type": "object_map", "key_field": "k"}}}}"#
        let parsed = try source(members)
        let world = try World.walk(
            #require(parsed.streams.first), source: parsed,
            [.json(#"{"m":{"a":{},"b":{}}}"#), .json(#"{"m":{}}"#)])
        #expect(world.succeeded, "\(world.failure?.message ?? "")")
        #expect(world.sent.last?.request.parameter("cursor") == "b")
    }

    @Test func childrenAreGivenWhatTheyAreWalkedOver() throws {
        let parsed = try source(
            """
            "streams": {
                "users": {"path": "/users", "pagination": "none",
                    "records": {"path": "u", "shape": {"type": "object_map", "key_field": "id"}}},
                "posts": {"path": "/users/{user_id}/posts", "pagination": "none",
                    "over": {"stream": "users", "key": "id", "as": "user_id", "carry": {"rank": "n"}},
                    "records": {"path": "p", "add": {"user": {"over": "user_id"}, "rank": {"over": "rank"}}}}}
            """)
        let stream = try #require(parsed.streams.last)
        let world = World { request, _ in
            switch request.url.split(separator: "/").suffix(2).joined(separator: "/") {
            case "v1/users": .json(#"{"u":{"a":{"n":1.10},"b":{}}}"#)
            case "a/posts": .json(#"{"p":[{"x":1},{"x":2}]}"#)
            default: .json(#"{"p":[{"x":3}]}"#)
            }
        }
        world.add(parsed)
        world.open(stream)
        world.run()
        #expect(world.violations.isEmpty)
        #expect(
            world.records == [
                #"{"x":1,"user":"a","rank":1.10}"#, #"{"x":2,"user":"a","rank":1.10}"#,
                #"{"x":3,"user":"b","rank":null}"#,
            ])
        let wrong = try failure {
            try RecordShapingTests.one(#"{"path": "d", "add": {"a": {"over": "user_id"}}}"#, "{}")
        }
        #expect(wrong?.pointer == "/streams/s/records/add/a/over")
    }
}
