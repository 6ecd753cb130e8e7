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
    /// Wherever the request's texts say `{page.token}` or `{page.size}`.
    case placeholder
}
