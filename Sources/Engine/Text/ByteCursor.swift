/// A forward-only reader of bytes: the one way the text parsers look at outside data. It cannot run off either end,
/// and as nothing in it goes back, a parser made of it is linear.
struct ByteCursor {
    let bytes: [UInt8]
    private(set) var index: Int = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }
    init(_ text: String) { self.bytes = Array(text.utf8) }

    var isAtEnd: Bool { index >= bytes.count }
    var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    mutating func next() -> UInt8? {
        guard index < bytes.count else { return nil }
        defer { index += 1 }
        return bytes[index]
    }

    mutating func skip() { if index < bytes.count { index += 1 } }

    /// Takes `byte` if it comes next.
    mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        index += 1
        return true
    }

    /// Takes `text`, byte for byte, if it comes next.
    mutating func take(_ text: StaticString) -> Bool {
        let wanted = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard bytes.count - index >= wanted.count else { return false }
        for (offset, byte) in wanted.enumerated() where bytes[index + offset] != byte { return false }
        index += wanted.count
        return true
    }

    mutating func takeWhile(_ wanted: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let start = index
        while index < bytes.count, wanted(bytes[index]) { index += 1 }
        return bytes[start..<index]
    }

    mutating func skipWhile(_ wanted: (UInt8) -> Bool) {
        while index < bytes.count, wanted(bytes[index]) { index += 1 }
    }

    /// Exactly `count` decimal digits (at most 9, so that an `Int` always holds them).
    mutating func digits(_ count: Int) -> Int? {
        guard count <= 9, bytes.count - index >= count else { return nil }
        var value = 0
        for offset in 0..<count {
            let byte = bytes[index + offset]
            guard ASCII.isDigit(byte) else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        index += count
        return value
    }
}
