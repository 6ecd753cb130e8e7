/// A hash of records that neither their order changes, nor that of their members, nor the space between tokens.
///
/// Each record's canonical text has its members by name, in the order of the names' bytes, objects within it, too; no space; of
/// a repeated name the last one. Texts and numbers stand in it as they are written: `1.10` is not `1.1`. The batch's hash is the
/// SHA-256 over the records' own SHA-256s (32 bytes each), in ascending order.
public struct CanonicalBatch: Sendable {
    /// Eight words each, one behind the other.
    private var digests: [[UInt32]] = []
    private var text: [UInt8] = []

    public init() {}

    public var isEmpty: Bool { digests.isEmpty }

    /// - Parameter record: One JSON value, proved.
    public mutating func add(_ record: UnsafeRawBufferPointer) {
        guard let start = record.firstIndex(where: { !Self.isSpace($0) }),
            let last = record.lastIndex(where: { !Self.isSpace($0) })
        else { return }
        text.removeAll(keepingCapacity: true)
        Self.write(JSONSpan(start, last + 1, firstByte: record[start]), of: record, to: &text)
        var hash = SHA256()
        text.withUnsafeBytes { hash.add($0) }
        digests.append(hash.words)
    }

    /// 64 digits.
    public var hex: String {
        var hash = SHA256()
        for digest in digests.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            for word in digest { withUnsafeBytes(of: word.bigEndian) { hash.add($0) } }
        }
        return hash.hex
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    private static func write(_ span: JSONSpan, of record: UnsafeRawBufferPointer, to text: inout [UInt8]) {
        switch span.kind {
        case .object:
            let members = JSONParts.members(of: span, in: record).sorted {
                $0.name.bytes(in: record).lexicographicallyPrecedes($1.name.bytes(in: record))
            }
            text.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                text += member.name.bytes(in: record)
                text.append(UInt8(ascii: ":"))
                write(member.value, of: record, to: &text)
            }
            text.append(UInt8(ascii: "}"))
        case .array:
            text.append(UInt8(ascii: "["))
            for (index, element) in JSONParts.elements(of: span, in: record).enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                write(element, of: record, to: &text)
            }
            text.append(UInt8(ascii: "]"))
        case .null, .bool, .number, .string:
            text += span.bytes(in: record)
        }
    }
}
