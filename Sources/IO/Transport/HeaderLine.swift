/// Questions about one raw header line, without making strings of it.
enum HeaderLine {
    /// The value, when the line's name is that one. `name` is in lower case.
    @inline(__always)
    static func value(in line: UnsafeRawBufferPointer, ifNamed name: StaticString) -> UnsafeRawBufferPointer? {
        let length = name.utf8CodeUnitCount
        guard line.count > length, line[length] == 0x3A else { return nil }
        guard equals(UnsafeRawBufferPointer(rebasing: line[..<length]), name) else { return nil }
        return trimmed(line[(length + 1)...])
    }

    /// Whatever the case of `bytes`; `lowercase` is in lower case.
    static func equals(_ bytes: UnsafeRawBufferPointer, _ lowercase: StaticString) -> Bool {
        guard bytes.count == lowercase.utf8CodeUnitCount else { return false }
        let name = lowercase.utf8Start
        for index in 0..<bytes.count {
            let byte = bytes[index]
            if (byte &- 0x41 < 26 ? byte | 0x20 : byte) != name[index] { return false }
        }
        return true
    }

    /// How many of the comma-separated items are meant.
    static func items(in value: UnsafeRawBufferPointer, where isMeant: (UnsafeRawBufferPointer) -> Bool) -> Int {
        var found = 0
        for item in value.split(separator: 0x2C) {
            let item = trimmed(item)
            if !item.isEmpty, isMeant(item) { found &+= 1 }
        }
        return found
    }

    /// Decimal digits only; nil for anything else and for what does not fit.
    static func number(_ digits: UnsafeRawBufferPointer) -> Int64? {
        guard !digits.isEmpty, digits.count <= 18 else { return nil }
        var number: Int64 = 0
        for byte in digits {
            guard byte &- 0x30 < 10 else { return nil }
            number = number &* 10 &+ Int64(byte &- 0x30)
        }
        return number
    }

    /// Without blanks and line ends at either end.
    static func trimmed(_ bytes: Slice<UnsafeRawBufferPointer>) -> UnsafeRawBufferPointer {
        var bytes = bytes
        while let first = bytes.first, isBlank(first) { bytes.removeFirst() }
        while let last = bytes.last, isBlank(last) { bytes.removeLast() }
        return UnsafeRawBufferPointer(rebasing: bytes)
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A
    }
}
