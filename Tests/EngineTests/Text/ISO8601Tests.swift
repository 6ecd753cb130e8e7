import Engine
import Foundation
import Testing

@Suite struct ISO8601Tests {
    @Test(
        arguments: [
            ("2023-11-14T22:13:20Z", 1_700_000_000, 0), ("2023-11-14T22:13:20.5Z", 1_700_000_000, 500_000_000),
            ("2023-11-14t22:13:20z", 1_700_000_000, 0), ("2023-11-14 22:13:20", 1_700_000_000, 0),
            ("2023-11-15T00:13:20+02:00", 1_700_000_000, 0), ("2023-11-14T20:13:20-0200", 1_700_000_000, 0),
            ("2023-11-14T23:13:20+01", 1_700_000_000, 0), ("2023-11-14T22:13Z", 1_699_999_980, 0),
            ("2023-11-14 22:13:20 UTC", 1_700_000_000, 0), ("2023-11-14 22:13:20 +0000", 1_700_000_000, 0),
            ("2023-11-14", 1_699_920_000, 0), ("2023-11-14T22:13:20.1234567899Z", 1_700_000_000, 123_456_789),
            ("2023-11-14T22:13:20,25Z", 1_700_000_000, 250_000_000), ("1969-12-31T23:59:59.999Z", -1, 999_000_000),
            ("0000-01-01T00:00:00Z", -62_167_219_200, 0), ("0001-01-01T00:00:00Z", -62_135_596_800, 0),
            ("9999-12-31T23:59:60Z", 253_402_300_800, 0), ("2024-02-29T00:00:00Z", 1_709_164_800, 0),
        ] as [(String, Int64, Int32)])
    func reads(text: String, seconds: Int64, nanoseconds: Int32) {
        #expect(ISO8601.parse(text) == WallTime(epochSeconds: seconds, nanoseconds: nanoseconds))
    }

    @Test(arguments: [
        "", "2023", "2023-11", "2023-13-01", "2023-02-29", "2023-00-01", "2023-01-00", "2023-11-14T",
        "2023-11-14T24:00Z",
        "2023-11-14T22:60Z", "2023-11-14T22:13:61Z", "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20ZZ", "+2023-11-14",
        "2023-11-14T22:13:20+24:00", "2023-11-14T22:13:20+1", "2023-11-14T22:13:20 ", "2023-11-14T22",
        "20231114T221320Z",
        "99999-01-01", "2023-11-14T22:13:20 PST", "２０２３-11-14",
    ])
    func refuses(text: String) {
        #expect(ISO8601.parse(text) == nil)
    }

    @Test func formats() {
        let time = WallTime(epochSeconds: 1_700_000_000, nanoseconds: 123_999_999)
        #expect(ISO8601.format(time) == "2023-11-14T22:13:20Z")
        #expect(ISO8601.format(time, fractionDigits: 3) == "2023-11-14T22:13:20.123Z")
        #expect(ISO8601.format(time, fractionDigits: 99) == "2023-11-14T22:13:20.123999999Z")
        #expect(ISO8601.format(time, fractionDigits: -1) == "2023-11-14T22:13:20Z")
        #expect(ISO8601.date(time) == "2023-11-14")
        #expect(ISO8601.format(WallTime(epochSeconds: -1)) == "1969-12-31T23:59:59Z")
        #expect(ISO8601.format(WallTime(epochSeconds: .min)) == "0000-01-01T00:00:00Z")
        #expect(ISO8601.format(WallTime(epochSeconds: .max)) == "9999-12-31T23:59:59Z")
        #expect(ISO8601.date(WallTime(epochSeconds: .max)) == "9999-12-31")
        #expect(ISO8601.date(WallTime(epochSeconds: .min)) == "0000-01-01")
    }

    @Test func dayNumbersAgreeWithTheirDates() {
        var day: Int64 = -719_528
        while day <= 2_932_896 {
            let date = CivilDate(daysSinceEpoch: day)
            #expect(date.daysSinceEpoch == day)
            #expect(CivilDate(year: date.year, month: date.month, day: date.day) == date)
            day += 97
        }
    }

    @Test func formattedTimesReadBack() {
        var fuzz = TextFuzz(seed: 4)
        for _ in 0..<2000 {
            let time = WallTime(
                epochSeconds: Int64(fuzz.below(315_569_520_000)) - 62_167_219_200,
                nanoseconds: Int32(fuzz.below(1_000_000_000)))
            #expect(ISO8601.parse(ISO8601.format(time, fractionDigits: 9)) == time)
        }
    }

    @Test func survivesRandomTexts() {
        let pieces = ["2023-11-14", "T", "22:13", ":20", ".5", "Z", "+02:00", " UTC", "-", "9999", "99"]
        TextFuzz.run(seed: 5, pieces: pieces) { _ = ISO8601.parse($0) }
    }

    @Test func wallTimeArithmeticSaturates() {
        let first = WallTime(epochSeconds: .min)
        let last = WallTime(epochSeconds: .max, nanoseconds: 999_999_999)
        #expect(last - first == Timespan(nanoseconds: .max))
        #expect(first - last == Timespan(nanoseconds: .min))
        #expect((last + Timespan(nanoseconds: .max)).seconds == .max)
        #expect((first - Timespan(nanoseconds: .max)).seconds == .min)
        let time = WallTime(epochSeconds: 10, nanoseconds: 100)
        #expect(time - Timespan(nanoseconds: 200) == WallTime(epochSeconds: 9, nanoseconds: 999_999_900))
        #expect(time - WallTime(epochSeconds: 9, nanoseconds: 999_999_900) == Timespan(nanoseconds: 200))
        #expect(WallTime(epochSeconds: 0, nanoseconds: -5).nanoseconds == 0)
    }
}
