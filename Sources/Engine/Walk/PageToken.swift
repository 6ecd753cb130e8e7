/// What the next page is asked for with.
enum PageToken: Equatable, Sendable {
    /// A page number or an offset.
    case counter(Int64)
    case text(String)
    case url(WebURL)

    /// For people and for programs that show where a walk stands. URLs are shown without their query values.
    var shown: String {
        switch self {
        case .counter(let number): String(number)
        case .text(let text): text
        case .url(let url): url.text
        }
    }
}
