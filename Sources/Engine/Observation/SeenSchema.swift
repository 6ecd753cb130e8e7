/// What the records of a stream look like: which fields there are, of which types, and in how many of the records.
///
/// Records have been proved to be JSON before they come here, so their names and types are read without any value being
/// made. A field is looked for where the record before had it, which is where it stands as a rule. What a server can
/// make it keep is bounded; what is beyond is counted.
public struct SeenSchema: Sendable {
    struct Node: Sendable {
        /// The name's first eight bytes, to tell most names apart in one comparison.
        var word: UInt64
        var nameStart: Int32
        var nameCount: Int32
        var parent: Int32
        var firstChild: Int32 = -1
        var lastChild: Int32 = -1
        /// The next field of the same object.
        var next: Int32 = -1
        var children: Int32 = 0
        /// Of its path's text, at least.
        var pathBytes: Int32
        var depth: Int16
        /// It stands for the elements of an array.
        var isElement: Bool
        /// An object of too many names: they are data, not fields.
        var isMap = false
        /// The object that it was counted in last: a name that is repeated counts once.
        var object: Int64 = 0
    }
    private struct Name: Hashable {
        var parent: Int32
        var bytes: [UInt8]
    }

    private(set) var nodes: [Node]
    /// `FieldType.count` of each node.
    private(set) var counts: [Int64]
    private(set) var names: [UInt8] = []
    private var known: [Name: Int32] = [:]
    private var pathBytes = 0
    private var objects: Int64 = 0
    /// Records that were looked at.
    public private(set) var records: Int64 = 0
    /// Values at places that are not kept, since there were too many, too deep or with too long names.
    public private(set) var more: Int64 = 0

    static let mostNodes = 3000
    static let mostChildren = 1000
    static let mostDepth = 16
    static let mostName = 128
    static let mostPathBytes = 256 << 10
    /// Of an array as many tell what the others are.
    static let mostElements = 32

    public init() {
        nodes = [Node(word: 0, nameStart: 0, nameCount: 0, parent: -1, pathBytes: 0, depth: 0, isElement: false)]
        counts = [Int64](repeating: 0, count: FieldType.count)
    }

    /// One record's bytes.
    public mutating func take(_ record: UnsafeRawBufferPointer) {
        guard let base = record.baseAddress, record.count > 0 else { return }
        records &+= 1
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: JSONScanner.defaultMaximumDepth) { stack in
            let lexer = JSONLexer(base, count: record.count, stack: stack)
            _ = value(lexer, lexer.space(0), 0)
        }
    }

    // MARK: reading

    /// Every position is behind the one before, or negative, which ends all.
    private mutating func value(_ lexer: JSONLexer, _ p: Int, _ node: Int32) -> Int {
        guard p >= 0, p < lexer.end else { return -1 }
        switch lexer.byte(p) {
        case UInt8(ascii: "\""):
            count(.string, node)
            return lexer.string(p &+ 1)
        case UInt8(ascii: "{"):
            count(.object, node)
            return object(lexer, p, node)
        case UInt8(ascii: "["):
            count(.array, node)
            return array(lexer, p, node)
        case UInt8(ascii: "n"):
            count(.null, node)
            return p &+ 4
        case UInt8(ascii: "t"):
            count(.boolean, node)
            return p &+ 4
        case UInt8(ascii: "f"):
            count(.boolean, node)
            return p &+ 5
        default:
            let end = lexer.number(p)
            count(Self.isWhole(lexer, p, end) ? .integer : .number, node)
            return end
        }
    }

    private static func isWhole(_ lexer: JSONLexer, _ start: Int, _ end: Int) -> Bool {
        var p = start
        while p < end {
            let byte = lexer.byte(p)
            if byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e") { return false }
            p &+= 1
        }
        return true
    }

    @inline(__always) private mutating func count(_ type: FieldType, _ node: Int32) {
        counts[Int(node) &* FieldType.count &+ type.rawValue] &+= 1
    }

    private mutating func object(_ lexer: JSONLexer, _ start: Int, _ node: Int32) -> Int {
        if nodes[Int(node)].isMap { return lexer.skip(start, depth: 0) }
        objects &+= 1
        let here = objects
        var guess = nodes[Int(node)].firstChild
        var p = lexer.space(start &+ 1)
        while p >= 0, p < lexer.end, lexer.byte(p) == UInt8(ascii: "\"") {
            let name = p &+ 1
            p = lexer.plain(name)
            let isPlain = p < lexer.end && lexer.byte(p) == UInt8(ascii: "\"")
            p = isPlain ? p &+ 1 : lexer.name(name)
            guard p > name else { return -1 }
            let child = field(lexer, name, p &- 1, isPlain: isPlain, of: node, guess: guess)
            p = lexer.space(lexer.space(p) &+ 1)
            if child >= 0, nodes[Int(child)].object != here {
                nodes[Int(child)].object = here
                guess = nodes[Int(child)].next
                p = value(lexer, p, child)
            } else {
                if child == Self.notKept { more &+= 1 }
                p = lexer.skip(p, depth: 0)
            }
            guard p >= 0 else { return p }
            p = lexer.space(p)
            if p < lexer.end, lexer.byte(p) == UInt8(ascii: ",") { p = lexer.space(p &+ 1) }
        }
        return p &+ 1
    }

    private mutating func array(_ lexer: JSONLexer, _ start: Int, _ node: Int32) -> Int {
        var p = lexer.space(start &+ 1)
        if p < lexer.end, lexer.byte(p) == UInt8(ascii: "]") { return p &+ 1 }
        var element = nodes[Int(node)].firstChild
        while element >= 0, !nodes[Int(element)].isElement { element = nodes[Int(element)].next }
        if element < 0 { element = add([], to: node, isElement: true) }
        var left = Self.mostElements
        while p >= 0, p < lexer.end {
            if element >= 0, left > 0 {
                left &-= 1
                p = value(lexer, p, element)
            } else {
                if element == Self.notKept { more &+= 1 }
                p = lexer.skip(p, depth: 0)
            }
            guard p >= 0 else { return p }
            p = lexer.space(p)
            guard p < lexer.end, lexer.byte(p) == UInt8(ascii: ",") else { return p &+ 1 }
            p = lexer.space(p &+ 1)
        }
        return -1
    }

    // MARK: fields

    private static let notKept: Int32 = -1
    /// One name of many that are data.
    private static let ofMap: Int32 = -2

    /// Negative: it is not kept.
    private mutating func field(
        _ lexer: JSONLexer, _ start: Int, _ stop: Int, isPlain: Bool, of parent: Int32, guess: Int32
    ) -> Int32 {
        let count = stop &- start
        guard count <= Self.mostName else { return Self.notKept }
        guard isPlain else { return field(lexer.unescape(start, stop), of: parent) }
        let word = lexer.nameWord(start, count)
        var place = guess
        // Past those that this record leaves out.
        var tries = 4
        while place >= 0, tries > 0 {
            if nodes[Int(place)].word == word, nodes[Int(place)].nameCount == count, !nodes[Int(place)].isElement,
                count <= 8 || isSame(lexer, start, count, place)
            {
                return place
            }
            place = nodes[Int(place)].next
            tries &-= 1
        }
        return field([UInt8](UnsafeRawBufferPointer(start: lexer.base + start, count: count)), of: parent)
    }

    private func isSame(_ lexer: JSONLexer, _ start: Int, _ count: Int, _ node: Int32) -> Bool {
        let name = Int(nodes[Int(node)].nameStart)
        var k = 8
        while k < count {
            if names[name &+ k] != lexer.byte(start &+ k) { return false }
            k &+= 1
        }
        return true
    }

    private mutating func field(_ bytes: [UInt8], of parent: Int32) -> Int32 {
        let name = Name(parent: parent, bytes: bytes)
        if let place = known[name] { return place }
        if nodes[Int(parent)].isMap { return Self.ofMap }
        guard nodes[Int(parent)].children < Self.mostChildren else {
            nodes[Int(parent)].isMap = true
            return Self.ofMap
        }
        let made = add(bytes, to: parent, isElement: false)
        if made >= 0 { known[name] = made }
        return made
    }

    private mutating func add(_ bytes: [UInt8], to parent: Int32, isElement: Bool) -> Int32 {
        let above = nodes[Int(parent)]
        // A text of a path has at most two bytes more for each of a name, and its brackets and quotes.
        let length = Int(above.pathBytes) &+ bytes.count &+ 4
        guard nodes.count < Self.mostNodes, Int(above.depth) < Self.mostDepth,
            pathBytes &+ length <= Self.mostPathBytes
        else { return Self.notKept }
        pathBytes &+= length
        var word: UInt64 = 0
        for byte in bytes.prefix(8).reversed() { word = word &<< 8 | UInt64(byte) }
        let place = Int32(truncatingIfNeeded: nodes.count)
        nodes.append(
            Node(
                word: word, nameStart: Int32(truncatingIfNeeded: names.count),
                nameCount: Int32(truncatingIfNeeded: bytes.count), parent: parent,
                pathBytes: Int32(truncatingIfNeeded: length), depth: above.depth &+ 1, isElement: isElement))
        names.append(contentsOf: bytes)
        counts.append(contentsOf: repeatElement(0, count: FieldType.count))
        nodes[Int(parent)].children &+= isElement ? 0 : 1
        if above.lastChild >= 0 {
            nodes[Int(above.lastChild)].next = place
        } else {
            nodes[Int(parent)].firstChild = place
        }
        nodes[Int(parent)].lastChild = place
        return place
    }
}

/// What a value is, whole numbers told from others.
enum FieldType: Int, Sendable, CaseIterable {
    case null, boolean, integer, number, string, array, object

    static let count = 7

    var name: String {
        switch self {
        case .null: "null"
        case .boolean: "boolean"
        case .integer: "integer"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    /// With its article, in messages.
    var described: String {
        switch self {
        case .null: "null"
        case .integer, .array, .object: "an \(name)"
        case .boolean, .number, .string: "a \(name)"
        }
    }
}
