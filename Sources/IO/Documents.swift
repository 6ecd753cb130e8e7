public import Engine

/// JSON texts that people write: source documents, options, requests, jobs.
public enum Documents {
    /// Far above any real document; a body that was taken for one ends here.
    public static let maximumBytes = 4 << 20

    public static func parse(_ bytes: UnsafeRawBufferPointer) throws(Failure) -> JSONValue {
        guard bytes.count <= maximumBytes else {
            throw Failure(.config, "the text is longer than \(maximumBytes >> 20) MiB")
        }
        do throws(DocumentError) {
            // A limiter's text may be a string alone; a document is an object or array.
            let first = bytes.first { !" \t\r\n".utf8.contains($0) }
            return try first == UInt8(ascii: "\"") ? Document.decode(bytes) : Document.decodeDocument(bytes)
        } catch {
            throw Failure(.config, "line \(error.line), column \(error.column): \(error.message)")
        }
    }

    public static func parse(_ bytes: [UInt8]) throws(Failure) -> JSONValue {
        try bytes.withUnsafeBufferPointer { bytes throws(Failure) in
            try parse(UnsafeRawBufferPointer(bytes))
        }
    }
}
