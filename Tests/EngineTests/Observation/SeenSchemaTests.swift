import EngineTestKit
import Testing

@testable import Engine

@Suite struct SeenSchemaTests {
    static func record(_ records: [String]) -> SchemaRecord {
        var seen = SeenSchema()
        for record in records {
            let bytes = Array(record.utf8)
            bytes.withUnsafeBytes { seen.take($0) }
        }
        return SchemaRecord(seen)
    }

    /// `path of:type=count…` of each field.
    static func shown(_ record: SchemaRecord) -> [String] {
        record.fields.map { field in
            let types = FieldType.allCases.filter { field.count($0) > 0 }.map { "\($0.name)=\(field.count($0))" }
            return "\(field.path) of \(field.of): \(types.joined(separator: " "))"
        }
    }

    @Test(arguments: [
        ([#"{"id": 1}"#, #"{"id":2.5}"#, #"{"id":1e3}"#, #"{"id":null}"#], ["id of 4: null=1 integer=1 number=2"]),
        (
            [#"{"a":"x","b":true,"c":false}"#, #"{"c":true,"a":"é\u0041"}"#],
            ["a of 2: string=2", "b of 2: boolean=1", "c of 2: boolean=2"]
        ),
        (
            [#" { "user" : { "name" : "x" } , "tags" : [ "a" , 1 ] } "#, #"{"user":null,"tags":[]}"#],
            [
                "user of 2: null=1 object=1", "user.name of 1: string=1", "tags of 2: array=2",
                "tags[*] of 2: integer=1 string=1",
            ]
        ),
        (
            [#"{"rows":[{"k":1},{"k":null},{}]}"#],
            ["rows of 1: array=1", "rows[*] of 1: object=3", "rows[*].k of 3: null=1 integer=1"]
        ),
        // The same name however it is written, and once however often.
        ([#"{"name":1}"#, #"{"na\u006de":2}"#, #"{"name":3,"name":"x"}"#], ["name of 3: integer=3"]),
        (
            [#"{"a_long_name_1":1,"a_long_name_2":"x"}"#, #"{"a_long_name_2":"y","a_long_name_1":2}"#],
            ["a_long_name_1 of 2: integer=2", "a_long_name_2 of 2: string=2"]
        ),
        (
            [#"{"":1,"a.b":2,"*":3,"q\"":4,"\u001b[2J":5,"/":6}"#],
            [
                #"[""] of 1: integer=1"#, #"["a.b"] of 1: integer=1"#, #"["*"] of 1: integer=1"#,
                #"["q\""] of 1: integer=1"#, "[\"\u{1b}[2J\"] of 1: integer=1", #"["/"] of 1: integer=1"#,
            ]
        ),
        (["[1,2]", "3", "[]"], ["[*] of 2: integer=2"]),
        (["1", "null", #""x""#], []),
    ])
    func fieldsAreCountedByType(records: [String], wanted: [String]) {
        let record = Self.record(records)
        #expect(Self.shown(record) == wanted)
        #expect(record.records == Int64(records.count))
        #expect(record.more == 0)
    }

    @Test func whatIsKeptIsReadAgain() throws {
        let record = Self.record([
            #"{"a":[{"b":{"c":null}}],"":1,"x.y":{"z\"":2.5},"k\\":[[1]],"\u001b":true}"#, #"{"a":[],"new\nline":1}"#,
        ])
        let text = try json(record.text)
        #expect(SchemaRecord(text) == record)
    }

    @Test func anObjectOfTooManyNamesIsAMap() {
        let names = (0..<1500).map { #""k\#($0)":{"v":1}"# }.joined(separator: ",")
        let record = Self.record([#"{"id":1,"by":{\#(names)}}"#, #"{"id":2,"by":{\#(names)}}"#])
        #expect(Self.shown(record) == ["id of 2: integer=2", "by of 2: object=2"])
        #expect(record.fields.map(\.isMap) == [false, true])
        // A thousand of them and what is in them had been kept until then.
        #expect(record.changes(since: Self.record([#"{"id":1,"by":{"k1":1}}"#]), nullShare: 0.2).isEmpty)
    }

    @Test func whatAServerCanMakeItKeepIsBounded() {
        var seen = SeenSchema()
        func take(_ record: String) {
            let bytes = Array(record.utf8)
            bytes.withUnsafeBytes { seen.take($0) }
        }
        take(String(repeating: #"{"a":"#, count: 400) + "1" + String(repeating: "}", count: 400))
        take(String(repeating: "[", count: 400) + String(repeating: "]", count: 400))
        take(#"{"\#(String(repeating: "x", count: 10_000))":1}"#)
        for n in 0..<100 {
            let inner = (0..<100).map { #""f\#(n)_\#($0)_\#(String(repeating: "y", count: 100))":1"# }
            take(#"{"o\#(n)":{\#(inner.joined(separator: ","))}}"#)
        }
        #expect(seen.nodes.count <= SeenSchema.mostNodes)
        #expect(seen.names.count <= SeenSchema.mostPathBytes)
        #expect(seen.more > 0)
        #expect(SchemaRecord(seen).text.utf8.count < 2_000_000)
    }

    /// They have been proved to be JSON, but for a bug elsewhere: nothing traps.
    @Test func whatIsNoJSONTrapsNothing() {
        var seeded = Seeded(seed: 7)
        let text = Array(#"{"a":[1,2.5,{"b":"x\u0041"}],"c":null,"d":true,"e":{"f":false}}"#.utf8)
        var seen = SeenSchema()
        for _ in 0..<20_000 {
            var bytes = text
            for _ in 0..<(1 + seeded.next() % 3) {
                bytes[Int(seeded.next() % UInt64(bytes.count))] =
                    Array(#"{}[]",:\nt1- x"#.utf8)[Int(seeded.next() % 14)]
            }
            bytes.removeLast(Int(seeded.next() % UInt64(bytes.count)))
            bytes.withUnsafeBytes { seen.take($0) }
        }
        #expect(seen.records > 10_000)
    }

    @Test func aSecretIsNoFieldsName() {
        let bytes = Array(#"{"my-secret-token":1,"a":2}"#.utf8)
        var seen = SeenSchema()
        bytes.withUnsafeBytes { seen.take($0) }
        let record = SchemaRecord(seen, secrets: [Secret("my-secret-token")])
        #expect(record.fields.map(\.path) == ["(secret)", "a"])
    }
}

@Suite struct SchemaChangeTests {
    static func record(_ count: Int, _ make: (Int) -> String) -> SchemaRecord {
        SeenSchemaTests.record((0..<count).map(make))
    }

    static func changes(_ before: SchemaRecord, _ now: SchemaRecord) -> [String] {
        now.changes(since: before, nullShare: 0.2).map(\.message)
    }

    static let usual = record(100) { #"{"id":\#($0),"name":"n","user":{"mail":"a","age":1},"tags":["x"]}"# }

    @Test func nothingHasChanged() {
        #expect(Self.changes(Self.usual, Self.usual) == [])
        // Empty lists, objects that are null and nothing at all say nothing of what would be in them.
        let empty = Self.record(10) { #"{"id":\#($0),"name":"n","user":{"mail":"a","age":1},"tags":[]}"# }
        #expect(Self.changes(Self.usual, empty) == [])
        #expect(Self.changes(Self.usual, SchemaRecord()) == [])
        #expect(Self.changes(SchemaRecord(), Self.usual) == [])
    }

    @Test func aFieldIsRenamed() {
        let now = Self.record(100) { #"{"id":\#($0),"full_name":"n","user":{"mail":"a","age":1},"tags":["x"]}"# }
        #expect(
            Self.changes(Self.usual, now) == [
                #""full_name" is new: a string, in 100 %"#, #""name" is gone: it was a string, in 100 %"#,
            ])
    }

    @Test func aTypeHasChanged() {
        let now = Self.record(100) { #"{"id":"\#($0)","name":"n","user":{"mail":"a","age":1.5},"tags":[1]}"# }
        #expect(
            Self.changes(Self.usual, now) == [
                #""id" is a string, and was an integer"#, #""tags[*]" is an integer, and was a string"#,
            ])
    }

    /// What is in it is not told once more.
    @Test func aWholeObjectIsNewOrGone() {
        let now = Self.record(100) { #"{"id":\#($0),"name":"n","address":{"city":"x"},"tags":["x"]}"# }
        #expect(
            Self.changes(Self.usual, now) == [
                #""address" is new: an object, in 100 %"#, #""user" is gone: it was an object, in 100 %"#,
            ])
    }

    @Test func theShareOfNullHasMoved() {
        func some(_ percent: Int, null: Bool = true) -> SchemaRecord {
            Self.record(200) { $0 % 100 < percent ? #"{"a":1,"b":2}"# : null ? #"{"a":null,"b":2}"# : #"{"b":2}"# }
        }
        #expect(Self.changes(some(98), some(40)) == [#""a" has a value in 40 %, and had one in 98 %"#])
        #expect(Self.changes(some(40), some(98)) == [#""a" has a value in 98 %, and had one in 40 %"#])
        #expect(Self.changes(some(98), some(40, null: false)) == [#""a" has a value in 40 %, and had one in 98 %"#])
        #expect(Self.changes(some(60), some(45)) == [])
        // Chance, of so few.
        let few = Self.record(4) { $0 < 2 ? #"{"a":1,"b":2}"# : #"{"b":2}"# }
        #expect(Self.changes(some(98), few) == [])
    }

    @Test func whatIsRareMayBeMissingByChance() {
        let before = Self.record(1000) { $0 % 100 == 0 ? #"{"a":1,"rare":1}"# : #"{"a":1}"# }
        let few = Self.record(100) { _ in #"{"a":1}"# }
        let many = Self.record(2000) { _ in #"{"a":1}"# }
        #expect(Self.changes(before, few) == [])
        #expect(Self.changes(before, many) == [#""rare" is gone: it was an integer, in 1 %"#])
    }

    /// Names that are data: dates, ids.
    @Test func namesThatAreDataAreNotTold() {
        func days(_ from: Int) -> SchemaRecord {
            Self.record(100) { #"{"id":1,"by_day":{"day\#(from + $0)":1}}"# }
        }
        #expect(Self.changes(days(0), days(1000)) == [])
    }

    @Test func whatIsToldOnceIsNotToldAgain() {
        let now = Self.record(100) { #"{"id":"\#($0)","full_name":"n","user":{"mail":null,"age":1},"tags":["x"]}"# }
        let told = now.changes(since: Self.usual, nullShare: 0.2)
        #expect(told.map(\.kind) == [.type, .new, .nullShare, .gone])
        let next = now.following(Self.usual, told: told)
        #expect(Self.changes(next, now) == [])
        #expect(next.fields.map(\.path).contains("name") == false)
    }

    /// A run of few records, as most are that read incrementally, does not wipe out what is known.
    @Test func fewRecordsDoNotForgetMany() {
        let many = Self.record(1000) { $0 % 50 == 0 ? #"{"a":1,"rare":1}"# : #"{"a":1}"# }
        var known = many
        for _ in 0..<100 {
            let few = Self.record(3) { _ in #"{"a":1}"# }
            #expect(Self.changes(known, few) == [])
            known = few.following(known, told: [])
        }
        #expect(known.records >= 900 && known.records <= 1100)
        #expect(known.fields.map(\.path) == ["a", "rare"])
        let another = Self.record(1000) { _ in #"{"a":"x"}"# }
        #expect(another.changes(since: known, nullShare: 0.2).map(\.kind).contains(.type))
        #expect(another.following(known, told: []).records >= 1000)
    }
}

@Suite struct DriftPlanTests {
    static func job(_ expect: String, _ more: String) throws -> JobPlan {
        let text = """
            {"source": {"base_url": "http://h", "streams": {"a": {"path": "/a"\(expect)}}}, "output": {"directory": "x"}\(more)}
            """
        return try JobPlan.parse(json(text), references: FakeReferences())
    }

    @Test(arguments: [
        ("", #", "state": "s""#, "none"),
        (#", "expect": {"drift": "fail"}"#, #", "state": "s""#, "gone new null_share type"),
        (#", "expect": {"drift": {"fail_on": ["gone"]}}"#, #", "state": "s""#, "gone"),
        (#", "expect": {"drift": {"fail_on": ["gone"]}}"#, #", "state": "s", "drift": "fail""#, "gone"),
        (#", "expect": {"drift": {"sample": 4}}"#, #", "state": "s", "drift": "fail""#, "gone new null_share type"),
        (#", "expect": {"drift": "fail"}"#, #", "state": "s", "drift": "tell""#, "none"),
        (#", "expect": {"drift": "off"}"#, #", "state": "s""#, "off"),
        (#", "expect": {"drift": "off"}"#, #", "state": "s", "drift": "tell""#, "none"),
        (#", "expect": {"drift": "fail"}"#, #", "state": "s", "drift": "off""#, "off"),
        ("", "", "off"),
        (#", "expect": {"drift": "tell"}"#, "", "off"),
    ])
    func whoSaysWhatComesOfAChange(expect: String, more: String, wanted: String) throws {
        let job = try Self.job(expect, more)
        let plan = job.drift(of: job.entries[0].streams[0])
        let shown = plan.map {
            $0.failing.isEmpty ? "none" : $0.failing.map(\.rawValue).sorted().joined(separator: " ")
        }
        #expect(shown ?? "off" == wanted)
    }

    @Test(arguments: [
        (#", "expect": {"drift": "fail"}"#, "", "the job needs a \"state\""),
        ("", #", "drift": "tell""#, "\"state\""),
        (#", "expect": {"drift": {"sample": 0}}"#, #", "state": "s""#, "/source/streams/a/expect/drift/sample"),
        (#", "expect": {"drift": "maybe"}"#, #", "state": "s""#, "/source/streams/a/expect/drift"),
        (#", "expect": {"drift": {"fails": []}}"#, #", "state": "s""#, "/source/streams/a/expect/drift/fails"),
        (
            #", "expect": {"drift": {"fail_on": ["old"]}}"#, #", "state": "s""#,
            "/source/streams/a/expect/drift/fail_on/0"
        ),
    ])
    func whatCanNotBeIsRefused(expect: String, more: String, message: String) {
        do {
            _ = try Self.job(expect, more)
            Issue.record("it was taken")
        } catch let failure as Failure {
            #expect(failure.message.contains(message), "\(failure.message)")
        } catch { Issue.record("\(error)") }
    }
}
