/// The keys of a walk's records, as keyed 128-bit fingerprints: of ten million different ones, two are the same with a
/// probability of 2e-25.
///
/// Memory has a bound: in two halves, of which the older one is forgotten when the younger one is full. A class, since
/// a walk is moved about by value and this can be large; a walk has one of its own and is used by one thread at a time,
/// hence `@unchecked Sendable`.
final class KeyMemory: @unchecked Sendable {
    enum Answer: Equatable, Sendable {
        case new, seen, full
    }

    private var young = Keys()
    private var old = Keys()
    private let plan: DuplicatesPlan
    /// Keys that are no longer known.
    private(set) var forgotten: Int64 = 0
    /// Keys that came again.
    private(set) var seen: Int64 = 0

    init(_ plan: DuplicatesPlan) { self.plan = plan }

    func note(_ key: Fingerprint) -> Answer {
        if young.contains(key) || old.contains(key) {
            seen += 1
            return .seen
        }
        if plan.failsWhenFull, young.count >= plan.maxKeys { return .full }
        if !plan.failsWhenFull, young.count >= max(1, plan.maxKeys / 2) {
            forgotten = forgotten.addingSaturating(old.count)
            old = young
            young = Keys()
        }
        young.insert(key)
        return .new
    }

    /// In many sets: a set that grows is there twice meanwhile, and of all keys in one that would be half as much again.
    private struct Keys {
        private var shards: [Set<Fingerprint>] = []
        private(set) var count: Int64 = 0
        private static let shardCount = 32

        func contains(_ key: Fingerprint) -> Bool { !shards.isEmpty && shards[Self.place(of: key)].contains(key) }

        mutating func insert(_ key: Fingerprint) {
            // Most walks have no keys at all.
            if shards.isEmpty { shards = Array(repeating: [], count: Self.shardCount) }
            shards[Self.place(of: key)].insert(key)
            count &+= 1
        }

        private static func place(of key: Fingerprint) -> Int { Int(key.high % UInt64(shardCount)) }
    }
}

/// What makes two records the same.
enum RecordKey {
    /// Nil when a part is missing or null: nothing is known of such a record, so nothing is dropped.
    ///
    /// Each part goes in as its JSON text with its length before, a text without its escapes: 1, "1" and "1," differ, and
    /// so do ("a", "bc") and ("ab", "c").
    static func fingerprint(
        _ count: Int, services: some Services, part: (Int) -> UnsafeRawBufferPointer?
    ) -> Fingerprint? {
        if count == 1 {
            guard let bytes = part(0), let first = bytes.first, first != UInt8(ascii: "n") else { return nil }
            if first != UInt8(ascii: "\"") || !bytes.contains(UInt8(ascii: "\\")) { return services.fingerprint(bytes) }
        }
        var all: [UInt8] = []
        for index in 0..<count {
            guard let bytes = part(index), let first = bytes.first, first != UInt8(ascii: "n") else { return nil }
            func add(_ text: UnsafeRawBufferPointer, isText: Bool) {
                if count > 1 { withUnsafeBytes(of: UInt64(text.count).littleEndian) { all += $0 } }
                if isText { all.append(UInt8(ascii: "\"")) }
                all += text
                if isText { all.append(UInt8(ascii: "\"")) }
            }
            if first == UInt8(ascii: "\"") {
                Operand.withText(of: bytes, services: services) { add($0, isText: true) }
            } else {
                add(bytes, isText: false)
            }
        }
        return all.withUnsafeBytes { services.fingerprint($0) }
    }
}
