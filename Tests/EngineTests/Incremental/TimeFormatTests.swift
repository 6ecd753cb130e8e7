import Testing

@testable import Engine

@Suite struct TimeFormatTests {
    static let time = WallTime(epochSeconds: 1_709_210_096, nanoseconds: 123_456_789)  // 2024-02-29T12:34:56.123456789Z

    @Test(arguments: [
        ("iso", "2024-02-29T12:34:56Z"), ("iso_ms", "2024-02-29T12:34:56.123Z"),
        ("iso_us", "2024-02-29T12:34:56.123456Z"), ("date", "2024-02-29"), ("epoch_s", "1709210096"),
        ("epoch_ms", "1709210096123"), ("epoch_us", "1709210096123456"),
        ("%Y-%m-%d %H:%M:%S", "2024-02-29 12:34:56"), ("%d/%b/%Y %I:%M %p", "29/Feb/2024 12:34 PM"),
        ("since:%F %T.%L%z!", "since:2024-02-29 12:34:56.123+0000!"), ("%Y%j%H", "202406012"),
        ("%s.%f", "1709210096.123456"),
        ("%B %d %y 100%%", "February 29 24 100%"),
    ])
    func writesAndReadsBack(_ name: String, _ text: String) throws {
        let format = try #require(TimeFormat.parse(name))
        #expect(format.write(Self.time, zone: .utc) == text)
        let read = try #require(format.read(text, zone: .utc))
        // What is written is the time, cut to what the format can say.
        #expect(read <= Self.time && Self.time < read + format.resolution)
        #expect(format.write(read, zone: .utc) == text)
    }

    @Test func cutsNeverRoundsUp() throws {
        let late = WallTime(epochSeconds: 1_709_251_199, nanoseconds: 999_999_999)
        for (name, text) in [("iso", "2024-02-29T23:59:59Z"), ("date", "2024-02-29"), ("epoch_s", "1709251199")] {
            let format = try #require(TimeFormat.parse(name))
            #expect(format.write(late, zone: .utc) == text)
            let up = format.roundedUp(late, zone: .utc)
            #expect(up >= late && up - late < format.resolution)
            #expect(format.roundedUp(up, zone: .utc) == up)
        }
    }

    @Test func zonesAreOffsets() throws {
        let format = try #require(TimeFormat.parse("%Y-%m-%d %H:%M:%S"))
        let summer = try #require(TextForm.zone("+02:00"))
        #expect(summer == 7200)
        #expect(format.write(Self.time, zone: Zone(offset: summer)) == "2024-02-29 14:34:56")
        #expect(format.read("2024-02-29 14:34:56", zone: Zone(offset: summer))?.seconds == Self.time.seconds)
        #expect(TimeFormat.iso(digits: 0).write(Self.time, zone: Zone(offset: summer)) == "2024-02-29T14:34:56+02:00")
        // The text's own zone goes before the document's.
        #expect(
            TimeFormat.iso(digits: 0).read("2024-02-29T14:34:56+02:00", zone: Zone(offset: -3600))?.seconds
                == Self.time.seconds)
        #expect(
            TimeFormat.iso(digits: 0).read("2024-02-29T14:34:56", zone: Zone(offset: summer))?.seconds
                == Self.time.seconds)
        #expect(
            TimeFormat.date.write(WallTime(epochSeconds: 1_709_247_600), zone: Zone(offset: summer)) == "2024-03-01")
        #expect(TextForm.zone("-0330") == -12_600 && TextForm.zone("UTC") == 0 && TextForm.zone("Europe/Berlin") == nil)
    }

    /// Where clocks are put back an hour comes twice; with offsets the two are told apart and in order.
    @Test func theHourThatComesTwice() throws {
        let format = TimeFormat.iso(digits: 0)
        let first = try #require(format.read("2024-10-27T02:30:00+02:00", zone: .utc))
        let second = try #require(format.read("2024-10-27T02:30:00+01:00", zone: .utc))
        #expect(second - first == .seconds(3600))
    }

    @Test func numbersByTheirSize() {
        func any(_ text: String) -> Int64? { TimeFormat.readAny(text, zone: .utc)?.seconds }
        #expect(any("1709210096") == 1_709_210_096)
        #expect(any("1709210096123") == 1_709_210_096)
        #expect(any("1709210096123456") == 1_709_210_096)
        #expect(any("1709210096.5") == 1_709_210_096)
        #expect(any("-1") == -1)
        #expect(any("2024-02-29") == 1_709_164_800)
        #expect(any("yesterday") == nil && any("") == nil && any("99999999999999999999999999") == nil)
        #expect(
            TimeFormat.epoch(digits: 3).read("-1500", zone: .utc)
                == WallTime(epochSeconds: -2, nanoseconds: 500_000_000))
    }

    @Test(arguments: ["", "%", "%Q", "%H:%M", "%Y", "%Y-%m", "never", "%Y-%m-%d %"])
    func refusesWhatLeavesTheDayOpen(_ text: String) { #expect(TimeFormat.parse(text) == nil) }

    @Test func hostileTextsAreNoTimes() {
        let format = TimeFormat.parse("%Y-%m-%d %H:%M:%S%z") ?? .date
        TextFuzz.run(seed: 7, pieces: ["2024-", "02-", "29 ", "12:", "34:", "56", "+02:00", "%", "-", "99", "0"]) {
            text in
            if let time = format.read(text, zone: .utc) { _ = format.write(time, zone: Zone(offset: 3600)) }
            if let time = TimeFormat.readAny(text, zone: Zone(offset: -3600)) {
                _ = TimeFormat.epoch(digits: 6).write(time, zone: .utc)
            }
            if let pattern = TimePattern(text) { _ = pattern.write(Self.time, zone: .utc) }
            if let step = CalendarStep.parse(text) { _ = step.added(to: Self.time, times: -3, zone: .utc) }
        }
    }
}

@Suite struct CalendarStepTests {
    private func day(_ text: String) -> WallTime { ISO8601.parse(text) ?? WallTime(epochSeconds: 0) }

    @Test(arguments: [
        ("1 month", 1, "2024-02-29"), ("1 month", 2, "2024-03-31"), ("1 month", 13, "2025-02-28"),
        ("P1Y", 1, "2025-01-31"),
        ("3 months", -1, "2023-10-31"), ("2 weeks", 1, "2024-02-14"), ("1d", -31, "2023-12-31"),
        ("P1M", -2, "2023-11-30"),
    ])
    func countsFromWhereItStarts(_ step: String, _ times: Int64, _ expected: String) throws {
        let step = try #require(CalendarStep.parse(step))
        #expect(step.added(to: day("2024-01-31"), times: times, zone: .utc) == day(expected))
    }

    @Test func monthsBeginWhereTheZoneSaysSo() throws {
        // 1 March 00:30 in +02:00 is still February in UTC.
        let step = try #require(CalendarStep.parse("1 month"))
        #expect(step.added(to: day("2024-02-29T22:30:00Z"), zone: Zone(offset: 7200)) == day("2024-03-31T22:30:00Z"))
        #expect(step.added(to: day("2024-02-29T22:30:00Z"), zone: .utc) == day("2024-03-29T22:30:00Z"))
    }

    /// Else a run would remember less than the next one asks for.
    @Test(arguments: ["1 month", "2 months", "1 year", "90m", "1d"])
    func whatLooksBackNeverTurnsRound(_ text: String) throws {
        let step = try #require(CalendarStep.parse(text)).even
        var last = step.back(from: Self.start, zone: .utc)
        for hour in 1...(24 * 800) {
            let time = Self.start + .seconds(Int64(hour) * 3600)
            let back = step.back(from: time, zone: .utc)
            #expect(back >= last && back <= step.added(to: time, times: -1, zone: .utc))
            last = back
        }
    }

    private static let start = WallTime(epochSeconds: 1_700_000_000)

    @Test func leapDays() throws {
        let year = try #require(CalendarStep.parse("1 year"))
        #expect(year.added(to: day("2024-02-29"), zone: .utc) == day("2025-02-28"))
        #expect(year.added(to: day("2024-02-29"), times: 4, zone: .utc) == day("2028-02-29"))
    }

    @Test(arguments: ["", "1", "month", "1 moon", "-1d", "P", "1 month 2", "9999999 days"])
    func refuses(_ text: String) { #expect(CalendarStep.parse(text) == nil) }
}
