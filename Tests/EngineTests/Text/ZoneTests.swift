import EngineTestKit
import Testing

@testable import Engine

/// Expected times are those of Python's zoneinfo.
@Suite struct ZoneTests {
    static func zone(_ bytes: [UInt8], _ name: String = "Made/Up") throws -> Zone {
        Zone(try ZoneFile.read(bytes, name: name))
    }
    static func time(_ text: String) throws -> WallTime { try #require(ISO8601.parse(text), "\(text)") }

    /// Made of rules alone, of changes alone, and of both, with shifts of half an hour, of a day, and near each other.
    static func several() throws -> [Zone] {
        var zones = try [
            "CET-1CEST,M3.5.0,M10.5.0/3", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "IST-1GMT0,M10.5.0,M3.5.0/1",
            "NST3:30NDT,M3.2.0/0:01,M11.1.0/0:01", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "EET-2EEST,J60/0,300/24",
            "XXX3EDT4,0/0,J365/23", "CST6CDT,M3.2.0,M11.1.0", "<+0545>-5:45",
        ].map { try zone(ZoneBytes.file(footer: $0)) }
        zones.append(
            try zone(
                ZoneBytes.file(
                    offsets: [37_800, 50_400, -36_000, 46_800, 39_600],
                    changes: [
                        (at: -2_000_000_000, place: 3), (at: 1_325_239_200, place: 1), (at: 1_325_500_000, place: 2),
                        (at: 1_325_700_000, place: 3), (at: 1_325_712_000, place: 4), (at: 1_400_000_000, place: 3),
                    ], footer: "")))
        zones.append(
            try zone(
                ZoneBytes.file(
                    offsets: [3208, 3600, 7200],
                    changes: [(at: -2_422_054_408, place: 1), (at: 1_616_893_200, place: 2)],
                    footer: "CET-1CEST,M3.5.0,M10.5.0/3", version: "3")))
        return zones
    }

    @Test(arguments: [
        ("2025-03-30T00:59:59Z", "2025-03-30T01:59:59Z"), ("2025-03-30T01:00:00Z", "2025-03-30T03:00:00Z"),
        ("2025-10-26T00:59:59Z", "2025-10-26T02:59:59Z"), ("2025-10-26T01:00:00Z", "2025-10-26T02:00:00Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T01:00:00Z"), ("2399-07-01T00:00:00Z", "2399-07-01T02:00:00Z"),
        ("2400-03-26T01:00:00Z", "2400-03-26T03:00:00Z"), ("9999-07-01T00:00:00Z", "9999-07-01T02:00:00Z"),
        ("1700-07-01T00:00:00Z", "1700-07-01T02:00:00Z"),
    ])
    func clocks(_ instant: String, _ shown: String) throws {
        let zone = try Self.zone(ZoneBytes.berlin)
        #expect(zone.local(try Self.time(instant)) == (try Self.time(shown)))
        #expect(zone.local(zone.time(ofLocal: try Self.time(shown))) == (try Self.time(shown)))
    }

    @Test func whatComesTwiceAndNever() throws {
        let zone = try Self.zone(ZoneBytes.berlin)
        #expect(zone.time(ofLocal: try Self.time("2025-10-26T02:30:00Z")) == (try Self.time("2025-10-26T00:30:00Z")))
        #expect(zone.time(ofLocal: try Self.time("2025-10-26T03:00:00Z")) == (try Self.time("2025-10-26T02:00:00Z")))
        #expect(zone.time(ofLocal: try Self.time("2025-03-30T02:30:00Z")) == (try Self.time("2025-03-30T01:30:00Z")))
        for (low, time, high) in [
            ("2025-10-26T00:00:00Z", "2025-10-26T00:00:00.5Z", "2025-10-26T02:00:00Z"),
            ("2025-10-26T00:00:00Z", "2025-10-26T01:59:59.9Z", "2025-10-26T02:00:00Z"),
            ("2025-10-26T02:00:00Z", "2025-10-26T02:00:00Z", "2025-10-26T02:00:00Z"),
            ("2025-10-26T00:00:00Z", "2025-10-26T00:00:00Z", "2025-10-26T00:00:00Z"),
            ("2025-03-30T01:00:00Z", "2025-03-30T01:30:00Z", "2025-03-30T02:00:00Z"),
            ("2025-05-30T01:00:00Z", "2025-05-30T01:00:00Z", "2025-05-30T01:00:00Z"),
        ] {
            #expect(zone.lowered(try Self.time(time)) == (try Self.time(low)), "\(time)")
            #expect(zone.raised(try Self.time(time)) == (try Self.time(high)), "\(time)")
        }
    }

    @Test func summerAllYearAndNegativeOnes() throws {
        let always = try Self.zone(ZoneBytes.file(footer: "XXX3EDT4,0/0,J365/23"))
        let dublin = try Self.zone(ZoneBytes.file(footer: "IST-1GMT0,M10.5.0,M3.5.0/1"))
        for day in ["2025-01-01T00:00:00Z", "2025-07-01T12:00:00Z", "2025-12-31T23:59:59Z", "2028-02-29T00:00:00Z"] {
            #expect(always.offset(at: try Self.time(day)) == -14_400, "\(day)")
        }
        #expect(dublin.offset(at: try Self.time("2025-01-15T00:00:00Z")) == 0)
        #expect(dublin.offset(at: try Self.time("2025-07-15T00:00:00Z")) == 3600)
        #expect(dublin.offset(at: try Self.time("2025-03-30T00:59:59Z")) == 0)
        #expect(dublin.offset(at: try Self.time("2025-03-30T01:00:00Z")) == 3600)
    }

    /// Put forward, and back farther before that hour is over: the text that is leapt over comes all the same.
    @Test func twoChangesWithinHours() throws {
        let zone = try Self.zone(
            ZoneBytes.file(
                offsets: [-10_800, 0, -14_400], changes: [(at: 0, place: 1), (at: 3600, place: 2)], footer: ""))
        for second in [3600, 5000, 20_000, -1, -9000] as [Int64] {
            let time = WallTime(epochSeconds: second)
            #expect(zone.local(zone.time(ofLocal: zone.local(time))) == zone.local(time), "\(second)")
        }
    }

    /// What incremental reading builds on: a bound divides times and the texts that are written at them alike.
    @Test func noTextRunsAcrossABound() throws {
        for (number, zone) in try Self.several().enumerated() {
            let table = try #require(zone.table)
            var chance = Seeded(seed: UInt64(number))
            var around: [Int64] = table.starts.prefix(6) + table.starts.suffix(3)
            around += (0..<20).map { _ in table.starts.isEmpty ? 0 : table.starts[chance.below(table.starts.count)] }
            var wrong: [String] = []
            for start in around {
                let times = (0..<25).map { _ in
                    WallTime(epochSeconds: start - 100_000 + chance.below(200_000 as Int64) / 60 * 60)
                }
                for bound in times {
                    let (low, high) = (zone.lowered(bound), zone.raised(bound))
                    let isInOrder =
                        low <= bound && bound <= high && zone.lowered(low) == low && zone.raised(high) == high
                        && zone.raised(low) == low
                    if !isInOrder { wrong.append("\(bound.text): from \(low.text) to \(high.text)") }
                    for time in times {
                        let read = zone.time(ofLocal: zone.local(time))
                        let isTold =
                            read <= time && zone.local(read) == zone.local(time) && (read < low) == (time < low)
                            && (read < high) == (time < high)
                        if !isTold { wrong.append("\(time.text) read as \(read.text), across \(bound.text)") }
                    }
                }
            }
            #expect(wrong.isEmpty, "\(number): \(wrong.count), \(wrong.prefix(3))")
        }
    }

    @Test func theCalendarRepeatsItself() throws {
        for zone in try Self.several() where zone.table?.repeatsFrom != nil {
            var chance = Seeded(seed: 4)
            for _ in 0..<300 {
                let time = WallTime(epochSeconds: 4_000_000_000 + chance.below(8_000_000_000 as Int64))
                let later = WallTime(epochSeconds: time.seconds + 12_622_780_800)
                #expect(zone.offset(at: time) == zone.offset(at: later))
                #expect(zone.time(ofLocal: later).seconds - zone.time(ofLocal: time).seconds == 12_622_780_800)
                #expect(zone.lowered(later).seconds - zone.lowered(time).seconds == 12_622_780_800)
            }
        }
    }

    @Test func offsetsAsEver() throws {
        let zone = Zone(offset: -12_600)
        let time = try Self.time("2025-10-26T00:30:00Z")
        #expect(zone.local(time) == (try Self.time("2025-10-25T21:00:00Z")))
        #expect(zone.time(ofLocal: zone.local(time)) == time)
        #expect(zone.lowered(time) == time && zone.raised(time) == time && zone.change(at: time) == nil)
        #expect(Zone.utc.isUTC && !zone.isUTC && zone.name == nil)
    }

    // MARK: files

    @Test func refusesWhatIsNoZone() throws {
        func reason(_ bytes: [UInt8]) -> String {
            do throws(ZoneFile.Problem) {
                _ = try ZoneFile.read(bytes, name: "Made/Up")
                return ""
            } catch { return error.reason }
        }
        let fine = ZoneBytes.berlin
        #expect(reason(fine) == "")
        #expect(reason([]) == "is no time zone's (TZif)")
        #expect(reason(Array("root:x:0:0".utf8)) == "is no time zone's (TZif)")
        #expect(reason(ZoneBytes.file(footer: "CET-1", version: "\0")).hasPrefix("is of the first version"))
        #expect(reason(ZoneBytes.file(footer: "CET-1", leapSeconds: 2)).hasPrefix("counts leap seconds"))
        #expect(reason(ZoneBytes.file(footer: "CET-1CEST")) == "has a rule that can't be read")
        #expect(reason(ZoneBytes.file(footer: "CET-1CEST,M13.5.0,M10.5.0/3")) == "has a rule that can't be read")
        #expect(reason(ZoneBytes.file(offsets: [200_000], footer: "")) == "has an offset of more than 26 hours")
        #expect(
            reason(ZoneBytes.file(changes: [(at: 5, place: 0), (at: 5, place: 0)], footer: ""))
                == "has times that are not in order")
        #expect(
            reason(ZoneBytes.file(changes: [(at: 5, place: 1)], footer: "")) == "names an offset that it does not have")
        #expect(reason(ZoneBytes.file(footer: String(repeating: "A", count: 70_000))) == "is larger than 64 KiB")
        for length in 0..<fine.count { #expect(reason(Array(fine.prefix(length))) != "", "\(length)") }
    }

    /// Any bytes are read or refused, and what is read tells times.
    @Test func hostileFiles() throws {
        let zone = try #require(try Self.several().last?.table)
        let base = ZoneBytes.file(
            offsets: zone.offsets.prefix(3) + [0], changes: [(at: -5, place: 1), (at: 1_616_893_200, place: 2)],
            footer: "CET-1CEST,M3.5.0,M10.5.0/3")
        var chance = Seeded(seed: 11)
        var read = 0
        for _ in 0..<1500 {
            var bytes = base
            for _ in 0...chance.below(3) {
                bytes[chance.below(bytes.count)] = UInt8(truncatingIfNeeded: chance.below(256))
            }
            guard let table = try? ZoneFile.read(bytes, name: "Made/Up") else { continue }
            read += 1
            let zone = Zone(table)
            for second in [.min, .max, 0, table.starts.first ?? 1, table.starts.last ?? 2] as [Int64] {
                let time = WallTime(epochSeconds: second)
                _ = (zone.local(time), zone.time(ofLocal: time), zone.lowered(time), zone.raised(time))
            }
        }
        #expect(read > 100 && read < 1500, "\(read)")
    }
}
