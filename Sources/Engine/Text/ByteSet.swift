/// A set of ASCII bytes as two words of bits.
public struct ByteSet: Hashable, Sendable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    public init(_ members: String) {
        for byte in members.utf8 { insert(byte) }
    }

    /// Letters and digits, and the bytes of `others`.
    public static func alphanumeric(and others: String) -> ByteSet {
        var set = ByteSet(others)
        for byte in UInt8(ascii: "0")...UInt8(ascii: "9") { set.insert(byte) }
        for byte in UInt8(ascii: "a")...UInt8(ascii: "z") { set.insert(byte) }
        for byte in UInt8(ascii: "A")...UInt8(ascii: "Z") { set.insert(byte) }
        return set
    }

    public func contains(_ byte: UInt8) -> Bool {
        if byte < 64 { return low & (1 << UInt64(byte)) != 0 }
        if byte < 128 { return high & (1 << UInt64(byte - 64)) != 0 }
        return false
    }

    private mutating func insert(_ byte: UInt8) {
        if byte < 64 { low |= 1 << UInt64(byte) } else if byte < 128 { high |= 1 << UInt64(byte - 64) }
    }

    /// RFC 3986, 2.3.
    public static let unreserved = alphanumeric(and: "-._~")
    /// RFC 9110, 5.6.2: what a token (a method, a field name) is made of.
    public static let token = alphanumeric(and: "!#$%&'*+-.^_`|~")
    static let scheme = alphanumeric(and: "+-.")
}
