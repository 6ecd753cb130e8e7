/// Where a value goes in a request.
public enum Slot: Sendable, Equatable {
    case query(String)
    case header(String)
    /// A member of a JSON body, by names from the top.
    case json([String])
    case form(String)
    /// A `{placeholder}` in the path.
    case path(String)
    /// The whole URL.
    case url
}

/// Where a value comes from in a response.
public indirect enum ValueSource: Sendable, Equatable {
    case body(JSONPath)
    case header(String)
    /// The target of the link with that relation (`attribute` nil), or one of its attributes.
    case link(relation: String, attribute: String?)
    /// A field of the last record of the page.
    case lastRecord(JSONPath)
    /// One query parameter cut out of a URL that comes from elsewhere.
    case queryParameter(String, of: ValueSource)
    /// The first that is there and not empty.
    case first([ValueSource])
}
