/// What a host asks of a limiter for a request of its own.
public struct AcquireOptions: Sendable {
    public var request = RequestKind()
    public var cost: Int64 = 1
    public var priority = Priority.normal
    /// The place in the line stays this thread's when the time is up.
    public var keepsPlace = false

    public init() {}

    public static func parse(_ value: JSONValue) throws(Failure) -> AcquireOptions {
        let place = DocumentPlace(value)
        try place.check(.object(Vocabulary.acquire))
        var options = AcquireOptions()
        options.request.method = place["method"]?.value.string ?? ""
        options.request.path = place["path"]?.value.string ?? ""
        options.request.host = ASCII.lowercased(place["host"]?.value.string ?? "")
        options.request.stream = place["stream"]?.value.string ?? ""
        options.cost = place["cost"]?.value.int ?? options.cost
        options.priority = place["priority"]?.value.string.flatMap { Priority(rawValue: $0) } ?? options.priority
        options.keepsPlace = place["keep_place"]?.value.bool ?? options.keepsPlace
        return options
    }
}

extension Vocabulary {
    static let acquire: ObjectShape = .init(
        title: "Acquire options", description: "What a permit is for, as limits with \"for\" or \"each\" tell it.",
        keys: [
            Key("cost", .integer(1...most), "Points, for limits that count them.", default: .int(1)),
            Key("method", .line, "The request's method.", examples: [.string("POST")]),
            Key("path", .line, "Its path, without the query.", examples: [.string("/search/users")]),
            Key("host", .line, "Its host.", examples: [.string("api.example.com")]),
            Key("stream", .line, "The stream it belongs to."),
            priority,
            Key(
                "keep_place", .flag,
                "When the time is up the place in the line stays this thread's: it is asked for again, or given up by "
                    + "asking without this.", default: .bool(false)),
        ])
}
