/// A request as it was written down, before page tokens and credentials come to it.
public struct RequestPlan: Sendable, Equatable {
    public enum Body: Sendable, Equatable {
        case json(JSONValue)
        case template(JSONTemplate)
        case form([NamedText])
        case text(ConfigText, contentType: String)
    }
    /// Which requests of a walk carry a field.
    public enum When: String, Sendable, Equatable, CaseIterable {
        case always
        case firstPage = "first_page"
        case nextPages = "next_pages"
    }
    public struct NamedText: Sendable, Equatable {
        public var name: String
        public var value: ConfigText
        public var when = When.always
        /// Left out when the value is empty or not there.
        public var omitsEmpty = false
        public init(name: String, value: ConfigText, when: When = .always, omitsEmpty: Bool = false) {
            self.name = name
            self.value = value
            self.when = when
            self.omitsEmpty = omitsEmpty
        }

        /// The same on every page.
        var isFixed: Bool {
            if case .template = value { return false }
            return when == .always && !(omitsEmpty && value.reveal().isEmpty)
        }
    }
    /// A member of a JSON body that comes and goes, or whose value does.
    public struct JSONField: Sendable, Equatable {
        /// Names from the top.
        public var place: [String]
        public var value: JSONTemplate
        public var when = When.always
        public var omitsEmpty = false
        public init(place: [String], value: JSONTemplate, when: When = .always, omitsEmpty: Bool = false) {
            self.place = place
            self.value = value
            self.when = when
            self.omitsEmpty = omitsEmpty
        }
    }
    /// What stands in the path as `{name}`.
    public struct PathValue: Sendable, Equatable {
        public var name: String
        public var source: ValueSource
        public init(name: String, source: ValueSource) {
            self.name = name
            self.source = source
        }
    }

    public var method = "GET"
    /// Joined to the base URL unless it is an absolute URL itself.
    public var path = ""
    public var pathValues: [PathValue] = []
    public var query: [NamedText] = []
    public var headers: [NamedText] = []
    public var body: Body?
    public var jsonFields: [JSONField] = []
    /// The body is a GraphQL request, and answers are held to its rules for errors.
    public var isGraphQL = false
    /// Sending it twice does no harm. Nil: by the method (RFC 9110 section 9.2.2).
    public var idempotent: Bool?
    public var idempotencyKey: String?
    /// A key is made for each logical request, the same on all its attempts.
    public var makesKey = false
    public var keyHeader = RequestPlan.usualKeyHeader
    public static let usualKeyHeader = "Idempotency-Key"
    /// Statuses of 400 and more that are handed over as a page instead of failing.
    public var acceptedStatuses: [Int] = []
    /// Nil: the source's.
    public var limits: TransferLimits?
    public var cost = RequestCost()
    /// Among the requests of a client, and among all who share a limiter.
    public var priority = Priority.normal

    public init() {}
}

/// What a request costs, for limits that count points.
public struct RequestCost: Sendable, Equatable {
    /// Charged when it is sent.
    public var estimate: Int64 = 1
    /// Where the response says what it came to.
    public var actual: Place?

    public enum Place: Sendable, Equatable {
        case header(String)
        case body(JSONPath)
    }

    public init(estimate: Int64 = 1, actual: Place? = nil) {
        self.estimate = estimate
        self.actual = actual
    }
}

extension RequestPlan {
    var bodyTexts: [ConfigText] {
        let own: [ConfigText] =
            switch body {
            case .form(let fields): fields.map(\.value)
            case .text(let text, _): [text]
            case .template(let template): template.texts.map { .template($0) }
            case .json, nil: []
            }
        return own + jsonFields.flatMap { $0.value.texts }.map { .template($0) }
    }

    /// Every value source in it.
    var sources: [ValueSource] {
        ((query + headers).map(\.value) + bodyTexts).flatMap(\.sources) + pathValues.map(\.source)
    }

    /// What a page's request needs to know of the response before.
    var carried: [ValueSource] {
        var carried: [ValueSource] = []
        for leaf in sources.flatMap(\.leaves) {
            if case .page = leaf { continue }
            if !carried.contains(leaf) { carried.append(leaf) }
        }
        return carried
    }

    var secrets: [Secret] { (headers + query).flatMap(\.value.secrets) + bodyTexts.flatMap(\.secrets) }
}
