/// What a source's server allows.
public struct LimitPlan: Sendable, Equatable {
    public var rules: [Rule] = []
    /// As many requests at once as the servers turn out to bear, and never more than that. Nil: not found out.
    public var mostAdaptive: Int64?
    public init() {}

    static let mostAdaptiveByDefault: Int64 = 50

    public struct Rule: Sendable, Equatable {
        public var kind: Kind
        public var unit = Unit.requests
        public var counts = Guard.response
        public var covers = Coverage()
        public var each: Each?

        public init(_ kind: Kind) {
            self.kind = kind
            if case .spacing = kind { counts = .send }
        }

        public static func window(requests: Int64, per: Timespan) -> Rule {
            Rule(.window(most: requests, per: per, isAligned: false))
        }
        public static func bucket(requests: Int64, per: Timespan, burst: Int64) -> Rule {
            Rule(.bucket(most: requests, per: per, burst: burst, isStrict: false))
        }
        public static func concurrent(_ most: Int64) -> Rule { Rule(.concurrent(most)) }

        /// Of all requests together.
        var isPlainConcurrency: Bool {
            if case .concurrent = kind { covers.isAll && each == nil } else { false }
        }
    }

    public enum Kind: Sendable, Equatable {
        /// Never more than `most` in any window of length `per`. Aligned: what the server says of when its count starts
        /// anew is taken for that.
        case window(most: Int64, per: Timespan, isAligned: Bool)
        /// `most` per `per` on average, up to `burst` at once. Strict: and never more than `most` in any `per`.
        case bucket(most: Int64, per: Timespan, burst: Int64, isStrict: Bool)
        /// So long from one to the next.
        case spacing(Timespan)
        case concurrent(Int64)
    }

    public enum Unit: String, Sendable, Equatable {
        case requests
        /// What requests cost.
        case points
    }

    /// From when on a permit counts as the server counts: the server does somewhere between the two.
    public enum Guard: String, Sendable, Equatable, CaseIterable {
        /// It is held until the response is in, and counts from then: no window of the server's clock sees more,
        /// whatever the latency does.
        case response
        case send
    }

    /// Which requests a rule is about. Empty lists: all.
    public struct Coverage: Sendable, Equatable {
        public var methods: [String] = []
        public var paths: [Glob] = []
        public var streams: [String] = []
        public var hosts: [Glob] = []
        public init() {}

        public var isAll: Bool { methods.isEmpty && paths.isEmpty && streams.isEmpty && hosts.isEmpty }

        func contains(_ request: RequestKind) -> Bool {
            (methods.isEmpty || methods.contains(request.method))
                && (streams.isEmpty || streams.contains(request.stream))
                && (hosts.isEmpty || hosts.contains { $0.matches(request.host) })
                && (paths.isEmpty || paths.contains { $0.matches(request.path) })
        }
    }

    /// A budget for each, not one for all.
    public enum Each: String, Sendable, Equatable, CaseIterable {
        case host, stream
    }
}

/// A request, as far as limits tell requests apart.
public struct RequestKind: Hashable, Sendable {
    public var method: String
    /// Below the base URL's, as streams name it; the whole path on another host.
    public var path: String
    /// In lower case, with a port that is not the scheme's.
    public var host: String
    public var stream: String

    public init(method: String = "", path: String = "", host: String = "", stream: String = "") {
        self.method = method
        self.path = path
        self.host = host
        self.stream = stream
    }
}

/// Who goes first where there is not enough for all. Nobody starves: of 21 turns that all three want, `high` gets 16 and
/// `low` one.
public enum Priority: String, Sendable, Hashable, CaseIterable {
    case high, normal, low

    /// How far one turn moves it back in the line.
    var stride: UInt64 {
        switch self {
        case .high: 1
        case .normal: 4
        case .low: 16
        }
    }
}
