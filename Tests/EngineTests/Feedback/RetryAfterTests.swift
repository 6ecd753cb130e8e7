import Engine
import Testing

@Suite struct RetryAfterTests {
    static let now = WallTime(epochSeconds: 1_700_000_000)

    @Test(
        arguments: [
            ("120", 120_000), ("0", 0), ("2.0", 2000), ("0.5", 500), ("31622400", 31_622_400_000),
            ("Tue, 14 Nov 2023 22:15:20 GMT", 120_000), ("Tue Nov 14 22:15:20 2023", 120_000),
            ("Tuesday, 14-Nov-23 22:15:20 GMT", 120_000), ("Tue, 14 Nov 2000 22:15:20 GMT", 0),
            ("2023-11-14T22:13:20.250Z", 250), ("1700000060", 60_000), ("1699999999", 0),
        ] as [(String, Int64)])
    func reads(value: String, milliseconds: Int64) {
        #expect(RetryAfter.parse(value, now: Self.now) == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        "", "-1", "+1", "1e3", "31622401", "500000000", "1800000000", "1600000000", "1700000060000", "soon", "5, 10",
        "5;w=1",
        "99999999999999999999", "NaN", "²", "Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31T23:59:59Z", "1.", ".5",
    ])
    func refuses(value: String) {
        #expect(RetryAfter.parse(value, now: Self.now) == nil)
    }
}
