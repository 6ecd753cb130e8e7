/// The highest value seen, and which records with values from there on, or within the look-back, were handed over: they
/// come again when the next run starts there.
struct HighMark: Sendable, Equatable {
    var value: Mark
    var edge = Edge()
}

/// Records near the highest value, by the first half of the SHA-256 of their bytes: the same in every run.
struct Edge: Sendable, Equatable {
    /// 128 bits.
    typealias Digest = Fingerprint

    private(set) var records: [Digest: Mark] = [:]
    /// Of those that are not remembered any more.
    private(set) var isCut = false
    static let most = 100_000

    var isEmpty: Bool { records.isEmpty }
    var highest: Mark? { records.values.max() }
    func has(_ digest: Digest) -> Bool { records[digest] != nil }

    mutating func add(_ digest: Digest, _ mark: Mark) {
        guard records.count < Self.most else {
            isCut = true
            return
        }
        records[digest] = mark
    }

    mutating func merge(_ other: Edge) {
        for (digest, mark) in other.records { add(digest, mark) }
        isCut = isCut || other.isCut
    }

    mutating func forget(below floor: Mark) {
        // Once for many pages: each would look through all of them.
        records = records.filter { $0.value >= floor }
        if records.isEmpty { isCut = false }
    }

    /// Without one a record is not remembered: it comes again, and is not lost.
    static func digest(_ record: UnsafeRawBufferPointer, _ services: some Services) -> Digest? {
        let hash = services.sha256(record)
        guard hash.count >= 16 else { return nil }
        func word(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        return Fingerprint(low: word(hash[0..<8]), high: word(hash[8..<16]))
    }

    // MARK: as text

    /// By their values, in order, so that the same edge is the same text.
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            var groups: [String: [String]] = [:]
            for (digest, mark) in records { groups[mark.text, default: []].append(digest.hex) }
            for (text, digests) in groups.sorted(by: { $0.key < $1.key }) {
                writer.name(text)
                writer.array { list in for digest in digests.sorted() { list.string(digest) } }
            }
        }
    }

    init() {}

    init(_ json: JSONValue, isTime: Bool) throws(CheckpointProblem) {
        for member in json.members ?? [] {
            guard let mark = Mark(text: member.name, isTime: isTime) else { throw .malformed("edge") }
            for element in member.value.array ?? [] {
                guard let digest = element.string.flatMap({ Fingerprint(hex: $0) }) else { throw .malformed("edge") }
                add(digest, mark)
            }
        }
    }
}

extension HighMark {
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("value", value.text)
            guard !edge.isEmpty else { return }
            writer.name("edge")
            edge.write(to: &writer)
        }
    }

    init(_ json: JSONValue, isTime: Bool) throws(CheckpointProblem) {
        guard let value = json["value"]?.string.flatMap({ Mark(text: $0, isTime: isTime) }) else {
            throw .malformed("marks")
        }
        self.value = value
        if let edge = json["edge"] { self.edge = try Edge(edge, isTime: isTime) }
    }
}

extension Fingerprint {
    /// 32 digits.
    package var hex: String { ASCII.hex(high) + ASCII.hex(low) }

    package init?(hex: String) {
        guard hex.utf8.count == 32, let high = UInt64(hex.prefix(16), radix: 16),
            let low = UInt64(hex.suffix(16), radix: 16)
        else { return nil }
        self.init(low: low, high: high)
    }
}
