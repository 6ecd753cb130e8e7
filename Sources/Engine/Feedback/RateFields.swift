/// The header fields of a response that may speak of limits, picked out in one cheap pass: most pages have none, and
/// then nothing else of this directory runs.
struct RateFields {
    struct Field {
        /// Lower case. Vendors cannot be told apart by case: HTTP/2 and proxies lower all of it.
        var name: String
        var value: String
    }

    private(set) var fields: [Field] = []

    init(_ headers: HeaderFields, profile: RateLimitProfile) {
        for index in 0..<headers.count {
            let wanted = headers.withField(at: index) { name, value in
                value.count <= HeaderRules.longestValue && RateFields.speaksOfLimits(name)
            }
            guard wanted else { continue }
            fields.append(
                Field(name: ASCII.lowercased(headers.name(at: index)), value: headers.value(at: index)))
        }
        if case .mapping(let mapping) = profile, fields.isEmpty {
            for case let name? in [mapping.limit, mapping.remaining, mapping.reset] {
                if let value = headers.first(name) { fields.append(Field(name: ASCII.lowercased(name), value: value)) }
            }
        }
    }

    var isEmpty: Bool { fields.isEmpty }

    subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    /// Every name that we know holds "limit", "usage" or "retry-after", and "retry-after" begins with its "r".
    private static func speaksOfLimits(_ name: UnsafeRawBufferPointer) -> Bool {
        guard name.count >= 9, let first = name.first else { return false }
        switch first | 0x20 {
        case UInt8(ascii: "r"), UInt8(ascii: "x"), UInt8(ascii: "a"), UInt8(ascii: "s"), UInt8(ascii: "z"): break
        default: return false
        }
        for start in 0...(name.count - 5) {
            switch name[start] | 0x20 {
            case UInt8(ascii: "l"): if matches(name, at: start, "limit") { return true }
            case UInt8(ascii: "u"): if matches(name, at: start, "usage") { return true }
            case UInt8(ascii: "r"): if matches(name, at: start, "retry") { return true }
            default: break
            }
        }
        return false
    }

    private static func matches(_ name: UnsafeRawBufferPointer, at start: Int, _ word: StaticString) -> Bool {
        guard name.count - start >= word.utf8CodeUnitCount else { return false }
        for offset in 0..<word.utf8CodeUnitCount where name[start + offset] | 0x20 != word.utf8Start[offset] {
            return false
        }
        return true
    }
}
