/// A length of time as people and APIs write it: `1.5s`, `250ms`, `24h`, `7d`, several in a row as Go prints them
/// (`1h2m3.5s`), or ISO 8601 (`PT1H30M`, `P1D`). Never negative. A bare number has no unit and is refused.
public enum DurationText {
    /// For messages.
    public static let form = "a duration such as \"250ms\", \"1.5s\", \"24h\", \"7d\" or \"PT1H30M\""

    public static func parse(_ text: String) -> Timespan? {
        guard text.utf8.count <= 64 else { return nil }
        var cursor = ByteCursor(text)
        return cursor.take("P") ? iso(&cursor) : units(&cursor)
    }

    private static func units(_ cursor: inout ByteCursor) -> Timespan? {
        guard !cursor.isAtEnd else { return nil }
        var total = Timespan.zero
        while !cursor.isAtEnd {
            guard let number = DecimalText(&cursor) else { return nil }
            let name = cursor.takeWhile { ASCII.isAlpha($0) || $0 >= 0x80 }
            guard let unit = nanoseconds(in: String(decoding: name, as: UTF8.self)) else { return nil }
            total = total + number.timespan(unit: unit)
        }
        return total
    }

    static func nanoseconds(in unit: String) -> Int64? {
        switch unit {
        case "ns": return 1
        case "us", "µs", "μs": return 1_000
        case "ms": return 1_000_000
        case "s": return second
        case "m": return 60 * second
        case "h": return 3600 * second
        case "d": return 86_400 * second
        case "w": return 7 * 86_400 * second
        default: return nil
        }
    }

    /// Behind the `P`. Years and months have no fixed length and are refused. Each unit at most once, in order.
    private static func iso(_ cursor: inout ByteCursor) -> Timespan? {
        var total = Timespan.zero
        var steps: [(letter: UInt8, unit: Int64)] = [
            (UInt8(ascii: "W"), 7 * 86_400 * second), (UInt8(ascii: "D"), 86_400 * second),
        ]
        var inTime = false
        var read = false
        while !cursor.isAtEnd {
            if !inTime, cursor.take("T") {
                inTime = true
                read = false
                steps = [
                    (UInt8(ascii: "H"), 3600 * second), (UInt8(ascii: "M"), 60 * second), (UInt8(ascii: "S"), second),
                ]
                continue
            }
            guard let number = DecimalText(&cursor), let letter = cursor.next(),
                let position = steps.firstIndex(where: { $0.letter == letter })
            else { return nil }
            total = total + number.timespan(unit: steps[position].unit)
            steps.removeFirst(position + 1)
            read = true
        }
        return read ? total : nil
    }

    private static let second: Int64 = 1_000_000_000
}
