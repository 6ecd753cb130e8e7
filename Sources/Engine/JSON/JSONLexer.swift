/// The grammar: steps over one token or one whole value and proves it right on the way.
///
/// Positions are offsets from `base`, always in 0...end. Every function returns the position after what it read, or
/// a failure packed into a negative number, so that the hot path carries no error out of band. A byte is only read
/// behind a comparison with `end`; eight bytes only behind `wide`.
struct JSONLexer {
    let base: UnsafeRawPointer
    let end: Int
    /// The last position from which eight bytes can be read; negative when there is none.
    let wide: Int
    let maximumDepth: Int
    /// Room for `maximumDepth` bytes.
    let stack: UnsafeMutableBufferPointer<UInt8>

    init(_ base: UnsafeRawPointer, count: Int, stack: UnsafeMutableBufferPointer<UInt8>) {
        self.base = base
        end = count
        wide = count &- 8
        self.stack = stack
        maximumDepth = stack.count
    }

    // MARK: Failures

    @inline(__always) static func failure(_ kind: JSONError.Kind, _ offset: Int) -> Int {
        ~(offset &<< 8 | Int(kind.rawValue))
    }
    static func kind(of failure: Int) -> JSONError.Kind {
        JSONError.Kind(rawValue: UInt8(truncatingIfNeeded: ~failure)) ?? .unexpectedByte
    }
    static func offset(of failure: Int) -> Int { ~failure &>> 8 }

    /// Something else was expected here.
    @inline(never) func unexpected(_ p: Int) -> Int {
        Self.failure(p < end ? .unexpectedByte : .unexpectedEnd, p)
    }

    // MARK: Reading

    @inline(__always) func byte(_ p: Int) -> UInt8 { base.load(fromByteOffset: p, as: UInt8.self) }
    @inline(__always) func word(_ p: Int) -> UInt64 {
        UInt64(littleEndian: base.loadUnaligned(fromByteOffset: p, as: UInt64.self))
    }
    @inline(__always) static func each(_ byte: UInt8) -> UInt64 { 0x0101_0101_0101_0101 &* UInt64(byte) }

    /// Compact text has no space at all, and the first comparison says so.
    @inline(__always) func space(_ p: Int) -> Int {
        if p < end && byte(p) > 0x20 { return p }
        return longSpace(p)
    }

    @inline(never) private func longSpace(_ start: Int) -> Int {
        var p = start
        while p < end {
            switch byte(p) {
            case 0x20:
                p &+= 1
                while p <= wide {
                    let rest = word(p) ^ Self.each(0x20)
                    if rest != 0 {
                        p &+= rest.trailingZeroBitCount &>> 3
                        break
                    }
                    p &+= 8
                }
            case 0x0A, 0x0D, 0x09: p &+= 1
            default: return p
            }
        }
        return p
    }

    // MARK: Scalars

    /// From after the opening quote to after the closing one.
    @inline(__always) func string(_ start: Int) -> Int {
        let p = plain(start)
        if p < end && byte(p) == UInt8(ascii: "\"") { return p &+ 1 }
        return special(p, isName: false)
    }

    /// As `string`, for a member's name.
    @inline(__always) func name(_ start: Int) -> Int {
        let p = plain(start)
        if p < end && byte(p) == UInt8(ascii: "\"") { return p &+ 1 }
        return special(p, isName: true)
    }

    /// Runs over printable ASCII, eight bytes at a time, to the first byte that wants a look (or the end).
    @inline(__always) func plain(_ start: Int) -> Int {
        var p = start
        while p <= wide {
            let x = word(p)
            // The lowest flag is exact; a borrow can only set flags above a true one.
            let quote = (x ^ Self.each(0x22)) &- Self.each(1)
            let backslash = (x ^ Self.each(0x5C)) &- Self.each(1)
            let control = x &- Self.each(0x20)
            let flags = (quote | backslash | control | x) & Self.each(0x80)
            if flags != 0 { return p &+ flags.trailingZeroBitCount &>> 3 }
            p &+= 8
        }
        while p < end {
            let b = byte(p)
            if b < 0x20 || b == 0x22 || b == 0x5C || b >= 0x80 { return p }
            p &+= 1
        }
        return p
    }

    /// The rest of a string, with escapes and UTF-8, from a byte that is not plain.
    @inline(never) private func special(_ start: Int, isName: Bool) -> Int {
        var p = start
        while p < end {
            let b = byte(p)
            if b == UInt8(ascii: "\"") { return p &+ 1 }
            if b >= 0x80 {
                p = nonASCII(p)
            } else if b == UInt8(ascii: "\\") {
                p = escape(p, isName: isName)
            } else if b < 0x20 {
                return Self.failure(.controlCharacter, p)
            } else {
                p = plain(p)
            }
            if p < 0 { return p }
        }
        return Self.failure(.unexpectedEnd, end)
    }

    /// One run of well-formed UTF-8 beyond ASCII (Unicode table 3-7: no overlong forms, no surrogates).
    @inline(__always) private func nonASCII(_ start: Int) -> Int {
        var p = start
        repeat {
            let lead = byte(p)
            var low: UInt8 = 0x80
            var high: UInt8 = 0xBF
            let more: Int
            switch lead {
            case 0xC2...0xDF: more = 1
            case 0xE0...0xEF:
                more = 2
                if lead == 0xE0 { low = 0xA0 }
                if lead == 0xED { high = 0x9F }
            case 0xF0...0xF4:
                more = 3
                if lead == 0xF0 { low = 0x90 }
                if lead == 0xF4 { high = 0x8F }
            default: return Self.failure(.invalidUTF8, p)
            }
            var q = p &+ 1
            let stop = q &+ more
            while q < stop {
                guard q < end else { return Self.failure(.unexpectedEnd, end) }
                let b = byte(q)
                guard b >= low && b <= high else { return Self.failure(.invalidUTF8, p) }
                low = 0x80
                high = 0xBF
                q &+= 1
            }
            p = q
        } while p < end && byte(p) >= 0x80
        return p
    }

    /// One escape, from its backslash; a surrogate with its other half.
    private func escape(_ p: Int, isName: Bool) -> Int {
        guard p &+ 1 < end else { return Self.failure(.unexpectedEnd, end) }
        switch byte(p &+ 1) {
        case 0x22, 0x5C, 0x2F, 0x62, 0x66, 0x6E, 0x72, 0x74: return p &+ 2
        case 0x75: break
        default: return Self.failure(.invalidEscape, p)
        }
        let unit = codeUnit(p)
        if unit < 0 { return unit }
        if unit == 0 && isName { return Self.failure(.nulInName, p) }
        guard unit & 0xF800 == 0xD800 else { return p &+ 6 }
        guard unit & 0xFC00 == 0xD800 else { return Self.failure(.loneSurrogate, p) }
        guard p &+ 7 < end else {
            return p &+ 6 < end && byte(p &+ 6) != 0x5C
                ? Self.failure(.loneSurrogate, p) : Self.failure(.unexpectedEnd, end)
        }
        guard byte(p &+ 6) == 0x5C, byte(p &+ 7) == 0x75 else { return Self.failure(.loneSurrogate, p) }
        let second = codeUnit(p &+ 6)
        if second < 0 { return second }
        guard second & 0xFC00 == 0xDC00 else { return Self.failure(.loneSurrogate, p) }
        return p &+ 12
    }

    /// The value of the four digits of the `\u` escape whose backslash stands at `p`, or a failure.
    func codeUnit(_ p: Int) -> Int {
        var value = 0
        var q = p &+ 2
        while q < p &+ 6 {
            guard q < end else { return Self.failure(.unexpectedEnd, end) }
            let b = byte(q)
            let digit: Int
            switch b {
            case 0x30...0x39: digit = Int(b &- 0x30)
            case 0x41...0x46: digit = Int(b &- 0x37)
            case 0x61...0x66: digit = Int(b &- 0x57)
            default: return Self.failure(.invalidEscape, p)
            }
            value = value &<< 4 | digit
            q &+= 1
        }
        return value
    }

    @inline(__always) private func digits(_ start: Int) -> Int {
        var p = start
        while p < end && byte(p) &- 0x30 <= 9 { p &+= 1 }
        return p
    }

    @inline(__always) func number(_ start: Int) -> Int {
        var p = start
        if byte(p) == UInt8(ascii: "-") { p &+= 1 }
        let whole = p
        p = digits(p)
        if p == whole { return badNumber(p) }
        if byte(whole) == 0x30 && p &- whole > 1 { return Self.failure(.invalidNumber, whole &+ 1) }
        if p < end {
            let b = byte(p)
            if b == UInt8(ascii: ".") || b | 0x20 == UInt8(ascii: "e") { return fraction(p) }
        }
        return p
    }

    @inline(never) private func fraction(_ start: Int) -> Int {
        var p = start
        if byte(p) == UInt8(ascii: ".") {
            let first = p &+ 1
            p = digits(first)
            if p == first { return badNumber(p) }
        }
        if p < end && byte(p) | 0x20 == UInt8(ascii: "e") {
            p &+= 1
            if p < end && (byte(p) == UInt8(ascii: "+") || byte(p) == UInt8(ascii: "-")) { p &+= 1 }
            let first = p
            p = digits(first)
            if p == first { return badNumber(p) }
        }
        return p
    }

    @inline(never) private func badNumber(_ p: Int) -> Int {
        Self.failure(p < end ? .invalidNumber : .unexpectedEnd, p)
    }

    /// Anything that is no string and no container, from its first byte.
    @inline(__always) func scalar(_ p: Int, _ first: UInt8) -> Int {
        if first &- 0x30 <= 9 || first == UInt8(ascii: "-") { return number(p) }
        if first == UInt8(ascii: "t") { return literal(p, "true") }
        if first == UInt8(ascii: "f") { return literal(p, "false") }
        if first == UInt8(ascii: "n") { return literal(p, "null") }
        return unexpected(p)
    }

    @inline(__always) private func literal(_ p: Int, _ text: StaticString) -> Int {
        let count = text.utf8CodeUnitCount
        // All four of "true", "null", and "alse" of "false", in one comparison.
        let tail = count &- 4
        if p &+ count <= end,
            base.loadUnaligned(fromByteOffset: p &+ tail, as: UInt32.self)
                == UnsafeRawPointer(text.utf8Start).loadUnaligned(fromByteOffset: tail, as: UInt32.self)
        {
            return p &+ count
        }
        return badLiteral(p, text)
    }

    @inline(never) private func badLiteral(_ p: Int, _ text: StaticString) -> Int {
        var i = 0
        while i < text.utf8CodeUnitCount, p &+ i < end, byte(p &+ i) == text.utf8Start[i] { i &+= 1 }
        return unexpected(p &+ i)
    }
}
