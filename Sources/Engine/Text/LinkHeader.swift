/// The `Link` field (RFC 8288): where servers say which page comes next.
public struct LinkHeader: Sendable {
    public struct Link: Hashable, Sendable {
        /// As it stood between `<` and `>`; may be relative.
        public var target: String
        /// The first `rel`, taken apart at spaces (RFC 8288, 3.3). Empty when there is none.
        public var relations: [String]
        /// Every attribute in order, names in lower case, also unknown ones (Sentry's `results` and `cursor`). Of those
        /// that count once (`rel`, `rev`, `media`, `title`, `title*`, `type`, `anchor`) only the first is here.
        public var attributes: [Attribute]

        public func attribute(_ name: String) -> String? { attributes.first { $0.name == name }?.value }

        public func isRelated(as relation: String) -> Bool {
            relations.contains { ASCII.equalsIgnoringCase($0, relation) }
        }

        /// The title, decoded from `title*` when that is there and in UTF-8 (RFC 8288, 3.4.1).
        public var title: String? {
            attribute("title*").flatMap { ExtendedValue($0) }?.text ?? attribute("title")
        }
    }

    public struct Attribute: Hashable, Sendable {
        public var name: String
        /// Without quotes and backslashes; empty for an attribute without `=`.
        public var value: String
    }

    public let links: [Link]

    /// One string for each field line. Reading a line ends where it stops being a list of links (RFC 8288, B.2); the
    /// others are read all the same.
    public init(_ lines: some Sequence<String>) {
        var links: [Link] = []
        for line in lines where line.utf8.count <= HeaderRules.longestValue {
            LinkHeaderParser.read(line, into: &links)
        }
        self.links = links
    }

    public init(_ line: String) { self.init(CollectionOfOne(line)) }

    /// The first link of a relation. Links with an `anchor` are about some other page and are passed over.
    public func first(_ relation: String) -> Link? {
        links.first { $0.isRelated(as: relation) && $0.attribute("anchor") == nil }
    }

    /// The `next` link, resolved against the URL that was requested; nil when there is none.
    public func next(relativeTo base: WebURL) throws(WebURLError) -> WebURL? {
        guard let link = first("next") else { return nil }
        return try base.resolving(link.target)
    }
}

/// RFC 8187: `UTF-8'en'%E2%91%A0`.
public struct ExtendedValue: Hashable, Sendable {
    /// Lower case.
    public let charset: String
    public let language: String
    /// Still percent-encoded.
    public let encoded: String

    public init?(_ value: String) {
        let parts = value.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        charset = ASCII.lowercased(String(parts[0]))
        language = String(parts[1])
        encoded = String(parts[2])
    }

    /// Nil for another charset than UTF-8, the only one that RFC 8187, 3.2 requires.
    public var text: String? { charset == "utf-8" ? PercentEncoding.decode(encoded) : nil }
}
