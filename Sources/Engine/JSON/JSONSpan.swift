/// What a JSON value is, known from its first byte.
public enum JSONKind: UInt8, Sendable, CustomStringConvertible {
    case null, bool, number, string, array, object

    /// The word for it in messages.
    public var description: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    /// For messages: `an object`, and `null` without an article.
    public var described: String {
        switch self {
        case .null: "null"
        case .array, .object: "an \(self)"
        case .bool, .number, .string: "a \(self)"
        }
    }

    /// The kind of the value that begins with `byte`. Only asked for values that the scanner accepted.
    @inline(__always) init(firstByte byte: UInt8) {
        switch byte {
        case UInt8(ascii: "{"): self = .object
        case UInt8(ascii: "["): self = .array
        case UInt8(ascii: "\""): self = .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): self = .bool
        case UInt8(ascii: "n"): self = .null
        default: self = .number
        }
    }
}

/// Where one JSON value stands in a body: its first byte, the byte after its last one, and its kind.
///
/// Twelve bytes, so that a page of records is one flat array. Bodies are below 2 GiB.
public struct JSONSpan: Hashable, Sendable {
    public let start: UInt32
    public let end: UInt32
    public let kind: JSONKind

    @inline(__always) public init(start: UInt32, end: UInt32, kind: JSONKind) {
        self.start = start
        self.end = end
        self.kind = kind
    }

    @inline(__always) init(_ start: Int, _ end: Int, firstByte: UInt8) {
        self.init(
            start: UInt32(truncatingIfNeeded: start), end: UInt32(truncatingIfNeeded: end),
            kind: JSONKind(firstByte: firstByte))
    }

    /// No value is zero bytes long, so this can stand for "not there" in a flat array.
    static let missing = JSONSpan(start: 0, end: 0, kind: .null)
    var isMissing: Bool { end == 0 }

    public var range: Range<Int> { start <= end ? Int(start)..<Int(end) : 0..<0 }
    public var count: Int { range.count }

    /// The bytes of the value. Empty when the span does not lie in `body`.
    public func bytes(in body: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard end <= body.count, start <= end else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(rebasing: body[range])
    }

    /// The text of the value exactly as it stands in the body: what a number used as a page token needs
    /// (`1.10` stays `1.10`). A string keeps its quotes and escapes.
    public func text(in body: UnsafeRawBufferPointer) -> String {
        String(decoding: bytes(in: body), as: UTF8.self)
    }
}
