/// An absolute http or https URL (RFC 3986) that is safe to request: no user information, no control characters, a host
/// in one spelling. Path, query and fragment keep their bytes; dot segments of the path are removed.
///
/// `==` compares what is sent, byte for byte, and the fragment; use `normalized` to ask whether two URLs mean the same.
public struct WebURL: Hashable, Sendable, CustomStringConvertible {
    public private(set) var origin: Origin
    /// Empty, or begins with a slash.
    public private(set) var path: String
    /// Without the `?`. `nil` and empty differ, as they do on the wire.
    public internal(set) var query: String?
    /// Never sent.
    public private(set) var fragment: String?

    public init(_ text: String) throws(WebURLError) {
        try self.init(URLReference(text))
    }

    private init(_ reference: URLReference) throws(WebURLError) {
        guard let scheme = reference.scheme else { throw .noScheme }
        guard let known = Origin.Scheme(rawValue: ASCII.lowercased(String(decoding: scheme, as: UTF8.self))) else {
            throw .schemeNotHTTP
        }
        guard let authority = reference.authority else { throw .emptyHost }
        try self.init(scheme: known, authority: authority, reference)
    }

    private init(scheme: Origin.Scheme, authority: ArraySlice<UInt8>, _ reference: URLReference) throws(WebURLError) {
        origin = try Origin(scheme: scheme, authority: authority)
        path = URLReference.removingDotSegments(reference.path)
        query = reference.query
        fragment = reference.fragment
    }

    public var text: String {
        fragment.map { withoutFragment + "#" + $0 } ?? withoutFragment
    }

    /// What to request: `text` less the fragment.
    public var withoutFragment: String {
        origin.text + path + (query.map { "?" + $0 } ?? "")
    }

    /// RFC 9112, 3.2.1: path and query, the path never empty.
    public var requestTarget: String {
        (path.isEmpty ? "/" : path) + (query.map { "?" + $0 } ?? "")
    }

    /// Redacted, so that a URL in a message by accident gives nothing away.
    public var description: String { redacted() }

    /// RFC 3986, 5.2.2: what `reference` means on the page that this URL names.
    public func resolving(_ reference: String) throws(WebURLError) -> WebURL {
        let parts = try URLReference(reference)
        if parts.scheme != nil { return try WebURL(parts) }
        if let authority = parts.authority {
            return try WebURL(scheme: origin.scheme, authority: authority, parts)
        }
        var target = self
        target.fragment = parts.fragment
        if parts.path.isEmpty {
            if let query = parts.query { target.query = query }
            return target
        }
        target.query = parts.query
        target.path = URLReference.removingDotSegments(
            parts.path.utf8.first == UInt8(ascii: "/") ? parts.path : merging(parts.path))
        return target
    }

    /// RFC 3986, 5.2.3.
    private func merging(_ relative: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "/" + relative }
        return path[...slash] + relative
    }

    /// This URL as a base with a stream's path below it, as people expect of a base URL and RFC 3986 does not do:
    /// `https://h/v1` and `/users` give `https://h/v1/users`. A query of the path comes behind the base's own. An
    /// absolute URL stands for itself.
    public func appending(path text: String) throws(WebURLError) -> WebURL {
        if WebURL.isAbsolute(text) { return try WebURL(text) }
        if text.utf8.starts(with: "//".utf8) { throw .networkPath }
        // Behind a slash nothing reads as a scheme: "users:search" is a path here.
        let parts = try URLReference(text.utf8.first == UInt8(ascii: "/") ? text : "/" + text)
        var target = self
        if !text.isEmpty, text.utf8.first != UInt8(ascii: "?"), text.utf8.first != UInt8(ascii: "#") {
            let base = path.utf8.last == UInt8(ascii: "/") ? String(path.dropLast()) : path
            target.path = URLReference.removingDotSegments(base + parts.path)
        }
        if let added = parts.query {
            target.query = query.map { $0.isEmpty ? added : $0 + "&" + added } ?? added
        }
        target.fragment = parts.fragment
        return target
    }

    /// Whether `text` begins with a scheme and `//`.
    private static func isAbsolute(_ text: String) -> Bool {
        guard let end = text.utf8.firstIndex(where: { !ByteSet.scheme.contains($0) }), end > text.startIndex else {
            return false
        }
        return text.utf8[end...].starts(with: "://".utf8)
    }

    /// RFC 3986, 6.2.2 and 6.2.3: escapes in upper case, unreserved bytes not escaped, a path at least `/`, no
    /// fragment. Two URLs with the same `normalized` fetch the same page.
    public var normalized: String {
        let path = URLReference.removingDotSegments(WebURL.normalizingEscapes(path.isEmpty ? "/" : path))
        return origin.text + path + (query.map { "?" + WebURL.normalizingEscapes($0) } ?? "")
    }

    private static func normalizingEscapes(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            guard let byte = PercentEncoding.escape(in: bytes, at: index) else {
                out.append(bytes[index])
                index += 1
                continue
            }
            if ByteSet.unreserved.contains(byte) { out.append(byte) } else { PercentEncoding.append(byte, to: &out) }
            index += 3
        }
        return String(decoding: out, as: UTF8.self)
    }
}
