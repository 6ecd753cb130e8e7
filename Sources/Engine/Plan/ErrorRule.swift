/// What a certain answer of the server means, where the built-in rules don't know.
public struct ErrorRule: Sendable, Equatable {
    public enum Action: String, Sendable, CaseIterable {
        /// Again after a backoff or the wait.
        case retry
        /// As a 429: the server did not carry the request out, and everybody waits.
        case rateLimited = "rate_limited"
        /// An empty page: the stop rules decide.
        case ignore
        case fail
        /// As a 401: once more with a new token.
        case renewAuth = "renew_auth"
        /// The last page, and empty.
        case end
        /// What the walk goes on with is no good any more: from page one, without what came before.
        case startOver = "start_over"
    }
    public enum Condition: Sendable, Equatable {
        case exists(Bool)
        case equals([Operand])
        case contains(String)
    }
    public struct BodyTest: Sendable, Equatable {
        public var path: JSONPath
        public var condition: Condition
    }
    public struct HeaderTest: Sendable, Equatable {
        public var name: String
        public var condition: Condition
    }
    public struct Wait: Sendable, Equatable {
        public enum Place: Sendable, Equatable {
            case fixed(Timespan)
            case header(String)
            case body(JSONPath)
            /// Of UTC, by the server's clock.
            case midnight
        }
        public var place: Place
        public var unit = ResetFormat.auto
        public var least = Timespan.zero
        public var most = Timespan(nanoseconds: .max)
    }

    // All of those that are given must hold.
    public var statuses: [ClosedRange<Int>]?
    public var includesSuccess = false
    public var body: BodyTest?
    public var text: String?
    public var header: HeaderTest?

    public var action: Action
    /// The first that gives a value.
    public var waits: [Wait] = []
    /// Where the body has the API's own message.
    public var message: JSONPath?
    /// Where the rule stands in its document.
    public var pointer: String

    public init(action: Action, pointer: String) {
        self.action = action
        self.pointer = pointer
    }
}
