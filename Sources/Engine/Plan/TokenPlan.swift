/// How a token is asked for, and what is made of the answer.
public struct TokenPlan: Sendable {
    /// Where it stands in the document.
    var pointer: String
    /// The host's callback of that name gives it; there is no request.
    var host: String?
    /// With what the document has. Nil: only with a refresh token.
    var first: TokenCall?
    /// With the refresh token, when there is one.
    var renewal: TokenCall?
    /// The document's. Later ones replace it.
    var refreshToken: Secret?
    var places = TokenPlaces()
    /// In front of the token. Nil: the type that the answer names.
    var prefix: String?
    /// When the answer does not say.
    var life: Timespan = .seconds(3600)
    var retry = TokenPlan.usualRetry
    var limits = TransferLimits()
    /// What the token endpoint allows. The data's limits are none of its.
    var pace: LimitPlan?
    /// Where it is kept besides memory.
    var store: TokenPlace?

    static let usualRetry: RetryPlan = {
        var plan = RetryPlan()
        plan.base = .milliseconds(500)
        plan.cap = .seconds(10)
        plan.maxRetryAfter = .seconds(300)
        plan.maxElapsed = .seconds(120)
        plan.maxThrottleWait = .seconds(300)
        return plan
    }()

    var secrets: [Secret] {
        [first, renewal].compactMap(\.self).flatMap(\.secrets) + [refreshToken].compactMap(\.self)
    }
}

/// One request for a token.
struct TokenCall: Sendable {
    enum Body: Sendable {
        case form([RequestPlan.NamedText])
        case json(JSONTemplate)
    }
    var method = "POST"
    var url: WebURL
    var headers: [RequestPlan.NamedText] = []
    var query: [RequestPlan.NamedText] = []
    var body: Body?
    /// Of an Authorization header, encoded; and what it was made of.
    var basic: Secret?
    var basicParts: [Secret] = []
    var assertion: AssertionPlan?

    init(url: WebURL) { self.url = url }

    var secrets: [Secret] {
        var secrets = (headers + query).flatMap(\.value.secrets) + [basic].compactMap(\.self) + basicParts
        switch body {
        case .form(let fields)?: secrets += fields.flatMap(\.value.secrets)
        case .json(let template)?: secrets += template.texts.flatMap(\.secrets)
        case nil: break
        }
        return secrets
    }
}

/// A statement that is signed with a private key (RFC 7523), made anew for every request.
struct AssertionPlan: Sendable {
    /// The form field that carries it.
    var field: String
    var algorithm = SignatureAlgorithm.rs256
    var key: Secret
    var keyID: String?
    var issuer: ConfigText
    var subject: ConfigText?
    var audience: String
    /// Besides the usual ones.
    var claims: JSONTemplate = .fixed(.object([]))
    var life: Timespan = .seconds(300)
}

/// Where things stand in a token answer.
struct TokenPlaces: Sendable {
    enum Expiry: String, Sendable, CaseIterable {
        case auto, seconds, milliseconds, epoch
        case epochMilliseconds = "epoch_ms"
        case date
    }
    var token = JSONPath(member: "access_token")
    var expires = JSONPath(member: "expires_in")
    var expiry = Expiry.auto
    var refresh = JSONPath(member: "refresh_token")
}
