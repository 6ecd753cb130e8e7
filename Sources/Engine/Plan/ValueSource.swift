/// Where a value comes from: a response, the request that it answers, or the document.
public indirect enum ValueSource: Sendable, Equatable {
    case body(JSONPath)
    case header(String)
    /// The target of the link with that relation (`attribute` nil), or one of its attributes.
    case link(relation: String, attribute: String?)
    /// A field of the first or last record of the page.
    case firstRecord(JSONPath)
    case lastRecord(JSONPath)
    /// Of the first object in a list whose members have those values: what stands at `take`.
    case find(in: JSONPath, conditions: [Condition], take: JSONPath)
    /// Of the request itself and of the page that answered it.
    case page(PageValue)
    case constant(JSONValue)
    /// What this walk of a stream that is walked over something is made for. No walk has it left.
    case over(String)
    /// A bound of the window that this walk of an incremental stream is over. No walk has it left.
    case window(IncrementalPlan.Side, TimeFormat?)
    /// One query parameter cut out of a URL that comes from elsewhere.
    case queryParameter(String, of: ValueSource)
    /// The first that is there and not empty.
    case first([ValueSource])
    /// Whole numbers added up; nothing when one of them is not there.
    case sum([ValueSource])
    case formatted(ValueSource, Format)
    /// For a value that becomes part of a URL's text.
    case percentEncoded(ValueSource)

    public struct Condition: Sendable, Equatable {
        public var field: JSONPath
        public var value: JSONValue
        public init(field: JSONPath, value: JSONValue) {
            self.field = field
            self.value = value
        }
    }
    /// Times will be formats, too.
    public enum Format: String, Sendable, Equatable, CaseIterable {
        case number, text
    }
    public enum PageValue: String, Sendable, Equatable, CaseIterable {
        /// What the request asked for its page with: a token, a page number, an offset.
        case token
        /// How many records it asked for.
        case size
        /// How many pages came before it in this walk.
        case index
        /// How many records came in the page; how many in the walk, up to and with it.
        case count, received
        /// What the walk started again with, the last time it did.
        case restart
    }
}

extension ValueSource {
    /// Whether a leaf is known before the body is.
    var isInHead: Bool {
        switch self {
        case .header, .link, .page(.token), .page(.size), .page(.restart), .constant: true
        default: false
        }
    }

    /// Those that it is made of and that are not made of others.
    var leaves: [ValueSource] {
        switch self {
        case .body, .header, .link, .firstRecord, .lastRecord, .find, .page: [self]
        case .constant, .over, .window: []
        case .queryParameter(_, let inner), .formatted(let inner, _), .percentEncoded(let inner): inner.leaves
        case .first(let sources), .sum(let sources): sources.flatMap(\.leaves)
        }
    }
}
