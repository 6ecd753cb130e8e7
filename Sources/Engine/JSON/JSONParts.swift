/// The parts of a value in a body that a scan has proved right.
enum JSONParts {
    struct Member {
        /// With its quotes, as it stands.
        let name: JSONSpan
        let value: JSONSpan
    }

    /// The elements of an array; nothing for any other value.
    static func elements(of span: JSONSpan, in body: UnsafeRawBufferPointer) -> [JSONSpan] {
        guard span.kind == .array else { return [] }
        return read(span, body, or: []) { lexer in
            var elements: [JSONSpan] = []
            _ = lexer.eachElement(Int(span.start), depth: 1) { start, end in
                elements.append(JSONSpan(start, end, firstByte: lexer.byte(start)))
            }
            return elements
        }
    }

    /// The members of an object; nothing for any other value. Of a repeated name the last one counts.
    static func members(of span: JSONSpan, in body: UnsafeRawBufferPointer) -> [Member] {
        guard span.kind == .object else { return [] }
        return read(span, body, or: []) { lexer in
            var members: [Member] = []
            var names: [[UInt8]] = []
            var p = lexer.space(Int(span.start) &+ 1)
            while p >= 0, p < lexer.end, lexer.byte(p) == UInt8(ascii: "\"") {
                let nameEnd = lexer.name(p &+ 1)
                guard nameEnd > p else { break }
                let start = lexer.space(lexer.space(nameEnd) &+ 1)
                let end = lexer.skip(start, depth: 1)
                guard end > start else { break }
                names.append(lexer.unescape(p &+ 1, nameEnd &- 1))
                members.append(
                    Member(
                        name: JSONSpan(p, nameEnd, firstByte: UInt8(ascii: "\"")),
                        value: JSONSpan(start, end, firstByte: lexer.byte(start))))
                p = lexer.space(end)
                if p < lexer.end, lexer.byte(p) == UInt8(ascii: ",") { p = lexer.space(p &+ 1) }
            }
            guard Set(names).count < names.count else { return members }
            var seen: Set<[UInt8]> = []
            return zip(members, names).reversed().filter { seen.insert($1).inserted }.reversed().map(\.0)
        }
    }

    private static func read<R>(
        _ span: JSONSpan, _ body: UnsafeRawBufferPointer, or nothing: R, _ read: (JSONLexer) -> R
    ) -> R {
        guard let base = body.baseAddress, span.end <= body.count, span.start < span.end else { return nothing }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: JSONScanner.defaultMaximumDepth) { stack in
            read(JSONLexer(base, count: body.count, stack: stack))
        }
    }
}
