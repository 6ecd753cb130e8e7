/// A file of the time zone database (TZif, RFC 9636), as other people's bytes: read whole, or refused with a reason.
struct ZoneFile {
    struct Problem: Error, Sendable, Equatable {
        /// Behind the file's name.
        var reason: String
    }
    static let mostBytes = 64 << 10
    /// The real ones have some 250.
    private static let mostChanges = 4096

    private let bytes: [UInt8]
    private var index = 0

    static func read(_ bytes: [UInt8], name: String) throws(Problem) -> ZoneTable {
        var file = ZoneFile(bytes: bytes)
        return try file.table(name)
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private struct Header {
        var version: UInt8 = 0
        /// Times in UT, times in standard time, leap seconds, changes, types, letters of abbreviations.
        var counts: [Int] = []
        func size(ofTime width: Int) -> Int {
            counts[3] * (width + 1) + counts[4] * 6 + counts[5] + counts[2] * (width + 4) + counts[1] + counts[0]
        }
    }

    private mutating func take(_ count: Int) throws(Problem) -> ArraySlice<UInt8> {
        guard count >= 0, count <= bytes.count - index else { throw Problem(reason: "ends too soon") }
        defer { index += count }
        return bytes[index..<(index + count)]
    }

    private mutating func number(_ width: Int) throws(Problem) -> Int64 {
        var number: UInt64 = 0
        for byte in try take(width) { number = number << 8 | UInt64(byte) }
        return width == 4 ? Int64(Int32(truncatingIfNeeded: number)) : Int64(bitPattern: number)
    }

    private mutating func header() throws(Problem) -> Header {
        guard bytes.count - index >= 4, try take(4).elementsEqual("TZif".utf8) else {
            throw Problem(reason: "is no time zone's (TZif)")
        }
        var header = Header()
        header.version = try take(1).first ?? 0
        _ = try take(15)
        for _ in 0..<6 { header.counts.append(Int(UInt32(truncatingIfNeeded: try number(4)))) }
        return header
    }

    private mutating func table(_ name: String) throws(Problem) -> ZoneTable {
        guard bytes.count <= Self.mostBytes else { throw Problem(reason: "is larger than \(Self.mostBytes >> 10) KiB") }
        let old = try header()
        guard old.version >= UInt8(ascii: "2") else {
            throw Problem(reason: "is of the first version, without 64-bit times")
        }
        _ = try take(old.size(ofTime: 4))
        let header = try header()
        guard header.counts[2] == 0 else { throw Problem(reason: "counts leap seconds, which no API's times do") }
        let (count, types) = (header.counts[3], header.counts[4])
        guard count <= Self.mostChanges, (1...256).contains(types), header.size(ofTime: 8) <= bytes.count - index else {
            throw Problem(reason: "ends too soon, or has more changes than any zone")
        }
        var starts: [Int64] = []
        for _ in 0..<count {
            let start = try number(8)
            guard starts.last.map({ start > $0 }) ?? true, start.magnitude <= 1 << 60 else {
                throw Problem(reason: "has times that are not in order")
            }
            starts.append(start)
        }
        let places = Array(try take(count))
        var kinds: [Int32] = []
        for _ in 0..<types {
            let offset = try number(4)
            guard offset.magnitude <= UInt64(ZoneTable.farthest) else {
                throw Problem(reason: "has an offset of more than \(ZoneTable.farthest / 3600) hours")
            }
            kinds.append(Int32(truncatingIfNeeded: offset))
            _ = try take(2)
        }
        _ = try take(header.counts[5] + header.counts[1] + header.counts[0])
        var offsets = [kinds[0]]
        for place in places {
            guard Int(place) < kinds.count else { throw Problem(reason: "names an offset that it does not have") }
            offsets.append(kinds[Int(place)])
        }
        return try Self.table(name, starts, offsets, rule: footer())
    }

    /// Between two line feeds; what is behind it is for later versions.
    private mutating func footer() throws(Problem) -> ZoneRule? {
        guard try take(1).first == 0x0A, let end = bytes[index...].firstIndex(of: 0x0A) else {
            throw Problem(reason: "has no rule for the future")
        }
        let text = String(decoding: bytes[index..<end], as: UTF8.self)
        if text.isEmpty { return nil }
        guard let rule = ZoneRule(text), rule.isNearEnough else {
            throw Problem(reason: "has a rule that can't be read")
        }
        return rule
    }

    private static func table(
        _ name: String, _ starts: [Int64], _ offsets: [Int32], rule: ZoneRule?
    ) -> ZoneTable {
        var (starts, offsets) = (starts, offsets)
        guard let rule else { return ZoneTable(name: name, starts: starts, offsets: offsets) }
        if rule.summer == nil {
            offsets[offsets.count - 1] = Int32(truncatingIfNeeded: rule.standard)
            return ZoneTable(name: name, starts: starts, offsets: offsets)
        }
        let last = starts.last
        let first = last.map { CivilDate(daysSinceEpoch: $0 / 86_400).year } ?? 1970
        // Nobody knows summer times of the year 9000.
        guard first < 9000 else { return ZoneTable(name: name, starts: starts, offsets: offsets) }
        var changes: [(instant: Int64, offset: Int64)] = []
        for year in first...(first + 404) { changes += rule.changes(in: year) }
        // Where summer ends as the next one begins, it is summer all year.
        changes.sort {
            ($0.instant, $0.offset == rule.standard ? 0 : 1) < ($1.instant, $1.offset == rule.standard ? 0 : 1)
        }
        if last == nil { offsets = [Int32(truncatingIfNeeded: rule.standard)] }
        for change in changes where last.map({ change.instant > $0 }) ?? true {
            let offset = Int32(truncatingIfNeeded: change.offset)
            if starts.last == change.instant {
                offsets[offsets.count - 1] = offset
            } else {
                starts.append(change.instant)
                offsets.append(offset)
            }
        }
        let repeats = CivilDate(year: first + 402, month: 1, day: 1).map { $0.daysSinceEpoch * 86_400 }
        return ZoneTable(
            name: name, starts: starts, offsets: offsets, repeatsFrom: repeats, repeatsBefore: last == nil)
    }
}

extension ZoneRule {
    fileprivate var isNearEnough: Bool {
        standard.magnitude <= UInt64(ZoneTable.farthest)
            && (summer?.offset.magnitude ?? 0) <= UInt64(ZoneTable.farthest)
    }
}
