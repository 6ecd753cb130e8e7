import EngineTestKit
import Testing

@testable import Engine

@Suite struct CanonicalBatchTests {
    private func hash(_ records: [String]) throws -> String {
        var batch = CanonicalBatch { TestServices(.always(0)).sha256($0) }
        for record in records { try Array(record.utf8).withUnsafeBytes { try batch.add($0) } }
        return try batch.takeHex()
    }

    @Test func noOrderChangesIt() throws {
        let one = #"{"id":1,"of":{"a":[1,2],"b":null},"text":"é"}"#
        let two = #"{"id":2}"#
        let wanted = try hash([one, two])
        #expect(try hash([two, one]) == wanted)
        #expect(
            try hash([two, #" { "text" : "é", "of": {"b": null, "a": [ 1,2 ]},"# + "\n" + #""id":1 } "#]) == wanted)
        // Of a repeated name the last one counts.
        #expect(try hash([#"{"id":7,"id":2}"#, one]) == wanted)
    }

    @Test func contentDoes() throws {
        let wanted = try hash([#"{"id":1,"n":1.10,"l":[1,2]}"#])
        for other in [
            #"{"id":1,"n":1.1,"l":[1,2]}"#, #"{"id":1,"n":1.10,"l":[2,1]}"#, #"{"id":1,"n":"1.10","l":[1,2]}"#,
            #"{"id":1,"l":[1,2]}"#, #"{"id":1,"n":1.10,"l":[1,2],"m":{}}"#,
        ] {
            #expect(try hash([other]) != wanted, "\(other)")
        }
        #expect(try hash([#"{"id":1,"n":1.10,"l":[1,2]}"#, #"{"id":1,"n":1.10,"l":[1,2]}"#]) != wanted)
    }

    /// As anybody can make it: `sha256sum` of the text, and of what that gives.
    @Test func itIsWhatTheSchemaSays() throws {
        // printf '{"a":1,"b":[true]}' | openssl dgst -sha256 -binary | sha256sum
        #expect(
            try hash([#"{"b": [true], "a": 1}"#]) == "7bff260a3500f9c0cf0f67e55c85270b9185fc0ca2faca3c8b1b5a9dac958c58")
        // The same of "2" and "1", in the order of their hashes, one behind the other.
        #expect(try hash(["2", "1"]) == "4295f72eeb1e3507b8461e240e3b8d18c1e7bd2f1122b11fc9ec40a65894031a")
        #expect(try hash([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }
}
