// Reading and editing the query. Editing touches the bytes of the edited parameter and no others: APIs sign, cache and
// compare the URLs they hand out, and much that stands in them (`&&`, `a;b`, a lone `%`) survives no round trip.

/// One `name=value` of a query, decoded. `value` is nil when there is no `=`.
public struct QueryItem: Hashable, Sendable {
    public var name: String
    public var value: String?

    public init(name: String, value: String?) {
        self.name = name
        self.value = value
    }
}

extension WebURL {
    /// All parameters, percent-decoded, `+` as a space.
    public var queryItems: [QueryItem] {
        pieces.filter { !$0.isEmpty }.map { piece in
            let equals = piece.firstIndex(of: WebURL.equals)
            return QueryItem(
                name: WebURL.decode(piece[..<(equals ?? piece.endIndex)]),
                value: equals.map { WebURL.decode(piece[($0 + 1)...]) })
        }
    }

    /// The first value of a parameter; empty for one without `=`; nil when there is none of that name.
    public func queryValue(_ name: String) -> String? {
        let wanted = Array(name.utf8)
        guard let piece = pieces.first(where: { WebURL.isNamed($0, wanted) }) else { return nil }
        guard let equals = piece.firstIndex(of: WebURL.equals) else { return "" }
        return WebURL.decode(piece[(equals + 1)...])
    }

    /// Gives `name` this one value: in the place of its first occurrence, whose name keeps its spelling, else at the
    /// end. Further occurrences go.
    public mutating func setQuery(_ name: String, _ value: String) {
        let wanted = Array(name.utf8)
        var found = false
        var edited: [ArraySlice<UInt8>] = []
        for piece in pieces {
            guard WebURL.isNamed(piece, wanted) else {
                edited.append(piece)
                continue
            }
            if found { continue }
            found = true
            let written = piece[..<(piece.firstIndex(of: WebURL.equals) ?? piece.endIndex)]
            edited.append(written + [WebURL.equals] + WebURL.encodeQueryValue(value).utf8)
        }
        if found { replacePieces(edited) } else { appendQuery(name, value) }
    }

    /// Adds `name=value` at the end, whether or not the name is there.
    public mutating func appendQuery(_ name: String, _ value: String) {
        let item = WebURL.encodeQueryName(name) + "=" + WebURL.encodeQueryValue(value)
        if let query, !query.isEmpty {
            self.query = query.utf8.last == UInt8(ascii: "&") ? query + item : query + "&" + item
        } else {
            query = item
        }
    }

    /// Removes every occurrence of `name`; with the last parameter the `?` goes too.
    public mutating func removeQuery(_ name: String) {
        let wanted = Array(name.utf8)
        let all = pieces
        let kept = all.filter { !WebURL.isNamed($0, wanted) }
        guard kept.count < all.count else { return }
        replacePieces(kept)
    }

    /// For messages and logs: origin and path, each value of the query as `…` unless its name is in `harmless`, no
    /// fragment. A parameter without `=` may be a bare token and is hidden whole.
    public func redacted(harmless: Set<String> = []) -> String {
        guard query != nil else { return origin.text + path }
        let shown = pieces.map { piece -> String in
            guard let equals = piece.firstIndex(of: WebURL.equals) else { return piece.isEmpty ? "" : "…" }
            let name = piece[..<equals]
            if harmless.contains(WebURL.decode(name)) { return String(decoding: piece, as: UTF8.self) }
            return String(decoding: name, as: UTF8.self) + "=…"
        }
        return origin.text + path + "?" + shown.joined(separator: "&")
    }

    /// Percent-encodes a parameter's name: everything but RFC 3986's unreserved bytes and `[]$:@,/!'()*`. Brackets are
    /// not legal in a query (RFC 3986, 3.2.2 keeps them for IPv6), but `created[gte]` and `types[]` are what Stripe,
    /// Rails and PHP document and every server takes; `$top` is OData's. `DateSent>` becomes `DateSent%3E`.
    static func encodeQueryName(_ name: String) -> String { PercentEncoding.encode(name, keeping: nameBytes) }

    /// Percent-encodes a value: everything but the unreserved bytes and `$:@,/!'()*`, which RFC 3986, 3.4 allows and
    /// which keep times and comma lists readable. `&`, `=`, `+`, `;`, `?`, `#`, `%` and brackets are encoded, a space
    /// is `%20`.
    static func encodeQueryValue(_ value: String) -> String { PercentEncoding.encode(value, keeping: valueBytes) }

    private var pieces: [ArraySlice<UInt8>] {
        guard let query else { return [] }
        return Array(query.utf8).split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false)
    }

    private mutating func replacePieces(_ pieces: [ArraySlice<UInt8>]) {
        let joined = String(decoding: Array(pieces.joined(separator: [UInt8(ascii: "&")])), as: UTF8.self)
        query = joined.isEmpty ? nil : joined
    }

    private static func isNamed(_ piece: ArraySlice<UInt8>, _ name: [UInt8]) -> Bool {
        guard !piece.isEmpty else { return false }
        let written = piece[..<(piece.firstIndex(of: equals) ?? piece.endIndex)]
        // Decoding never lengthens.
        guard written.count >= name.count else { return false }
        return written.elementsEqual(name) || PercentEncoding.decode(written, plusIsSpace: true) == name
    }

    private static func decode(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: PercentEncoding.decode(bytes, plusIsSpace: true), as: UTF8.self)
    }

    private static let equals = UInt8(ascii: "=")
    private static let nameBytes = ByteSet.alphanumeric(and: "-._~[]$:@,/!'()*")
    private static let valueBytes = ByteSet.alphanumeric(and: "-._~$:@,/!'()*")
}
