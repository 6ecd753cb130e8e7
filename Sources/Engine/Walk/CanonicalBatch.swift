/// A hash of records that neither their order changes, nor that of their members, nor the space between tokens.
///
/// Each record's canonical text has its members by name, in the order of the names' bytes, objects within it, too; no space; of
/// a repeated name the last one. Texts and numbers stand in it as they are written: `1.10` is not `1.1`. The batch's hash is the
/// SHA-256 over the records' own SHA-256s (32 bytes each), in ascending order.
public struct CanonicalBatch {
    /// The 32 bytes of some bytes' SHA-256.
    public typealias Hash = (UnsafeRawBufferPointer) throws(Failure) -> [UInt8]

    private let sha256: Hash
    private var digests: [[UInt8]] = []
    private var text: [UInt8] = []

    public init(sha256: @escaping Hash) { self.sha256 = sha256 }

    /// - Parameter record: One JSON value, proved.
    public mutating func add(_ record: UnsafeRawBufferPointer) throws(Failure) {
        guard let start = record.firstIndex(where: { !Self.isSpace($0) }),
            let last = record.lastIndex(where: { !Self.isSpace($0) })
        else { return }
        text.removeAll(keepingCapacity: true)
        Self.write(JSONSpan(start, last + 1, firstByte: record[start]), of: record, to: &text)
        digests.append(try hash(text))
    }

    /// 64 digits; it begins anew.
    public mutating func takeHex() throws(Failure) -> String {
        let all = digests.sorted { $0.lexicographicallyPrecedes($1) }.flatMap(\.self)
        digests.removeAll(keepingCapacity: true)
        return ASCII.hex(try hash(all))
    }

    private func hash(_ bytes: [UInt8]) throws(Failure) -> [UInt8] {
        try bytes.withUnsafeBufferPointer { bytes throws(Failure) in try sha256(UnsafeRawBufferPointer(bytes)) }
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
