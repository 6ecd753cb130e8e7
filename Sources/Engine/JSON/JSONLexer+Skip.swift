extension JSONLexer {
    private static let comma = UInt8(ascii: ",")
    private static let quote = UInt8(ascii: "\"")
    private static let braceClose = UInt8(ascii: "}")
    private static let bracketClose = UInt8(ascii: "]")

    /// Over one whole value that nobody asked for, from its first byte, with `depth` containers around it.
    @inline(__always) func skip(_ p: Int, depth: Int) -> Int {
        guard p < end else { return Self.failure(.unexpectedEnd, end) }
        let first = byte(p)
        if first == Self.quote { return string(p &+ 1) }
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") { return skipContainer(p, depth: depth) }
        return scalar(p, first)
    }

    /// From a member's name (its opening quote is wanted at `p`) to the first byte of its value.
    @inline(__always) private func skipName(_ p: Int) -> Int {
        guard p < end && byte(p) == Self.quote else { return unexpected(p) }
        var p = name(p &+ 1)
        if p < 0 { return p }
        p = space(p)
        guard p < end && byte(p) == UInt8(ascii: ":") else { return unexpected(p) }
        return space(p &+ 1)
    }

    /// Iterative, so that depth costs no stack: `stack` holds the closing byte of every container around the
    /// current one.
    @inline(never) private func skipContainer(_ start: Int, depth: Int) -> Int {
        var level = depth
        var closer: UInt8 = 0
        var p = start
        while true {
            // A container opens at p.
            guard level < maximumDepth else { return Self.failure(.tooDeep, p) }
            stack[level] = closer
            level &+= 1
            closer = byte(p) &+ 2  // '[' + 2 is ']', '{' + 2 is '}'
            p = space(p &+ 1)
            var wantsValue = true
            if p < end && byte(p) == closer {
                wantsValue = false
            } else if closer == Self.braceClose {
                p = skipName(p)
                if p < 0 { return p }
            }
            values: while true {
                if wantsValue {
                    guard p < end else { return Self.failure(.unexpectedEnd, end) }
                    let first = byte(p)
                    if first == Self.quote {
                        p = string(p &+ 1)
                    } else if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
                        break values
                    } else {
                        p = scalar(p, first)
                    }
                    if p < 0 { return p }
                    p = space(p)
                }
                // After a value, or at the end of an empty container.
                guard p < end else { return Self.failure(.unexpectedEnd, end) }
                let next = byte(p)
                if next == Self.comma && wantsValue {
                    p = space(p &+ 1)
                    if closer == Self.braceClose {
                        p = skipName(p)
                        if p < 0 { return p }
                    }
                } else if next == closer {
                    p &+= 1
                    level &-= 1
                    if level == depth { return p }
                    closer = stack[level]
                    p = space(p)
                    // Now after the value that the container was: a comma or another end.
                    wantsValue = false
                    guard p < end else { return Self.failure(.unexpectedEnd, end) }
                    if byte(p) == Self.comma {
                        wantsValue = true
                        p = space(p &+ 1)
                        if closer == Self.braceClose {
                            p = skipName(p)
                            if p < 0 { return p }
                        }
                    }
                } else {
                    return unexpected(p)
                }
            }
        }
    }
}
