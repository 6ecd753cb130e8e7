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

    /// Over the array at `p`, giving the start and end of each of its elements, which have `depth` containers around
    /// them.
    @inline(__always) func eachElement(_ p: Int, depth: Int, _ body: (Int, Int) -> Void) -> Int {
        var p = space(p &+ 1)
        if p < end && byte(p) == Self.bracketClose { return p &+ 1 }
        while true {
            let start = p
            p = skip(start, depth: depth)
            if p < 0 { return p }
            body(start, p)
            p = space(p)
            guard p < end else { return Self.failure(.unexpectedEnd, end) }
            let next = byte(p)
            p &+= 1
            if next == Self.bracketClose { return p }
            guard next == Self.comma else { return unexpected(p &- 1) }
            p = space(p)
        }
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
        value: while true {
            guard p < end else { return Self.failure(.unexpectedEnd, end) }
            let first = byte(p)
            if first == Self.quote {
                p = string(p &+ 1)
                if p < 0 { return p }
            } else if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
                guard level < maximumDepth else { return Self.failure(.tooDeep, p) }
                stack[level] = closer
                level &+= 1
                closer = first &+ 2  // '[' + 2 is ']', '{' + 2 is '}'
                p = space(p &+ 1)
                if p < end && byte(p) != closer {
                    if closer == Self.braceClose {
                        p = skipName(p)
                        if p < 0 { return p }
                    }
                    continue value
                }
            } else {
                p = scalar(p, first)
                if p < 0 { return p }
            }
            // After a value, or at the end of an empty container: a comma or any number of ends.
            while true {
                p = space(p)
                guard p < end else { return Self.failure(.unexpectedEnd, end) }
                let next = byte(p)
                p &+= 1
                if next == Self.comma {
                    p = space(p)
                    if closer == Self.braceClose {
                        p = skipName(p)
                        if p < 0 { return p }
                    }
                    continue value
                }
                guard next == closer else { return unexpected(p &- 1) }
                level &-= 1
                if level == depth { return p }
                closer = stack[level]
            }
        }
    }
}
