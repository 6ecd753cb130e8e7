/// A value that incremental reading goes by: when a record was made or changed, or its number.
enum Mark: Sendable, Equatable, Comparable {
    case time(WallTime)
    /// With its digits as they stood.
    case number(ExactNumber, String)

    static func < (a: Mark, b: Mark) -> Bool {
        switch (a, b) {
        case (.time(let a), .time(let b)): a < b
        case (.number(let a, _), .number(let b, _)): a < b
        case (.time, .number): true
        case (.number, .time): false
        }
    }

    static func == (a: Mark, b: Mark) -> Bool { !(a < b) && !(b < a) }

    init?(number text: String) {
        guard let number = ExactNumber(text) else { return nil }
        self = .number(number, text)
    }

    init(_ number: Int64) { self = .number(ExactNumber(number), String(number)) }

    /// As checkpoints keep it, exactly.
    var text: String {
        switch self {
        case .time(let time):
            let nanoseconds = time.nanoseconds
            return ISO8601.format(
                time,
                fractionDigits: nanoseconds == 0
                    ? 0 : nanoseconds % 1_000_000 == 0 ? 3 : nanoseconds % 1_000 == 0 ? 6 : 9)
        case .number(_, let text): return text
        }
    }

    init?(text: String, isTime: Bool) {
        if isTime {
            guard let time = ISO8601.parse(text) else { return nil }
            self = .time(time)
        } else {
            self.init(number: text)
        }
    }

    var time: WallTime? { if case .time(let time) = self { time } else { nil } }

    /// Whole numbers only.
    var integer: Int64? { if case .number(_, let text) = self { Int64(text) } else { nil } }
}

extension WallTime {
    /// RFC 3339, exactly.
    public var shown: String { Mark.time(self).text }
}
