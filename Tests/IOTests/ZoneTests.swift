import EngineTestKit
import Foundation
import IO
import Testing

@testable import Engine

/// The system's own database, beside what Python's zoneinfo makes of it.
@Suite struct ZoneDatabaseTests {
    private static let directory = "/usr/share/zoneinfo"

    @Test func theSameAsPython() throws {
        let script = Process()
        script.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        script.arguments = [
            "python3", URL(fileURLWithPath: #filePath + "/../../zones.py").standardized.path, Self.directory,
        ]
        let pipe = Pipe()
        script.standardOutput = pipe
        try script.run()
        let told = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        script.waitUntilExit()
        #expect(script.terminationStatus == 0)
        var zones: [String: Zone] = [:]
        var wrong: [String] = []
        var lines = 0
        for line in told.split(separator: "\n") {
            lines += 1
            let parts = line.split(separator: " ")
            let name = String(parts[0])
            let numbers = parts.dropFirst().compactMap { Int64($0) }
            let zone = try zones[name] ?? Zone(ZoneFile.read(ProcessReferences().zone(name), name: name))
            zones[name] = zone
            let time = WallTime(epochSeconds: numbers[0])
            let mine = [
                zone.local(time).seconds, zone.seconds(ofLocal: numbers[1]), zone.seconds(ofLocal: numbers[1] + 5400),
            ]
            if mine != Array(numbers.dropFirst()) { wrong.append("\(line): \(mine)") }
        }
        #expect(zones.count > 300 && lines > 10_000, "\(zones.count) zones, \(lines) lines")
        #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(5))")
        checkBounds(zones)
    }

    /// A bound of incremental reading divides times and the texts that are written at them alike.
    private func checkBounds(_ zones: [String: Zone]) {
        let most = ProcessInfo.processInfo.environment["PENSTOCK_ALL_CHANGES"] == nil ? 4 : .max
        var wrong: [String] = []
        for (name, zone) in zones {
            for start in zone.table?.starts.prefix(most) ?? [] {
                for away in [-5400, -1800, 0, 900, 5400] as [Int64] {
                    let bound = WallTime(epochSeconds: start + away)
                    let (low, high) = (zone.lowered(bound), zone.raised(bound))
                    for away in [-7200, -3600, -1800, -1, 0, 1, 1800, 3600, 7200] as [Int64] {
                        let time = WallTime(epochSeconds: start + away)
                        let read = zone.time(ofLocal: zone.local(time))
                        if (read < low) != (time < low) || (read < high) != (time < high) || read > time {
                            wrong.append("\(name): \(time.text) read as \(read.text), across \(bound.text)")
                        }
                    }
                }
            }
        }
        #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(5))")
    }

    @Test func namesThatAreNone() {
        func reason(_ name: String) -> String {
            do throws(ReferenceError) {
                _ = try ProcessReferences().zone(name)
                return ""
            } catch { return error.reason }
        }
        #expect(reason("Europe/Nowhere") == "/usr/share/zoneinfo/Europe/Nowhere can't be opened: it does not exist")
        #expect(reason("Europe") == "/usr/share/zoneinfo/Europe is not a regular file")
    }

    /// Text files lie in the same directory.
    @Test func whatIsNoZoneThere() throws {
        let failure = #expect(throws: Failure.self) {
            _ = try Source.parse(
                document: Documents.parse(
                    Array(
                        #"{"base_url": "https://a.example", "streams": {"s": {"path": "/s", "incremental": {"field": "at", "from": "since", "zone": "iso3166/tab"}}}}"#
                            .utf8)), references: ProcessReferences())
        }
        #expect(failure?.pointer == "/streams/s/incremental/zone")
        #expect(
            failure?.message
                == "at /streams/s/incremental/zone: the time zone \"iso3166/tab\" can't be read: /usr/share/zoneinfo/iso3166/tab can't be opened: it does not exist"
        )
    }
}
