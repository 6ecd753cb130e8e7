import Testing

@testable import Engine

@Suite struct ExactNumberTests {
    @Test(arguments: [
        ("1", "1.0"), ("1.10", "1.1"), ("100", "1e2"), ("0", "-0"), ("0", "0e99999999999999999999"), ("0.001", "1E-3"),
        ("12345678901234567890", "1234567890123456789.0e1"), ("-2.50", "-25e-1"), ("123e-2", "1.23"),
    ])
    func sameInOtherSpellings(a: String, b: String) throws {
        #expect(try #require(ExactNumber(a)) == #require(ExactNumber(b)))
    }

    @Test func orderIsExact() throws {
        let ascending = [
            "-1e400", "-12345678901234567891", "-12345678901234567890", "-10", "-1.5", "-1", "-0.1", "0",
            "1e-9223372036854775808", "1e-400", "0.1", "0.10000000000000000001", "1", "9", "10", "9007199254740992",
            "9007199254740993", "999999999999999999", "1000000000000000000", "12345678901234567890",
            "12345678901234567891", "1e400", "1e9223372036854775807",
        ]
        let numbers = try ascending.map { try #require(ExactNumber($0), "\($0)") }
        for (i, a) in numbers.enumerated() {
            for (j, b) in numbers.enumerated() {
                #expect((a < b) == (i < j), "\(ascending[i]) \(ascending[j])")
                #expect((a == b) == (i == j), "\(ascending[i]) \(ascending[j])")
            }
        }
    }

    @Test(arguments: ["", "-", "01", "1.", ".5", "1e", "1e+", "+1", "0x1", "1 ", "١", "1.2.3", "NaN", "--1"])
    func refusesWhatIsNoNumber(text: String) { #expect(ExactNumber(text) == nil) }
}
