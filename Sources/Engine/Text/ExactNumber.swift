/// A JSON number to compare with others, exactly: `1.10` is `1.1`, and 12345678901234567891 is not
/// 12345678901234567890.
struct ExactNumber: Comparable, Sendable {
    /// What most numbers are; then the other members are not looked at.
    private let small: Int64?
    private let isNegative: Bool
    /// Without zeros at either end; empty for zero.
    private let digits: [UInt8]
    /// The value is 0.d₁d₂d₃… times ten to this.
    private let exponent: Int64

    init(_ number: Int64) { (small, isNegative, digits, exponent) = (number, number < 0, [], 0) }

    init?(_ text: String) {
        var text = text
        guard let number = text.withUTF8({ ExactNumber(UnsafeRawBufferPointer($0)) }) else { return nil }
        self = number
    }

    /// Nil for what is no JSON number (RFC 8259 section 6).
    init?(_ bytes: UnsafeRawBufferPointer) {
        if let number = ExactNumber.whole(bytes) {
            (small, isNegative, digits, exponent) = (number, number < 0, [], 0)
            return
        }
        var rest = bytes[...]
        isNegative = rest.first == UInt8(ascii: "-")
        if isNegative { rest = rest.dropFirst() }
        let whole = rest.prefix(while: ASCII.isDigit)
        rest = rest.dropFirst(whole.count)
        guard let first = whole.first, first != UInt8(ascii: "0") || whole.count == 1 else { return nil }
        var all = Array(whole)
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst().prefix(while: ASCII.isDigit)
            guard !fraction.isEmpty else { return nil }
            all += fraction
            rest = rest.dropFirst(fraction.count + 1)
        }
        var power: Int64 = 0
        if let mark = rest.first, mark | 0x20 == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            let isDown = rest.first == UInt8(ascii: "-")
            if isDown || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
            guard !rest.isEmpty else { return nil }
            for byte in rest {
                guard ASCII.isDigit(byte) else { return nil }
                power = power.multipliedSaturating(by: 10).addingSaturating(Int64(byte &- 0x30))
            }
            if isDown { power = 0 &- power }
        } else if !rest.isEmpty {
            return nil
        }
        let leading = all.prefix { $0 == UInt8(ascii: "0") }.count
        all.removeFirst(leading)
        while all.last == UInt8(ascii: "0") { all.removeLast() }
        exponent = all.isEmpty ? 0 : power.addingSaturating(Int64(whole.count - leading))
        digits = all
        small = nil
    }

    private static func whole(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        var rest = bytes[...]
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative { rest = rest.dropFirst() }
        guard let first = rest.first, rest.count <= 18, first != UInt8(ascii: "0") || rest.count == 1 else {
            return nil
        }
        var number: Int64 = 0
        for byte in rest {
            guard ASCII.isDigit(byte) else { return nil }
            number = number &* 10 &+ Int64(byte &- 0x30)
        }
        return isNegative ? 0 &- number : number
    }

    private var parts: (isNegative: Bool, digits: [UInt8], exponent: Int64) {
        guard let small else { return (isNegative, digits, exponent) }
        var all = Array(String(small.magnitude).utf8)
        if small == 0 { all = [] }
        let exponent = Int64(all.count)
        while all.last == UInt8(ascii: "0") { all.removeLast() }
        return (small < 0, all, exponent)
    }

    static func == (a: ExactNumber, b: ExactNumber) -> Bool { !(a < b) && !(b < a) }

    static func < (a: ExactNumber, b: ExactNumber) -> Bool {
        if let a = a.small, let b = b.small { return a < b }
        let (left, right) = (a.parts, b.parts)
        if left.digits.isEmpty { return !right.digits.isEmpty && !right.isNegative }
        if right.digits.isEmpty { return left.isNegative }
        if left.isNegative != right.isNegative { return left.isNegative }
        return left.isNegative ? isSmaller(right, left) : isSmaller(left, right)
    }

    private static func isSmaller(
        _ a: (isNegative: Bool, digits: [UInt8], exponent: Int64),
        _ b: (isNegative: Bool, digits: [UInt8], exponent: Int64)
    ) -> Bool {
        a.exponent != b.exponent ? a.exponent < b.exponent : a.digits.lexicographicallyPrecedes(b.digits)
    }
}
