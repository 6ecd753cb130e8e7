import Testing

@testable import Engine

@Suite struct CanonicalBatchTests {
    private func hash(_ records: [String]) -> String {
        var batch = CanonicalBatch()
        for record in records { Array(record.utf8).withUnsafeBytes { batch.add($0) } }
        return batch.hex
    }

    @Test func noOrderChangesIt() {
        let one = #"{"id":1,"of":{"a":[1,2],"b":null},"text":"é"}"#
        let two = #"{"id":2}"#
        let wanted = hash([one, two])
        #expect(hash([two, one]) == wanted)
        #expect(hash([two, #" { "text" : "é", "of": {"b": null, "a": [ 1,2 ]},"# + "\n" + #""id":1 } "#]) == wanted)
        // Of a repeated name the last one counts.
        #expect(hash([#"{"id":7,"id":2}"#, one]) == wanted)
    }

    @Test func contentDoes() {
        let wanted = hash([#"{"id":1,"n":1.10,"l":[1,2]}"#])
        for other in [
            #"{"id":1,"n":1.1,"l":[1,2]}"#, #"{"id":1,"n":1.10,"l":[2,1]}"#, #"{"id":1,"n":"1.10","l":[1,2]}"#,
            #"{"id":1,"l":[1,2]}"#, #"{"id":1,"n":1.10,"l":[1,2],"m":{}}"#,
        ] {
            #expect(hash([other]) != wanted, "\(other)")
        }
        #expect(hash([#"{"id":1,"n":1.10,"l":[1,2]}"#, #"{"id":1,"n":1.10,"l":[1,2]}"#]) != wanted)
    }

    /// As anybody can make it: `sha256sum` of the text, and of what that gives.
    @Test func itIsWhatTheSchemaSays() {
        // printf '{"a":1,"b":[true]}' | openssl dgst -sha256 -binary | sha256sum
        #expect(hash([#"{"b": [true], "a": 1}"#]) == "7bff260a3500f9c0cf0f67e55c85270b9185fc0ca2faca3c8b1b5a9dac958c58")
        // The same of "2" and "1", in the order of their hashes, one behind the other.
        #expect(hash(["2", "1"]) == "4295f72eeb1e3507b8461e240e3b8d18c1e7bd2f1122b11fc9ec40a65894031a")
        #expect(hash([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }
}
