extension ValueSource {
    /// The value, with the leaves looked up by `leaf`. Nil: it is not there. What is there and of no use is an error:
    /// taking it for the end of the walk would lose records.
    func value(_ leaf: (ValueSource) throws(Failure) -> Extracted?) throws(Failure) -> Extracted? {
        switch self {
        case .body, .header, .link, .firstRecord, .lastRecord, .find, .page: return try leaf(self)
        case .over, .window: return nil
        case .constant(let value): return Extracted(value: value, text: value.scalarText)
        case .queryParameter(let name, let inner):
            guard let text = try inner.value(leaf)?.text, !text.isEmpty else { return nil }
            // Only the query is looked at, so any base will do for a relative reference.
            let query = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).dropFirst().first
            guard let query, let url = try? WebURL("http://localhost/?\(query)") else { return nil }
            return url.queryValue(name).map { Extracted(text: $0) }
        case .first(let sources):
            for candidate in sources {
                if let found = try candidate.value(leaf), !found.saysNothing { return found }
            }
            return nil
        case .sum(let sources):
            var sum: Int64 = 0
            for source in sources {
                guard let found = try source.value(leaf), !found.saysNothing, found.value != .bool(false) else {
                    return nil
                }
                guard let number = found.integer else {
                    throw Failure(.data, "\(source.described) is \(found.described), not a whole number")
                }
                let (next, overflow) = sum.addingReportingOverflow(number)
                if overflow { throw Failure(.data, "\(source.described) is too large to add to") }
                sum = next
            }
            return Extracted(number: sum)
        case .formatted(let inner, let format):
            guard let found = try inner.value(leaf), !found.saysNothing else { return nil }
            guard let text = found.scalarText else {
                throw Failure(.data, "\(inner.described) is \(found.described), not a text or number")
            }
            switch format {
            case .text: return Extracted(text: text)
            case .number:
                guard let number = JSONValue(number: text) else {
                    throw Failure(.data, "\(inner.described) is \(found.described), not a number")
                }
                return Extracted(value: number, text: text)
            }
        case .percentEncoded(let inner):
            return try inner.value(leaf)?.scalarText.map { Extracted(text: PercentEncoding.encode($0)) }
        }
    }

    /// For messages.
    var described: String {
        switch self {
        case .body(let path): "the value at \(MessageText.quoted(path.description))"
        case .header(let name): "the header \(MessageText.quoted(name))"
        case .link(let relation, let attribute):
            (attribute.map { "the attribute \(MessageText.quoted($0)) of " } ?? "")
                + "the link \(MessageText.quoted(relation))"
        case .firstRecord(let path): "\(MessageText.quoted(path.description)) of the first record"
        case .lastRecord(let path): "\(MessageText.quoted(path.description)) of the last record"
        case .find(let path, _, _): "what is found in \(MessageText.quoted(path.description))"
        case .page(let value): "the page's \(value.rawValue)"
        case .constant: "the constant"
        case .over(let name): "the value \(MessageText.quoted(name))"
        case .window(let side, _): "the window's \(side.rawValue)"
        case .queryParameter(let name, _): "the query parameter \(MessageText.quoted(name))"
        case .first(let sources): sources.first?.described ?? "nothing"
        case .sum: "the sum"
        case .formatted(let inner, _), .percentEncoded(let inner): inner.described
        }
    }
}

extension Extracted {
    /// Null or an empty text.
    var saysNothing: Bool { isNull || isEmptyText }

    /// Of flags, too.
    var scalarText: String? { text ?? value.scalarText }

    /// A whole number, also as text.
    var integer: Int64? { value.string.flatMap { Int64($0) } ?? value.int }

    /// For messages.
    var described: String {
        scalarText.map { MessageText.quoted($0) } ?? value.found
    }

    func isSame(as other: Extracted) -> Bool {
        if let one = integer, let two = other.integer { return one == two }
        if let one = scalarText, let two = other.scalarText { return one == two }
        return isNull && other.isNull
    }
}

extension JSONValue {
    /// A number of JSON's grammar, as it stands; nil for any other text.
    init?(number text: String) {
        guard let first = text.utf8.first, ASCII.isDigit(first) || first == UInt8(ascii: "-"),
            text.utf8.last.map(ASCII.isDigit) == true
        else { return nil }
        if let whole = Int64(text), String(whole) == text {
            self = .int(whole)
            return
        }
        var text = text
        guard text.withUTF8({ (try? JSONScanner.validate(UnsafeRawBufferPointer($0))) != nil }) else { return nil }
        self = .number(text)
    }
}
