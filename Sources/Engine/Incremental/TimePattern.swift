/// A time as `strftime` writes it: `%Y-%m-%d %H:%M:%S`, with other text around it.
public struct TimePattern: Sendable, Hashable {
    enum Part: Sendable, Hashable {
        case text([UInt8])
        case field(UInt8)
    }
    private let parts: [Part]
    let text: String

    /// For messages and the schema.
    static let fields = "YmdHMSfLzsbBIpjyTF"

    /// Nil when there is no field in it, or one that is not known.
    init?(_ text: String) {
        var parts: [Part] = []
        var literal: [UInt8] = []
        var bytes = ByteCursor(text)
        func flush() {
            if !literal.isEmpty { parts.append(.text(literal)) }
            literal = []
        }
        while let byte = bytes.next() {
            guard byte == UInt8(ascii: "%") else {
                literal.append(byte)
                continue
            }
            guard let name = bytes.next() else { return nil }
            switch name {
            case UInt8(ascii: "%"): literal.append(name)
            case UInt8(ascii: "T"):
                flush()
                parts += Self.joined("HMS", by: ":")
            case UInt8(ascii: "F"):
                flush()
                parts += Self.joined("Ymd", by: "-")
            default:
                guard Self.fields.utf8.contains(name) else { return nil }
                flush()
                parts.append(.field(name))
            }
        }
        flush()
        let names = parts.compactMap { if case .field(let name) = $0 { name } else { nil } }
        // A day at least.
        let has = { (wanted: String) in wanted.utf8.allSatisfy(names.contains) }
        guard has("s") || (has("Y") || has("y")) && (has("j") || (has("m") || has("b") || has("B")) && has("d")) else {
            return nil
        }
        self.parts = parts
        self.text = text
    }

    private static func joined(_ names: String, by separator: String) -> [Part] {
        Array(names.utf8.map { [Part.field($0)] }.joined(separator: [.text(Array(separator.utf8))]))
    }

    private func has(_ name: Character) -> Bool {
        parts.contains(.field(name.asciiValue ?? 0))
    }

    var resolution: Timespan {
        if has("f") { return Timespan(nanoseconds: 1_000) }
        if has("L") { return .milliseconds(1) }
        if has("S") || has("s") { return .seconds(1) }
        if has("M") { return .seconds(60) }
        return has("H") || has("I") ? .seconds(3600) : .seconds(86_400)
    }

    // MARK: reading

    func read(_ text: String, zone: Zone) -> WallTime? {
        guard text.utf8.count <= 256 else { return nil }
        var bytes = ByteCursor(text)
        var (year, month, day, ofYear) = (1970, 1, 1, 0)
        var (hour, minute, second, nanoseconds) = (0, 0, 0, 0 as Int64)
        var afternoon: Bool?
        var (offset, epoch) = (nil as Int64?, nil as Int64?)
        for part in parts {
            switch part {
            case .text(let wanted): for byte in wanted { guard bytes.take(byte) else { return nil } }
            case .field(let name):
                switch Character(UnicodeScalar(name)) {
                case "Y": guard Self.take(&bytes, 4, &year) else { return nil }
                case "y":
                    guard Self.take(&bytes, 2, &year) else { return nil }
                    year += year < 69 ? 2000 : 1900
                case "m": guard Self.take(&bytes, 2, &month) else { return nil }
                case "d": guard Self.take(&bytes, 2, &day) else { return nil }
                case "j": guard Self.take(&bytes, 3, &ofYear), (1...366).contains(ofYear) else { return nil }
                case "H", "I": guard Self.take(&bytes, 2, &hour) else { return nil }
                case "M": guard Self.take(&bytes, 2, &minute) else { return nil }
                case "S": guard Self.take(&bytes, 2, &second) else { return nil }
                case "f", "L":
                    let digits = bytes.takeWhile(ASCII.isDigit)
                    guard (1...9).contains(digits.count) else { return nil }
                    nanoseconds = 0
                    for place in 0..<9 {
                        let at = digits.startIndex + place
                        nanoseconds = nanoseconds * 10 + (at < digits.endIndex ? Int64(digits[at] &- 0x30) : 0)
                    }
                case "z": guard let found = Self.zone(&bytes) else { return nil }; offset = found
                case "s":
                    let isBefore = bytes.take("-")
                    let digits = bytes.takeWhile(ASCII.isDigit)
                    guard (1...15).contains(digits.count) else { return nil }
                    let number = digits.reduce(0 as Int64) { $0 * 10 + Int64($1 &- 0x30) }
                    epoch = isBefore ? 0 - number : number
                case "b", "B":
                    let word = bytes.takeWhile(ASCII.isAlpha)
                    guard let found = Self.month(word, isShort: name == UInt8(ascii: "b")) else { return nil }
                    month = found
                case "p":
                    let word = ASCII.lowercased(String(decoding: bytes.takeWhile(ASCII.isAlpha), as: UTF8.self))
                    guard word == "am" || word == "pm" else { return nil }
                    afternoon = word == "pm"
                default: return nil
                }
            }
        }
        guard bytes.isAtEnd else { return nil }
        if let epoch { return WallTime(epochSeconds: epoch, nanoseconds: Int32(nanoseconds)) }
        if let afternoon {
            guard (1...12).contains(hour) else { return nil }
            hour = hour % 12 + (afternoon ? 12 : 0)
        }
        guard let date = CivilDate(year: year, month: month, day: ofYear > 0 ? 1 : day),
            let seconds = date.epochSeconds(hour: hour, minute: minute, second: second)
        else { return nil }
        let further = ofYear > 0 ? (ofYear - 1) * 86_400 : 0
        let local = seconds + Int64(further)
        return WallTime(
            epochSeconds: offset.map { local - $0 } ?? zone.seconds(ofLocal: local), nanoseconds: Int32(nanoseconds))
    }

    private static func take(_ bytes: inout ByteCursor, _ digits: Int, _ number: inout Int) -> Bool {
        guard let found = bytes.digits(digits) else { return false }
        number = found
        return true
    }

    /// `Z`, `+02`, `+0200`, `+02:00`, in seconds east of UTC.
    static func zone(_ bytes: inout ByteCursor) -> Int64? {
        if bytes.take("Z") || bytes.take("UTC") || bytes.take("GMT") { return 0 }
        let isWest = bytes.take("-")
        guard isWest || bytes.take("+"), let hours = bytes.digits(2) else { return nil }
        var minutes = 0
        if bytes.take(":") {
            guard let found = bytes.digits(2) else { return nil }
            minutes = found
        } else if let found = bytes.digits(2) {
            minutes = found
        }
        guard hours <= 23, minutes <= 59 else { return nil }
        let seconds = Int64(hours * 3600 + minutes * 60)
        return isWest ? 0 - seconds : seconds
    }

    private static func month(_ word: ArraySlice<UInt8>, isShort: Bool) -> Int? {
        let lowered = ASCII.lowercased(String(decoding: word, as: UTF8.self))
        return months.firstIndex { ASCII.lowercased(isShort ? String($0.prefix(3)) : $0) == lowered }.map { $0 + 1 }
    }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]

    // MARK: writing

    func write(_ time: WallTime, zone: Zone) -> String {
        let offset = zone.offset(at: time)
        let local = time + .seconds(has("z") ? Self.inMinutes(offset) : offset)
        let date = CivilDate(daysSinceEpoch: local.day)
        let second = local.secondOfDay
        var out: [UInt8] = []
        func add(_ number: Int64, _ width: Int) {
            let digits = String(number)
            out += Array(repeating: 0x30, count: max(0, width - digits.utf8.count)) + Array(digits.utf8)
        }
        for part in parts {
            switch part {
            case .text(let text): out += text
            case .field(let name):
                let hour = second / 3600
                switch Character(UnicodeScalar(name)) {
                case "Y": add(Int64(date.year), 4)
                case "y": add(Int64(date.year % 100), 2)
                case "m": add(Int64(date.month), 2)
                case "d": add(Int64(date.day), 2)
                case "j":
                    let first = CivilDate(year: date.year, month: 1, day: 1)?.daysSinceEpoch ?? 0
                    add(date.daysSinceEpoch - first + 1, 3)
                case "H": add(hour, 2)
                case "I": add((hour + 11) % 12 + 1, 2)
                case "p": out += Array((hour < 12 ? "AM" : "PM").utf8)
                case "M": add(second / 60 % 60, 2)
                case "S": add(second % 60, 2)
                case "f": add(Int64(time.nanoseconds) / 1_000, 6)
                case "L": add(Int64(time.nanoseconds) / 1_000_000, 3)
                case "s": add(time.seconds, 1)
                case "b": out += Array(Self.months[date.month - 1].utf8.prefix(3))
                case "B": out += Array(Self.months[date.month - 1].utf8)
                case "z": out += Array(Self.offset(Self.inMinutes(offset), between: "").utf8)
                default: break
                }
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Offsets are written without seconds; clocks of the 19th century had some.
    static func inMinutes(_ offset: Int64) -> Int64 { offset - offset % 60 }

    var isLocal: Bool { !has("z") && !has("s") }

    static func offset(_ zone: Int64, between: String = ":") -> String {
        let minutes = abs(zone) / 60
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return (zone < 0 ? "-" : "+") + two(minutes / 60) + between + two(minutes % 60)
    }
}
