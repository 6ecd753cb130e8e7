internal import CJansson
public import Engine

/// JSON text into the engine's values, by jansson. The scanner proves the text first, so that both always give the
/// same verdict: no depth beyond the limit, no NUL, a BOM skipped.
public enum Document {
    /// Any value: a token answer, an error body, one range of a page. Of a repeated name the last one counts;
    /// a number that jansson refuses as too large becomes `.number` with its text.
    public static func decode(_ bytes: UnsafeRawBufferPointer) throws(DocumentError) -> JSONValue {
        let body = try proved(bytes)
        do {
            return try JanssonValue(body, flags: Int(JSON_DECODE_ANY) | Int(JSON_ALLOW_NUL)).value
        } catch {
            guard error.isNumericOverflow else { throw DocumentError(error) }
        }
        return try tree(body)
    }

    /// The value at `span` of a body that was scanned.
    public static func decode(_ span: JSONSpan, in body: UnsafeRawBufferPointer) throws(DocumentError) -> JSONValue {
        try decode(span.bytes(in: body))
    }

    /// The text that a scalar stands for where it goes into a request: a string's content, a number exactly as the
    /// server wrote it (`1.10` stays `1.10`), `true` and `false`. Nil for null and for containers.
    public static func scalarText(
        _ span: JSONSpan, in body: UnsafeRawBufferPointer
    ) throws(DocumentError) -> String? {
        switch span.kind {
        case .number, .bool: span.text(in: body)
        case .string: try decode(span, in: body).string
        case .null, .array, .object: nil
        }
    }

    /// A document that people write: an object or array, no name twice in an object, no `\u0000`, no number out of
    /// range.
    public static func decodeDocument(_ bytes: UnsafeRawBufferPointer) throws(DocumentError) -> JSONValue {
        let body = try proved(bytes)
        do {
            return try JanssonValue(body, flags: Int(JSON_REJECT_DUPLICATES)).value
        } catch {
            throw DocumentError(error)
        }
    }

    public static func decodeDocument(_ text: String) throws(DocumentError) -> JSONValue {
        let bytes = Array(text.utf8)
        return try bytes.withUnsafeBufferPointer { bytes throws(DocumentError) in
            try decodeDocument(UnsafeRawBufferPointer(bytes))
        }
    }

    private static func proved(_ bytes: UnsafeRawBufferPointer) throws(DocumentError) -> UnsafeRawBufferPointer {
        do {
            try JSONScanner.validate(bytes)
        } catch {
            throw DocumentError(error)
        }
        return bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? UnsafeRawBufferPointer(rebasing: bytes.dropFirst(3)) : bytes
    }

    private static func tree(_ body: UnsafeRawBufferPointer) throws(DocumentError) -> JSONValue {
        do {
            return try JSONValue(body) { scalar in
                let flags = Int(JSON_DECODE_ANY) | Int(JSON_ALLOW_NUL)
                if let value = try? JanssonValue(scalar, flags: flags).value { return value }
                return .number(String(decoding: scalar, as: UTF8.self))
            }
        } catch {
            throw DocumentError(error)
        }
    }
}
