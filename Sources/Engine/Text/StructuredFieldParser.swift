/// RFC 9651, 4.2, each function one of its algorithms. Nil is "fail parsing".
struct StructuredFieldParser {
    private var cursor: ByteCursor

    init(_ text: String) { cursor = ByteCursor(text) }

    var isAtEnd: Bool { cursor.isAtEnd }
    mutating func skipSpaces() { cursor.skipWhile { $0 == 0x20 } }

    /// 4.2.1
    mutating func list() -> [StructuredFields.Member]? {
        var members: [StructuredFields.Member] = []
        while !cursor.isAtEnd {
            guard let member = member() else { return nil }
            members.append(member)
            guard let more = separator() else { return nil }
            if !more { return members }
        }
        return members
    }

    /// 4.2.2
    mutating func dictionary() -> StructuredFields.Keyed<StructuredFields.Member>? {
        var members = StructuredFields.Keyed<StructuredFields.Member>()
        while !cursor.isAtEnd {
            guard let key = key() else { return nil }
            if cursor.take("=") {
                guard let member = member() else { return nil }
                members.set(key, member)
            } else {
                guard let parameters = parameters() else { return nil }
                members.set(key, .item(StructuredFields.Item(value: .boolean(true), parameters: parameters)))
            }
            guard let more = separator() else { return nil }
            if !more { return members }
        }
        return members
    }

    /// 4.2.3
    mutating func item() -> StructuredFields.Item? {
        guard let value = bareItem(), let parameters = parameters() else { return nil }
        return StructuredFields.Item(value: value, parameters: parameters)
    }

    /// Between two members: true behind a comma, false at the end. A comma that nothing follows is malformed.
    private mutating func separator() -> Bool? {
        cursor.skipWhile(ASCII.isBlank)
        if cursor.isAtEnd { return false }
        guard cursor.take(",") else { return nil }
        cursor.skipWhile(ASCII.isBlank)
        return cursor.isAtEnd ? nil : true
    }

    private mutating func member() -> StructuredFields.Member? {
        cursor.peek == UInt8(ascii: "(") ? innerList().map { .innerList($0) } : item().map { .item($0) }
    }

    /// 4.2.1.2
    private mutating func innerList() -> StructuredFields.InnerList? {
        guard cursor.take("(") else { return nil }
        var items: [StructuredFields.Item] = []
        while !cursor.isAtEnd {
            skipSpaces()
            if cursor.take(")") {
                return parameters().map { StructuredFields.InnerList(items: items, parameters: $0) }
            }
            guard let item = item() else { return nil }
            items.append(item)
            guard cursor.peek == 0x20 || cursor.peek == UInt8(ascii: ")") else { return nil }
        }
        return nil
    }

    /// 4.2.3.2
    private mutating func parameters() -> StructuredFields.Keyed<StructuredFields.BareItem>? {
        var parameters = StructuredFields.Keyed<StructuredFields.BareItem>()
        while cursor.take(";") {
            skipSpaces()
            guard let key = key() else { return nil }
            var value = StructuredFields.BareItem.boolean(true)
            if cursor.take("=") {
                guard let read = bareItem() else { return nil }
                value = read
            }
            parameters.set(key, value)
        }
        return parameters
    }

    /// 4.2.3.3
    private mutating func key() -> String? {
        guard let first = cursor.peek, first >= 0x61 && first <= 0x7A || first == UInt8(ascii: "*") else { return nil }
        return String(decoding: cursor.takeWhile(Self.keyBytes.contains), as: UTF8.self)
    }

    /// 4.2.3.1
    private mutating func bareItem() -> StructuredFields.BareItem? {
        guard let first = cursor.peek else { return nil }
        switch first {
        case UInt8(ascii: "-"), 0x30...0x39: return number()
        case UInt8(ascii: "\""): return string()
        case UInt8(ascii: ":"): return bytes()
        case UInt8(ascii: "?"): return boolean()
        case UInt8(ascii: "@"): return date()
        case UInt8(ascii: "%"): return displayString()
        case UInt8(ascii: "*"): return token()
        default: return ASCII.isAlpha(first) ? token() : nil
        }
    }

    /// 4.2.4: at most 15 digits, or 12 before and 3 behind the point; so `Int64` holds every one.
    private mutating func number() -> StructuredFields.BareItem? {
        let sign: Int64 = cursor.take("-") ? -1 : 1
        let whole = cursor.takeWhile(ASCII.isDigit)
        guard !whole.isEmpty, whole.count <= 15 else { return nil }
        let value = whole.reduce(Int64(0)) { $0 * 10 + Int64($1 - 0x30) }
        guard cursor.take(".") else { return .integer(sign * value) }
        let fraction = cursor.takeWhile(ASCII.isDigit)
        guard whole.count <= 12, !fraction.isEmpty, fraction.count <= 3 else { return nil }
        var thousandths = fraction.reduce(Int64(0)) { $0 * 10 + Int64($1 - 0x30) }
        for _ in fraction.count..<3 { thousandths *= 10 }
        return .decimal(thousandths: sign * (value * 1000 + thousandths))
    }

    /// 4.2.5
    private mutating func string() -> StructuredFields.BareItem? {
        cursor.skip()
        var bytes: [UInt8] = []
        while let byte = cursor.next() {
            switch byte {
            case UInt8(ascii: "\\"):
                guard let escaped = cursor.next(), escaped == UInt8(ascii: "\"") || escaped == UInt8(ascii: "\\") else {
                    return nil
                }
                bytes.append(escaped)
            case UInt8(ascii: "\""): return .string(String(decoding: bytes, as: UTF8.self))
            case 0x20...0x7E: bytes.append(byte)
            default: return nil
            }
        }
        return nil
    }

    /// 4.2.6
    private mutating func token() -> StructuredFields.BareItem? {
        let bytes = cursor.takeWhile {
            ByteSet.token.contains($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "/")
        }
        return .token(String(decoding: bytes, as: UTF8.self))
    }

    /// 4.2.7
    private mutating func bytes() -> StructuredFields.BareItem? {
        cursor.skip()
        let text = cursor.takeWhile { $0 != UInt8(ascii: ":") }
        guard cursor.take(":") else { return nil }
        return Base64.decode(text).map { .bytes($0) }
    }

    /// 4.2.8
    private mutating func boolean() -> StructuredFields.BareItem? {
        cursor.skip()
        if cursor.take("1") { return .boolean(true) }
        return cursor.take("0") ? .boolean(false) : nil
    }

    /// 4.2.9
    private mutating func date() -> StructuredFields.BareItem? {
        cursor.skip()
        guard let first = cursor.peek, first == UInt8(ascii: "-") || ASCII.isDigit(first),
            case .integer(let seconds)? = number()
        else { return nil }
        return .date(seconds)
    }

    /// 4.2.10: lower-case escapes only, and what comes out must be UTF-8.
    private mutating func displayString() -> StructuredFields.BareItem? {
        cursor.skip()
        guard cursor.take("\"") else { return nil }
        var bytes: [UInt8] = []
        while let byte = cursor.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = lowerHex(), let low = lowerHex() else { return nil }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "\""):
                return String(validating: bytes, as: UTF8.self).map { .displayString($0) }
            case 0x20...0x7E: bytes.append(byte)
            default: return nil
            }
        }
        return nil
    }

    private mutating func lowerHex() -> UInt8? {
        guard let byte = cursor.next(), !ASCII.isUpper(byte) else { return nil }
        return ASCII.hexValue(byte)
    }

    private static let keyBytes: ByteSet = ByteSet("abcdefghijklmnopqrstuvwxyz0123456789_-.*")
}
