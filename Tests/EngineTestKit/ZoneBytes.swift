/// Files of time zones, made up byte by byte (RFC 9636, 3).
public enum ZoneBytes {
    public static let berlin = file(footer: "CET-1CEST,M3.5.0,M10.5.0/3")

    /// - Parameter changes: From each instant on, that one of the offsets; the first of them holds before.
    public static func file(
        offsets: [Int32] = [3600], changes: [(at: Int64, place: UInt8)] = [], footer: String, version: String = "2",
        leapSeconds: UInt32 = 0
    ) -> [UInt8] {
        func bigEndian(_ number: some FixedWidthInteger) -> [UInt8] {
            withUnsafeBytes(of: number.bigEndian) { Array($0) }
        }
        func header(_ counts: [Int]) -> [UInt8] {
            Array("TZif".utf8) + Array(version.utf8) + Array(repeating: 0, count: 15)
                + counts.flatMap { bigEndian(UInt32($0)) }
        }
        // The old half holds a single type, as zic writes it where nobody is to read it.
        var bytes = header([0, 0, 0, 0, 1, 1]) + Array(repeating: 0, count: 6 + 1)
        bytes += header([0, 0, Int(leapSeconds), changes.count, offsets.count, 4])
        for change in changes { bytes += bigEndian(change.at) }
        for change in changes { bytes.append(change.place) }
        for offset in offsets { bytes += bigEndian(offset) + [0, 0] }
        bytes += Array("AAA\0".utf8) + Array(repeating: 0, count: Int(leapSeconds) * 12)
        return bytes + Array("\n\(footer)\n".utf8)
    }
}
