/// Proves a body right and finds ranges in it, in one pass.
///
/// The whole body is held to RFC 8259, strictly: grammar, UTF-8, escapes, depth. What it accepts, jansson decodes, but
/// for numbers beyond jansson's range (any size passes here) and a UTF-8 BOM (skipped here). Of a repeated name the
/// last one counts, as in jansson. Made once per stream, used for every page.
public struct JSONScanner: Sendable {
    /// Far below jansson's own 2048, far above any real API.
    public static let defaultMaximumDepth = 512
    /// Spans have 32 bits, and jansson counts positions in an `int`.
    public static let maximumSize = Int(Int32.max)

    public let targets: [JSONTarget]
    public let maximumDepth: Int
    private let tables: JSONTables

    public init(_ targets: [JSONTarget], maximumDepth: Int = defaultMaximumDepth) throws(JSONSelectionError) {
        self.targets = targets
        self.maximumDepth = max(1, min(maximumDepth, 65_536))
        tables = JSONTables(try JSONAutomaton(targets))
    }

    /// Finds the targets in `body`; `matches` is emptied first and stays empty when the body is refused.
    public func scan(_ body: UnsafeRawBufferPointer, into matches: inout JSONMatches) throws(JSONError) {
        matches.prepare(for: targets)
        guard body.count <= Self.maximumSize else {
            throw JSONError(kind: .tooLarge, offset: 0, in: UnsafeRawBufferPointer(rebasing: body[..<0]))
        }
        guard let base = body.baseAddress, !body.isEmpty else {
            throw JSONError(kind: .unexpectedEnd, offset: 0, in: body)
        }
        let end = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: maximumDepth) { stack in
            var walk = JSONWalk(
                lexer: JSONLexer(base, count: body.count, stack: stack), tables: tables, out: matches)
            // Out of the caller's hands while they are written to, so that no array is copied.
            matches = JSONMatches()
            let end = walk.document()
            swap(&matches, &walk.out)
            return end
        }
        if end < 0 {
            matches.removeAll()
            throw JSONError(kind: JSONLexer.kind(of: end), offset: JSONLexer.offset(of: end), in: body)
        }
    }

    /// Only proves `body` right.
    public static func validate(
        _ body: UnsafeRawBufferPointer, maximumDepth: Int = defaultMaximumDepth
    ) throws(JSONError) {
        var matches = JSONMatches()
        try JSONScanner(validatingTo: maximumDepth).scan(body, into: &matches)
    }

    private init(validatingTo depth: Int) {
        targets = []
        maximumDepth = max(1, min(depth, 65_536))
        tables = JSONTables(JSONAutomaton())
    }
}
