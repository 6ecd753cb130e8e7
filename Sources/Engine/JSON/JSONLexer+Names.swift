extension JSONLexer {
    /// The first eight bytes of the name at `start`, zeros above its end.
    @inline(__always) func nameWord(_ start: Int, _ count: Int) -> UInt64 {
        if start <= wide {
            let x = word(start)
            return count >= 8 ? x : x & ((1 &<< (UInt64(truncatingIfNeeded: count) &* 8)) &- 1)
        }
        var x: UInt64 = 0
        var k = min(count, 8)
        while k > 0 {
            k &-= 1
            x = x &<< 8 | UInt64(byte(start &+ k))
        }
        return x
    }

    /// The bytes that a string with the (proven) content `start..<stop` stands for.
    @inline(never) func unescape(_ start: Int, _ stop: Int) -> [UInt8] {
        var plain: [UInt8] = []
        plain.reserveCapacity(stop &- start)
        var p = start
        while p < stop {
            let b = byte(p)
            guard b == UInt8(ascii: "\\"), p &+ 1 < stop else {
                plain.append(b)
                p &+= 1
                continue
            }
            let escaped = byte(p &+ 1)
            p &+= 2
            switch escaped {
            case UInt8(ascii: "b"): plain.append(0x08)
            case UInt8(ascii: "f"): plain.append(0x0C)
            case UInt8(ascii: "n"): plain.append(0x0A)
            case UInt8(ascii: "r"): plain.append(0x0D)
            case UInt8(ascii: "t"): plain.append(0x09)
            case UInt8(ascii: "u"):
                var scalar = max(0, codeUnit(p &- 2))
                p &+= 4
                if scalar & 0xFC00 == 0xD800, p &+ 6 <= stop {
                    scalar = 0x10000 &+ (scalar & 0x3FF) &<< 10 &+ max(0, codeUnit(p)) & 0x3FF
                    p &+= 6
                }
                let text = Unicode.Scalar(UInt32(truncatingIfNeeded: scalar)) ?? "\u{FFFD}"
                plain.append(contentsOf: String(Character(text)).utf8)
            default: plain.append(escaped)
            }
        }
        return plain
    }
}
