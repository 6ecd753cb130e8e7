import EngineTestKit
import Testing

@testable import Engine

@Suite struct RecordIdentityTests {
    private func identity(_ record: String, key: [String] = ["id"]) throws -> (key: Fingerprint, content: Fingerprint)?
    {
        var rules = RecordRules()
        rules.key = try key.map { try JSONPath($0) }
        let identity = try RecordIdentity(rules)
        return Array(record.utf8).withUnsafeBytes { identity.of($0, services: TestServices(.always(1))) }
    }

    @Test func theOrderOfMembersAndTheSpaceBetweenThemAreNoContent() throws {
        let one = try #require(try identity(#"{"id":1,"a":{"x":[1,{"p":1,"q":2}],"y":null}}"#))
        let other = try #require(
            try identity("{ \"a\" : {\"y\":null, \"x\":[ 1 ,{\"q\":2,\n\"p\":1}]}, \"id\":1 }"))
        #expect(one.key == other.key)
        #expect(one.content == other.content)
    }

    @Test(arguments: [
        #"{"id":1,"a":2}"#, #"{"id":1,"a":"1"}"#, #"{"id":1,"a":1.0}"#, #"{"id":1,"b":1}"#, #"{"id":1,"a":1,"b":1}"#,
        #"{"id":1,"a":[1]}"#, #"{"id":1,"a":{"a":1}}"#, #"{"id":1}"#, #"{"id":1,"a":null}"#, #"{"a":1,"id":1,"":{}}"#,
        #"{"id":1,"a":[[],1]}"#, #"{"id":1,"a":[1,[]]}"#,
    ])
    func everythingElseIs(_ record: String) throws {
        let one = try #require(try identity(#"{"id":1,"a":1}"#))
        let other = try #require(try identity(record))
        #expect(one.key == other.key)
        #expect(one.content != other.content)
    }

    @Test func aRecordWithoutItsKeyHasNone() throws {
        #expect(try identity(#"{"id":null}"#) == nil)
        #expect(try identity(#"{"id":1}"#, key: ["id", "b"]) == nil)
        #expect(try identity("3") == nil)
    }
}
