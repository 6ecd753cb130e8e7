extension JSONValue {
    /// Builds the value of `body` with every scalar and every name decoded by `scalar`, which is given its bytes.
    ///
    /// For what jansson refuses as a whole though each part but one is fine: a number beyond its range.
    public init(
        _ body: UnsafeRawBufferPointer, scalar: (UnsafeRawBufferPointer) -> JSONValue
    ) throws(JSONError) {
        try JSONScanner.validate(body)
        self = .null
        guard let base = body.baseAddress else { return }
        self = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: JSONScanner.defaultMaximumDepth) { stack in
            let lexer = JSONLexer(base, count: body.count, stack: stack)
            var p = lexer.space(lexer.isBOM ? 3 : 0)
            return lexer.tree(&p, scalar)
        }
    }
}

extension JSONLexer {
    /// The (proven) value at `p`, which moves behind it. As deep as the scanner's limit, no deeper.
    fileprivate func tree(_ p: inout Int, _ scalar: (UnsafeRawBufferPointer) -> JSONValue) -> JSONValue {
        switch byte(p) {
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            p = space(p &+ 1)
            while p < end, byte(p) != UInt8(ascii: "]") {
                elements.append(tree(&p, scalar))
                p = space(p)
                if p < end && byte(p) == UInt8(ascii: ",") { p = space(p &+ 1) }
            }
            p &+= 1
            return .array(elements)
        case UInt8(ascii: "{"):
            var members: [JSONValue.Member] = []
            var places: [String: Int] = [:]
            p = space(p &+ 1)
            while p < end, byte(p) == UInt8(ascii: "\"") {
                let nameEnd = max(p, name(p &+ 1))
                let decoded = scalar(UnsafeRawBufferPointer(start: base + p, count: nameEnd &- p)).string ?? ""
                p = space(space(nameEnd) &+ 1)
                let value = tree(&p, scalar)
                if let place = places[decoded] {
                    members[place].value = value
                } else {
                    places[decoded] = members.count
                    members.append(JSONValue.Member(name: decoded, value: value))
                }
                p = space(p)
                if p < end && byte(p) == UInt8(ascii: ",") { p = space(p &+ 1) }
            }
            p &+= 1
            return .object(members)
        default:
            let start = p
            p = max(start, skip(p, depth: 0))
            return scalar(UnsafeRawBufferPointer(start: base + start, count: p &- start))
        }
    }
}
