/// Records of a page that are not as they stood in the body, one after the other.
struct RecordBuffer {
    private(set) var bytes: [UInt8] = []
    private(set) var spans: [JSONSpan] = []
    /// What is written out can be far more than the body: a field of a parent stands in each of its children.
    private let most: Int
    private var start = 0

    init(most: Int64) { self.most = Int(clamping: min(most, Int64(JSONScanner.maximumSize))) }

    mutating func write(_ more: some Collection<UInt8>) { bytes.append(contentsOf: more) }
    mutating func write(_ byte: UInt8) { bytes.append(byte) }

    /// A record as it stands.
    mutating func add(_ record: UnsafeRawBufferPointer) throws(Failure) {
        write(record)
        try close()
    }

    /// An object with members behind its own; `members` is written JSON, `"a":1,"b":2`. False for what is no object.
    mutating func add(_ record: UnsafeRawBufferPointer, members: [UInt8]) throws(Failure) -> Bool {
        guard record.first == UInt8(ascii: "{"), record.count >= 2 else { return false }
        let own = record.dropLast()
        write(own)
        let isEmpty = !own.dropFirst().contains { $0 > 0x20 }
        if !isEmpty, !members.isEmpty { write(UInt8(ascii: ",")) }
        write(members)
        write(UInt8(ascii: "}"))
        try close()
        return true
    }

    /// What was written since the last record is one.
    mutating func close() throws(Failure) {
        guard bytes.count <= most else {
            throw Failure(.limit, "the page's records, written out, have more than \(most) bytes (max_body_bytes)")
        }
        guard start < bytes.count else { return }
        spans.append(JSONSpan(start, bytes.count, firstByte: bytes[start]))
        start = bytes.count
    }

    static func quoted(_ name: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.string(name)
        return writer.bytes
    }
}

/// Finds names that records must not have, since members of that name are added to them.
struct TakenNames: Sendable {
    private let scanner: JSONScanner
    private let names: [String]

    init(_ names: [String]) throws(Failure) {
        self.names = names
        do {
            scanner = try JSONScanner(names.map { .value(JSONPath(member: $0)) })
        } catch {
            throw Failure(.config, "added members: \(error.description)")
        }
    }

    /// The first of the names that an object has.
    func first(in record: UnsafeRawBufferPointer, _ matches: inout JSONMatches) -> String? {
        guard (try? scanner.scan(record, into: &matches)) != nil else { return nil }
        return names.indices.first { matches[$0].first != nil }.map { names[$0] }
    }
}
