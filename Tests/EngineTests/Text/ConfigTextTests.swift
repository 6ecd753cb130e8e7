import Engine
import Testing

@Suite struct DurationTextTests {
    @Test(
        arguments: [
            ("1.5s", 1_500_000_000), ("250ms", 250_000_000), ("24h", 86_400_000_000_000), ("7d", 604_800_000_000_000),
            ("1m", 60_000_000_000), ("1w", 604_800_000_000_000), ("0s", 0), ("6m0s", 360_000_000_000), ("12us", 12_000),
            ("12µs", 12_000), ("5ns", 5), ("1h2m3.5s", 3_723_500_000_000), ("PT1H30M", 5_400_000_000_000),
            ("P1D", 86_400_000_000_000), ("P1DT12H", 129_600_000_000_000), ("PT0.5S", 500_000_000),
            ("P2W", 1_209_600_000_000_000),
            ("0.000000001s", 1), ("0.3h", 1_080_000_000_000), ("99999999999h", .max),
            ("1.000000000000000000001s", 1_000_000_000),
        ] as [(String, Int64)])
    func reads(text: String, nanoseconds: Int64) {
        #expect(DurationText.parse(text) == Timespan(nanoseconds: nanoseconds))
    }

    @Test(arguments: [
        "", "s", "1", "1.5", "-1s", "+1s", "1 s", " 1s", "1S", "1.s", ".5s", "1e3s", "1y", "1month", "P", "PT", "P1M",
        "P1Y",
        "P1DT", "PT1M1H", "PT1H1H", "P1", "PT1", "1s1", "nan", "inf", "0x1s", "٣s", "99999999999999999999s", "p1d",
        "9999999999999999999999999999999999999999999999999999999999999999999s",
    ])
    func refuses(text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    @Test func survivesRandomTexts() {
        let pieces = ["1", "9", ".", "s", "m", "h", "d", "ms", "P", "T", "H", "M", "S", "99999999999", "µ", "0.1w"]
        TextFuzz.run(seed: 6, pieces: pieces) { text in
            if let span = DurationText.parse(text) { #expect(span >= .zero) }
            _ = RateText.parse(text + "/" + text)
            _ = ByteSizeText.parse(text)
        }
    }
}

@Suite struct RateTextTests {
    @Test(
        arguments: [
            ("10/s", 10, .seconds(1)), ("100/1m", 100, .seconds(60)), ("5000/h", 5000, .seconds(3600)),
            ("100/min", 100, .seconds(60)), ("1/250ms", 1, .milliseconds(250)), ("10 / s", 10, .seconds(1)),
            ("40000/day", 40_000, .seconds(86_400)), ("3/PT1M", 3, .seconds(60)),
        ] as [(String, Int64, Timespan)])
    func reads(text: String, count: Int64, per: Timespan) throws {
        let rate = try #require(RateText.parse(text))
        #expect(rate.count == count)
        #expect(rate.per == per)
    }

    @Test(arguments: [
        "", "10", "10/", "/s", "0/s", "10/0s", "-1/s", "1.5/s", "10/s/s", "10//s", "10/x", "99999999999999999999/s",
    ])
    func refuses(text: String) {
        #expect(RateText.parse(text) == nil)
    }
}

@Suite struct ByteSizeTextTests {
    @Test(
        arguments: [
            ("0", 0), ("4096", 4096), ("256MiB", 268_435_456), ("10 MB", 10_000_000), ("64KiB", 65_536),
            ("1.5GiB", 1_610_612_736),
            ("1.5TB", 1_500_000_000_000), ("7b", 7), ("10 kb", 10_000), ("0.001MB", 1000),
            ("9223372036854775807", .max),
        ] as [(String, Int64)])
    func reads(text: String, bytes: Int64) {
        #expect(ByteSizeText.parse(text) == bytes)
    }

    @Test(arguments: [
        "", "MB", "10M", "10 ", "1.5", "-1MB", "1e6", "10 MB ", "10 M B", "9223372036854775808", "9999999999TiB",
        "10ZB",
    ])
    func refuses(text: String) {
        #expect(ByteSizeText.parse(text) == nil)
    }
}
