/// The header fields of one message, in order, in one block of bytes.
///
/// Two arrays whatever the number of fields: a page's headers are looked at once or twice and then thrown away, so
/// they are not worth a string each.
public struct HeaderFields: Sendable {
    struct Field: Sendable {
        var name: Range<Int32>
        var value: Range<Int32>
    }
    var bytes: [UInt8] = []
    var fields: [Field] = []

    public init() {}

    public init(_ pairs: [(String, String)]) {
        for (name, value) in pairs { append(name: name, value: value) }
    }

    public var count: Int { fields.count }
    /// Bytes of all names and values.
    public var size: Int { bytes.count }

    public mutating func append(name: String, value: String) {
        append(name: Array(name.utf8)[...], value: Array(value.utf8)[...])
    }

    /// Values are trimmed of spaces and tabs at both ends (RFC 9110 section 5.5).
    public mutating func append(name: some Collection<UInt8>, value: some Collection<UInt8>) {
        guard bytes.count + name.count + value.count < Int32.max else { return }
        let start = Int32(bytes.count)
        bytes.append(contentsOf: name)
        let middle = Int32(bytes.count)
        var trimmed = value[...]
        while let first = trimmed.first, first == 0x20 || first == 0x09 { trimmed = trimmed.dropFirst() }
        bytes.append(contentsOf: trimmed)
        while Int32(bytes.count) > middle, let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
        fields.append(Field(name: start..<middle, value: middle..<Int32(bytes.count)))
    }

    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        fields.removeAll(keepingCapacity: true)
    }

    /// The name as it was received.
    public func name(at index: Int) -> String { string(fields[index].name) }
    public func value(at index: Int) -> String { string(fields[index].value) }

    /// The bytes of field `index`; valid inside `body` only.
    public func withField<R>(at index: Int, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> R) -> R {
        let field = fields[index]
        return bytes.withUnsafeBytes { all in
            body(
                UnsafeRawBufferPointer(rebasing: all[Int(field.name.lowerBound)..<Int(field.name.upperBound)]),
                UnsafeRawBufferPointer(rebasing: all[Int(field.value.lowerBound)..<Int(field.value.upperBound)]))
        }
    }

    /// The first value of that name, whatever the case.
    public func first(_ name: String) -> String? {
        guard let index = firstIndex(of: name) else { return nil }
        return value(at: index)
    }

    /// All values of that name in order.
    public func all(_ name: String) -> [String] {
        fields.indices.filter { matches(fields[$0].name, name) }.map { value(at: $0) }
    }

    /// All values of that name joined with ", " (RFC 9110 section 5.3).
    public func joined(_ name: String) -> String? {
        let values = all(name)
        guard let first = values.first else { return nil }
        return values.count == 1 ? first : values.joined(separator: ", ")
    }

    public func contains(_ name: String) -> Bool { firstIndex(of: name) != nil }

    private func firstIndex(of name: String) -> Int? {
        fields.firstIndex { matches($0.name, name) }
    }

    private func string(_ range: Range<Int32>) -> String {
        String(decoding: bytes[Int(range.lowerBound)..<Int(range.upperBound)], as: UTF8.self)
    }

    private func matches(_ range: Range<Int32>, _ name: String) -> Bool {
        let utf8 = name.utf8
        guard range.count == utf8.count else { return false }
        var position = Int(range.lowerBound)
        for byte in utf8 {
            if lowercased(bytes[position]) != lowercased(byte) { return false }
            position += 1
        }
        return true
    }
}

@inline(__always) func lowercased(_ byte: UInt8) -> UInt8 {
    byte &- 0x41 < 26 ? byte | 0x20 : byte
}
