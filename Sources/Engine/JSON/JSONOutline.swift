/// The shape of an unknown body, for deciding what its records and its next page may be: the members of its objects
/// down to a depth, never into arrays. The whole body is proved right on the way.
public struct JSONOutline: Sendable {
    public struct Member: Sendable {
        /// Unescaped.
        public let name: String
        /// The place in `members` of the object's own entry that this is a member of; nil at the top.
        public let parent: Int?
        /// 1 for a member of the top-level object.
        public let depth: Int
        public internal(set) var span: JSONSpan
        /// Elements of an array, members of an object; 0 for a scalar.
        public internal(set) var count: Int
        /// Of an array that is not empty.
        public internal(set) var firstElement: JSONSpan?
        public var kind: JSONKind { span.kind }
    }

    public static let defaultDepth = 3
    public static let maximumMembers = 1000

    /// The top-level value.
    public private(set) var root = JSONSpan.missing
    /// Elements of a top-level array, members of a top-level object.
    public private(set) var count = 0
    /// Of a top-level array that is not empty.
    public private(set) var firstElement: JSONSpan?
    /// A parent before its members, otherwise in the order of the text. Of a repeated name the last one counts.
    public private(set) var members: [Member] = []
    /// True when there were more than `maximumMembers`.
    public private(set) var isCut = false
    public var kind: JSONKind { root.kind }

    public init(
        _ body: UnsafeRawBufferPointer, depth: Int = defaultDepth,
        maximumDepth: Int = JSONScanner.defaultMaximumDepth
    ) throws(JSONError) {
        // Proved first, in a pass of its own: after it, what follows cannot meet an error.
        try JSONScanner.validate(body, maximumDepth: maximumDepth)
        guard let base = body.baseAddress else { return }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: max(1, min(maximumDepth, 65_536))) { stack in
            let lexer = JSONLexer(base, count: body.count, stack: stack)
            let start = lexer.space(lexer.isBOM ? 3 : 0)
            note(lexer, start, parent: nil, depth: 1, until: min(depth, 16))
        }
        removeRepeated()
    }

    /// The text form of the path from the top to a member, as `JSONPath` reads it.
    public func path(to member: Int) -> String {
        var text = ""
        var next: Int? = member
        while let i = next, i < members.count {
            let name = members[i].name
            let plain =
                !name.isEmpty && name != "*" && !name.hasPrefix("$") && !name.hasPrefix("/")
                && !name.utf8.contains { ".[]".utf8.contains($0) }
            let step = plain ? name : JSONPath(member: name).description
            text = text.isEmpty ? step : text.hasPrefix("[") ? step + text : "\(step).\(text)"
            next = members[i].parent
        }
        return text
    }

    /// Notes the value at `p` and, when it is an object, its members. The position after it.
    @discardableResult
    private mutating func note(_ lexer: JSONLexer, _ p: Int, parent: Int?, depth: Int, until: Int) -> Int {
        var end = p
        var count = 0
        var firstElement: JSONSpan?
        switch lexer.byte(p) {
        case UInt8(ascii: "["):
            end = lexer.eachElement(p, depth: 0) { start, stop in
                if count == 0 { firstElement = JSONSpan(start, stop, firstByte: lexer.byte(start)) }
                count += 1
            }
        case UInt8(ascii: "{"):
            end = lexer.space(p &+ 1)
            while end >= 0, end < lexer.end, lexer.byte(end) == UInt8(ascii: "\"") {
                let name = (end &+ 1)..<(lexer.name(end &+ 1) &- 1)
                let value = lexer.space(lexer.space(name.upperBound &+ 1) &+ 1)
                count += 1
                if depth > until {
                    end = lexer.skip(value, depth: 0)
                } else if members.count < Self.maximumMembers {
                    members.append(
                        Member(
                            name: String(decoding: lexer.unescape(name.lowerBound, name.upperBound), as: UTF8.self),
                            parent: parent, depth: depth, span: .missing, count: 0, firstElement: nil))
                    end = note(lexer, value, parent: members.count - 1, depth: depth + 1, until: until)
                } else {
                    isCut = true
                    end = lexer.skip(value, depth: 0)
                }
                end = lexer.space(end)
                if lexer.byte(end) == UInt8(ascii: ",") { end = lexer.space(end &+ 1) }
            }
            end &+= 1
        default: end = lexer.skip(p, depth: 0)
        }
        let span = JSONSpan(p, end, firstByte: lexer.byte(p))
        if let parent {
            members[parent].span = span
            members[parent].count = count
            members[parent].firstElement = firstElement
        } else {
            root = span
            self.count = count
            self.firstElement = firstElement
        }
        return end
    }

    private struct Name: Hashable {
        var parent: Int?
        var name: String
    }

    private mutating func removeRepeated() {
        var seen: Set<Name> = []
        var gone: Set<Int> = []
        for i in members.indices.reversed() {
            let name = Name(parent: members[i].parent, name: members[i].name)
            if !seen.insert(name).inserted { gone.insert(i) }
        }
        if gone.isEmpty { return }
        var places: [Int: Int] = [:]
        var kept: [Member] = []
        for (i, member) in members.enumerated() {
            if gone.contains(i) { continue }
            let parent = member.parent.flatMap { places[$0] }
            if member.parent != nil && parent == nil { continue }
            places[i] = kept.count
            kept.append(
                Member(
                    name: member.name, parent: parent, depth: member.depth, span: member.span, count: member.count,
                    firstElement: member.firstElement))
        }
        members = kept
    }
}

extension JSONLexer {
    var isBOM: Bool { end >= 3 && byte(0) == 0xEF && byte(1) == 0xBB && byte(2) == 0xBF }
}
