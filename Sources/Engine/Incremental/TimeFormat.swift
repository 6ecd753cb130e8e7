/// How an API writes a time, in its records or in requests.
public enum TimeFormat: Sendable, Hashable {
    /// With so many digits of the second's fraction.
    case iso(digits: Int)
    case date
    /// Seconds since 1970, times ten to the power of `digits`.
    case epoch(digits: Int)
    case pattern(TimePattern)

    static let names: [(name: String, format: TimeFormat)] = [
        ("iso", .iso(digits: 0)), ("iso_ms", .iso(digits: 3)), ("iso_us", .iso(digits: 6)), ("date", .date),
        ("epoch_s", .epoch(digits: 0)), ("epoch_ms", .epoch(digits: 3)), ("epoch_us", .epoch(digits: 6)),
    ]

    /// A name, or a pattern with a `%` in it.
    static func parse(_ text: String) -> TimeFormat? {
        names.first { $0.name == text }?.format ?? TimePattern(text).map { .pattern($0) }
    }

    var isNumber: Bool { if case .epoch = self { true } else { false } }

    /// The finest step between two times in this format.
    var resolution: Timespan {
        switch self {
        case .iso(let digits), .epoch(let digits): Timespan(nanoseconds: TimeFormat.nanoseconds(digits))
        case .date: .seconds(86_400)
        case .pattern(let pattern): pattern.resolution
        }
    }

    static func nanoseconds(_ digits: Int) -> Int64 { digits >= 6 ? 1_000 : digits >= 3 ? 1_000_000 : 1_000_000_000 }

    // MARK: reading

    /// - Parameter zone: For texts that name none.
    func read(_ text: String, zone: Zone) -> WallTime? {
        switch self {
        case .iso, .date:
            guard let time = ISO8601.parse(text) else { return nil }
            return TimeFormat.namesZone(text) ? time : zone.time(ofLocal: time)
        case .epoch(let digits): return TimeFormat.epoch(text, digits: digits)
        case .pattern(let pattern): return pattern.read(text, zone: zone)
        }
    }

    /// ISO texts, and numbers by their size: up to the year 5138 in seconds, from 1973 on in milliseconds and
    /// microseconds.
    static func readAny(_ text: String, zone: Zone) -> WallTime? {
        if let time = TimeFormat.iso(digits: 0).read(text, zone: zone) { return time }
        let whole = text.utf8.prefix { $0 != UInt8(ascii: ".") }
        let digits = whole.drop { $0 == UInt8(ascii: "-") }.count
        return epoch(text, digits: digits <= 11 ? 0 : digits <= 14 ? 3 : 6)
    }

    private static func namesZone(_ text: String) -> Bool {
        text.utf8.dropFirst(10).contains { "Zz+-UG".utf8.contains($0) }
    }

    private static func epoch(_ text: String, digits: Int) -> WallTime? {
        guard text.utf8.count <= 40 else { return nil }
        let isBefore = text.utf8.first == UInt8(ascii: "-")
        guard let number = DecimalText(isBefore ? String(text.dropFirst()) : text) else { return nil }
        let scale: Int64 = digits >= 6 ? 1_000_000 : digits >= 3 ? 1_000 : 1
        let fine = (number.whole % scale).multipliedSaturating(by: 1_000_000_000 / scale)
        let rest = fine.addingSaturating(number.billionths / scale)
        let time = WallTime(epochSeconds: number.whole / scale) + Timespan(nanoseconds: rest)
        guard time.seconds < 1 << 50 else { return nil }
        if !isBefore { return time }
        return WallTime(epochSeconds: 0 &- time.seconds) - Timespan(nanoseconds: Int64(time.nanoseconds))
    }

    // MARK: writing

    /// Cut, never rounded up: what is written is not later than the time.
    func write(_ time: WallTime, zone: Zone) -> String {
        switch self {
        case .iso(let digits):
            if zone.isUTC { return ISO8601.format(time, fractionDigits: digits) }
            let offset = TimePattern.inMinutes(zone.offset(at: time))
            return ISO8601.format(time + .seconds(offset), fractionDigits: digits).dropLast()
                + TimePattern.offset(offset)
        case .date: return ISO8601.date(zone.local(time))
        case .epoch(let digits):
            let scale: Int64 = digits >= 6 ? 1_000_000 : digits >= 3 ? 1_000 : 1
            return String(
                time.seconds.multipliedSaturating(by: scale)
                    .addingSaturating(Int64(time.nanoseconds) / (1_000_000_000 / scale)))
        case .pattern(let pattern): return pattern.write(time, zone: zone)
        }
    }

    /// The first time of this format that is not before the given one.
    func roundedUp(_ time: WallTime, zone: Zone) -> WallTime {
        let cut = read(write(time, zone: zone), zone: zone) ?? time
        guard cut < time else { return time }
        // The next day is not always 24 hours later.
        return isLocal ? zone.time(ofLocal: zone.local(cut) + resolution) : cut + resolution
    }

    /// What is written hangs on where clocks stand, and does not say so.
    var isLocal: Bool {
        switch self {
        case .iso, .epoch: false
        case .date: true
        case .pattern(let pattern): pattern.isLocal
        }
    }
}
