/// What the next page is asked for with.
enum PageToken: Equatable, Sendable {
    /// A page number or an offset.
    case counter(Int64)
    case text(String)
    /// A number as it stood. In a JSON body it goes back as one.
    case number(String)
    case url(WebURL)

    /// For people and for programs that show where a walk stands, or go on from there.
    var shown: String {
        switch self {
        case .counter(let number): String(number)
        case .text(let text), .number(let text): text
        case .url(let url): url.text
        }
    }
}
