/// A request as it was written down, before page tokens and credentials come to it.
public struct RequestPlan: Sendable, Equatable {
    public enum Body: Sendable, Equatable {
        case json(JSONValue)
        case form([NamedText])
        case text(String, contentType: String)
    }
    public struct NamedText: Sendable, Equatable {
        public var name: String
        public var value: ConfigText
        public init(name: String, value: ConfigText) {
            self.name = name
            self.value = value
        }
    }

    public var method = "GET"
    /// Joined to the base URL unless it is an absolute URL itself.
    public var path = ""
    public var query: [NamedText] = []
    public var headers: [NamedText] = []
    public var body: Body?
    /// Sending it twice does no harm. Nil: by the method (RFC 9110 section 9.2.2).
    public var idempotent: Bool?
    public var idempotencyKey: String?
    /// Statuses of 400 and more that are handed over as a page instead of failing.
    public var acceptedStatuses: [Int] = []
    /// Nil: the source's.
    public var limits: TransferLimits?

    public init() {}
}
