/// Structured field values (RFC 9651). Parsing is strict and all or nothing, as section 4.2 demands: a field that is
/// not well-formed is as good as absent.
public enum StructuredFields {
    public enum BareItem: Hashable, Sendable {
        case integer(Int64)
        /// In thousandths: the type has at most three fractional digits (section 3.3.2), so this is exact.
        case decimal(thousandths: Int64)
        case string(String)
        case token(String)
        case bytes([UInt8])
        case boolean(Bool)
        /// Seconds since 1970.
        case date(Int64)
        case displayString(String)
    }

    public struct Item: Hashable, Sendable {
        public var value: BareItem
        public var parameters: Keyed<BareItem>
    }

    public struct InnerList: Hashable, Sendable {
        public var items: [Item]
        public var parameters: Keyed<BareItem>
    }

    public enum Member: Hashable, Sendable {
        case item(Item)
        case innerList(InnerList)
    }

    /// Values under keys in the order in which the keys were first seen; of a repeated key the last value counts.
    public struct Keyed<Value: Hashable & Sendable>: Hashable, Sendable {
        public struct Entry: Hashable, Sendable {
            public let key: String
            public var value: Value
        }

        public private(set) var entries: [Entry] = []
        /// Only kept when there are many entries, so that a hostile field with thousands of keys stays linear.
        private var positions: [String: Int] = [:]
        private static var few: Int { 16 }

        public subscript(key: String) -> Value? { position(of: key).map { entries[$0].value } }

        mutating func set(_ key: String, _ value: Value) {
            if let position = position(of: key) {
                entries[position].value = value
                return
            }
            entries.append(Entry(key: key, value: value))
            if entries.count == Self.few {
                for (position, entry) in entries.enumerated() { positions[entry.key] = position }
            } else if entries.count > Self.few {
                positions[key] = entries.count - 1
            }
        }

        private func position(of key: String) -> Int? {
            entries.count < Self.few ? entries.firstIndex { $0.key == key } : positions[key]
        }
    }

    /// The lines of one field, in order. Nil when the field is malformed.
    public static func item(_ lines: [String]) -> Item? { parse(lines) { $0.item() } }
    public static func list(_ lines: [String]) -> [Member]? { parse(lines) { $0.list() } }
    public static func dictionary(_ lines: [String]) -> Keyed<Member>? { parse(lines) { $0.dictionary() } }

    private static func parse<Value>(
        _ lines: [String], _ read: (inout StructuredFieldParser) -> Value?
    ) -> Value? {
        guard lines.reduce(0, { $0 + $1.utf8.count + 2 }) <= HeaderRules.longestValue + 2 else { return nil }
        // Lists and dictionaries may be split over lines anywhere between members (section 4.2, step 1).
        var parser = StructuredFieldParser(lines.count == 1 ? lines[0] : lines.joined(separator: ", "))
        parser.skipSpaces()
        guard let value = read(&parser) else { return nil }
        parser.skipSpaces()
        return parser.isAtEnd ? value : nil
    }
}
