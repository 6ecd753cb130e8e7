public import Engine

/// Why a text is not the JSON that was wanted, and where.
public struct DocumentError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Without the place.
    public let message: String
    /// From 1.
    public let line: Int
    /// From 1, in characters.
    public let column: Int
    /// In bytes.
    public let offset: Int
    /// The text was cut off rather than wrong.
    public let isTruncation: Bool

    public init(_ error: JSONError) {
        message = error.reason
        line = error.line
        column = error.column
        offset = error.offset
        isTruncation = error.isTruncation
    }

    init(_ failure: JanssonValue.Failure) {
        message = failure.message
        line = failure.line
        column = failure.column
        offset = failure.offset
        isTruncation = false
    }

    public var description: String { "\(message) at line \(line), column \(column) (byte \(offset))" }
}
