extension Vocabulary {
    static let traceOptions: ObjectShape = .init(
        title: "Trace options", description: "What penstock_client_trace() tells.",
        keys: [
            Key(
                "curl", .flag,
                "Each request also as a line for a shell (\"curl\"), with the variables $SECRET_1, $SECRET_2… for what is secret.",
                default: .bool(false))
        ])
}

/// What a trace tells.
public struct TraceOptions: Sendable {
    public var withCurl = false

    public static func parse(_ value: JSONValue) throws(Failure) -> TraceOptions {
        let place = DocumentPlace(value)
        try place.check(.object(Vocabulary.traceOptions))
        var options = TraceOptions()
        options.withCurl = place["curl"]?.value.bool ?? false
        return options
    }
}
