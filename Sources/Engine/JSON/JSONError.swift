/// Why a body is not JSON that Penstock takes, and where.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: UInt8, Hashable, Sendable {
        /// The input ended inside a value: cut off, not wrong. An empty body is this too.
        case unexpectedEnd
        case unexpectedByte
        case trailingContent
        case invalidNumber
        case invalidEscape
        case loneSurrogate
        case controlCharacter
        case invalidUTF8
        /// `\u0000` in a member name: jansson refuses it, so nothing that is accepted here fails to decode.
        case nulInName
        case tooDeep
        case tooLarge
    }

    public let kind: Kind
    /// The offset in the body of the byte that is wrong, or the length of the body when it ended too early.
    public let offset: Int
    /// The byte that is wrong; nil at the end of the input.
    public let byte: UInt8?
    /// From 1.
    public let line: Int
    /// From 1, in characters (code points), as jansson counts.
    public let column: Int

    /// Line and column are counted here, when an error is certain, never while scanning.
    init(kind: Kind, offset: Int, in body: UnsafeRawBufferPointer) {
        var line = 1
        var column = 1
        for b in body.prefix(offset) {
            if b == UInt8(ascii: "\n") {
                line &+= 1
                column = 1
            } else if b & 0xC0 != 0x80 {
                column &+= 1
            }
        }
        self.kind = kind
        self.offset = offset
        self.byte = offset < body.count ? body[offset] : nil
        self.line = line
        self.column = column
    }

    /// The input was cut off: the same request may well give a whole body next time.
    public var isTruncation: Bool { kind == .unexpectedEnd }

    /// One line, such as `unexpected ',' at line 3, column 7 (byte 41)`.
    public var description: String { "\(reason) at line \(line), column \(column) (byte \(offset))" }

    /// The message without the place.
    public var reason: String {
        switch kind {
        case .unexpectedEnd: offset == 0 ? "empty input" : "unexpected end of input"
        case .unexpectedByte: "unexpected \(named)"
        case .trailingContent: "unexpected \(named) after the end of the value"
        case .invalidNumber: "invalid number: unexpected \(named)"
        case .invalidEscape: "invalid escape"
        case .loneSurrogate: "escaped surrogate without its other half"
        case .controlCharacter: "control character \(named) in a string"
        case .invalidUTF8: "invalid UTF-8: \(named)"
        case .nulInName: "\\u0000 in a member name"
        case .tooDeep: "nested too deep"
        case .tooLarge: "larger than 2 GiB"
        }
    }

    private var named: String {
        guard let byte else { return "end of input" }
        if byte > 0x20 && byte < 0x7F { return "'\(Character(Unicode.Scalar(byte)))'" }
        let hex = String(byte, radix: 16)
        return "byte 0x\(hex.count < 2 ? "0" : "")\(hex)"
    }
}
