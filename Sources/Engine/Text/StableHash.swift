/// FNV-1a with 64 bits: the same on every machine, in every run and version of the library. It tells accidents from
/// what was meant, not forgeries from the truth.
struct StableHash: Sendable, Equatable {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    init() {}
    init(raw: UInt64) { value = raw }

    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    }

    /// With its end marked: ("a", "bc") and ("ab", "c") differ.
    mutating func add(_ text: String) {
        add(text.utf8)
        add(CollectionOfOne<UInt8>(0xFF))
    }

    /// The value, however its members are ordered and its text was laid out.
    mutating func add(_ json: JSONValue) {
        switch json {
        case .null: add("n")
        case .bool(let flag): add(flag ? "t" : "f")
        case .int, .real, .number: add("#" + (json.scalarText ?? ""))
        case .string(let text): add("\"" + text)
        case .array(let elements):
            add("[")
            for element in elements { add(element) }
            add("]")
        case .object(let members):
            add("{")
            for member in members.sorted(by: { $0.name < $1.name }) {
                add(member.name)
                add(member.value)
            }
            add("}")
        }
    }

    /// 16 digits.
    var hex: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    static func of(_ bytes: some Sequence<UInt8>) -> StableHash {
        var hash = StableHash()
        hash.add(bytes)
        return hash
    }
}
