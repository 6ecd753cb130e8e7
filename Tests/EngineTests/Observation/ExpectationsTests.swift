import EngineTestKit
import Testing

@testable import Engine

@Suite struct ExpectationsTests {
    static let now = WallTime(epochSeconds: 1_700_000_000)

    static func findings(
        _ expect: String, _ records: [String], total: Int64? = nil, missing: Int64 = 0
    ) throws -> [CheckNote] {
        let plan = try #require(try stream("\"expect\": \(expect)").expect)
        var expectations = Expectations(plan)
        let services = TestServices(.seeded(Seeded(seed: 1)))
        for record in records {
            let bytes = Array(record.utf8)
            bytes.withUnsafeBytes { expectations.look($0, services: services) }
        }
        return expectations.findings(
            received: Int64(records.count), earlier: 0, total: total, missing: missing, now: now)
    }

    @Test(arguments: [
        (
            #"{"not_null": ["a"]}"#, [#"{"a": 1}"#, #"{"a": null}"#, "{}"],
            #"record 1: "a" is null or not there (and 1 more)"#
        ),
        (#"{"not_null": ["a.b"]}"#, [#"{"a": {"b": 0}}"#, #"{"a": 1}"#], #"record 1: "a.b" is null or not there"#),
        (
            #"{"range": {"n": {"min": 0, "max": 10}}}"#, [#"{"n": 0}"#, #"{"n": 10}"#, #"{"n": 11}"#],
            #"record 2: "n" is above 10.0"#
        ),
        (#"{"range": {"n": {"min": 0}}}"#, [#"{"n": "-0.5"}"#], #"record 0: "n" is below 0.0"#),
        (#"{"range": {"n": {"min": 0}}}"#, [#"{"n": []}"#], #"record 0: "n" is no number"#),
        (#"{"pattern": {"m": "*@*.*"}}"#, [#"{"m": "a@b.c"}"#, #"{"m": "ab"}"#], #"record 1: "m" does not match"#),
        (
            #"{"unique": ["a", "b"]}"#, [#"{"a":1,"b":2}"#, #"{"a":12}"#, #"{"b":2,"a":1}"#],
            #"record 2: "a" came before"#
        ),
        (#"{"min_records": 3}"#, ["{}", "{}"], "2 records, fewer than 3"),
        (
            #"{"fresh": {"path": "at", "within": "1h"}}"#, [#"{"at": "2023-11-14T20:13:20Z"}"#],
            #"the newest "at" is 2 h old, allowed are 60 min"#
        ),
        (#"{"fresh": {"path": "at", "within": "1h"}}"#, ["{}"], #"no record has a time at "at""#),
    ])
    func whatDoesNotHoldIsSaid(expect: String, records: [String], message: String) throws {
        let found = try Self.findings(expect, records)
        #expect(found.map(\.message) == [message])
        #expect(found.map(\.isFailed) == found.map { _ in true })
    }

    @Test func whatHoldsIsNotMentioned() throws {
        let expect = #"""
            {"complete": true, "min_records": 1, "not_null": ["a"], "unique": ["a"], "range": {"n": {"min": 1}},
             "pattern": {"m": "x*"}, "fresh": {"path": "at", "within": "1h"}}
            """#
        let records = [#"{"a": 1, "at": "2023-11-14T22:13:00Z", "m": null}"#, #"{"a": 2, "n": 1}"#]
        let found = try Self.findings(expect, records, total: 2)
        #expect(found.isEmpty)
    }

    @Test func completeIsHeldAgainstTheTotal() throws {
        let few = try Self.findings(#"{"complete": true}"#, ["1"], total: 3)
        #expect(few.map(\.message) == ["1 of 3 records came"])
        let missing = try Self.findings(#"{"complete": true}"#, ["1"], missing: 2)
        #expect(missing.map(\.message) == ["2 records are missing"])
        let unknown = try Self.findings(#"{"complete": true}"#, ["1"])
        #expect(unknown.isEmpty)
        let told = try Self.findings(#"{"complete": true, "on_fail": "warn"}"#, [], total: 1)
        #expect(told.map(\.isFailed) == [false])
    }

    @Test(arguments: [
        (#"{"range": {"n": {"min": 2, "max": 1}}}"#, "/streams/s/expect/range/n"),
        (#"{"not_null": ["a[*]"]}"#, "/streams/s/expect/not_null/0"),
        (#"{"nonnull": ["a"]}"#, "/streams/s/expect/nonnull"),
    ])
    func mistakesAreTold(expect: String, pointer: String) throws {
        let failed = try failure { try stream("\"expect\": \(expect)") }
        #expect(failed?.code == .config && failed?.pointer == pointer, "\(failed?.message ?? "")")
    }
}
