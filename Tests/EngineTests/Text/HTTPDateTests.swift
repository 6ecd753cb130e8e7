import Engine
import Testing

@Suite struct HTTPDateTests {
    static let now = WallTime(epochSeconds: 1_700_000_000)

    @Test(.enabled(if: Vectors.exist("httpdate.json"), "needs the shared vectors"))
    func isStrictOnAllVectors() throws {
        let cases = try Vectors.cases("httpdate.json")
        #expect(cases.count >= 194)
        for example in cases {
            let input = try #require(example["input"] as? String)
            let expected = (example["rfc9110_strict"] as? Int).map(Int64.init)
            #expect(HTTPDate.parse(input, now: Self.now) == expected, "\(input)")
        }
    }

    @Test func centuryOfShortYearsComesFromNow() throws {
        let early = WallTime(epochSeconds: 0)
        #expect(HTTPDate.parse("Sunday, 06-Nov-94 08:49:37 GMT", now: early) == 784_111_777)
        let late = WallTime(epochSeconds: 3_900_000_000)  // 2093
        #expect(HTTPDate.parse("Sunday, 06-Nov-94 08:49:37 GMT", now: late) == 3_939_871_777)
        // A clock that is nonsense gives a date that is, and no trap.
        for seconds in [Int64.min, .max] {
            _ = HTTPDate.parse("Sunday, 06-Nov-94 08:49:37 GMT", now: WallTime(epochSeconds: seconds))
        }
    }

    @Test func takesUTCOnlyWhenAsked() {
        let text = "Mon, 03 Jun 2019 12:00:00 UTC"
        #expect(HTTPDate.parse(text, now: Self.now) == nil)
        #expect(HTTPDate.parse(text, now: Self.now, acceptingUTC: true) == 1_559_563_200)
    }

    @Test func survivesRandomTexts() {
        let pieces = [
            "Sun", "Sunday", ", ", "06", " ", "Nov", "-94", "1994", ":", "08", " GMT", "Sun, 06 Nov 1994 08:49:37 GMT",
        ]
        TextFuzz.run(seed: 3, pieces: pieces) { _ = HTTPDate.parse($0, now: Self.now) }
    }
}
