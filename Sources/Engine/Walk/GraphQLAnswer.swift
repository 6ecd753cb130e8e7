/// What a GraphQL answer says of itself (GraphQL specification, October 2021, section 7.1): errors come with status 200.
struct GraphQLAnswer {
    /// The first error's message and how many there are; nil when there is none.
    let message: String?
    let hasData: Bool

    static let sources: [ValueSource] = ["errors", "data"].map { .body(JSONPath(member: $0)) }

    init(_ leaf: (ValueSource) -> Extracted?) {
        let found = GraphQLAnswer.sources.map(leaf)
        hasData = found.last.flatMap { $0 }.map { !$0.isNull } ?? false
        guard let errors = found.first.flatMap({ $0 })?.value.array, let first = errors.first else {
            message = nil
            return
        }
        let said = first["message"]?.string ?? first.string ?? "an error without a message"
        let more = errors.count > 1 ? " (and \(errors.count - 1) more)" : ""
        message = Sanitized.text(said, most: 300) + more
    }
}
