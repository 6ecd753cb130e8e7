/// Credentials that are asked for: tokens.
extension Vocabulary {
    static let tokenObjects: [ObjectShape] = [
        oauth(
            "client_credentials", "OAuth 2 client credentials",
            "A token for the client itself (RFC 6749 section 4.4).", [], needsClient: true),
        oauth(
            "refresh_token", "OAuth 2 refresh token",
            "A token by a refresh token that somebody got by giving consent (RFC 6749 section 6). A new refresh token in an "
                + "answer replaces the old one: in memory, and in the \"store\".",
            [Key("refresh_token", .named(secret), "The first one.", required: true)]),
        oauth(
            "password", "OAuth 2 password",
            "A token by a user's name and password (RFC 6749 section 4.3); renewed by the refresh token if one came.",
            [
                Key("username", .named(secret), "The user's name.", required: true),
                Key("password", .named(secret), "The user's password.", required: true), refreshURL,
            ]),
        oauth(
            "jwt_bearer", "OAuth 2 JWT bearer",
            "A token by a statement signed with a private key (RFC 7523 section 2.1): service accounts.",
            [Key("issuer", .named(secret), "Who signs (\"iss\"). The client_id when absent.")]
                + signing("Signs the statement.", isRequired: true) + [
                    Key("subject", .named(secret), "Whom the token is for (\"sub\").")
                ]),
        ObjectShape(
            title: "Token request", tag: "token_request",
            description:
                "One request that gives a token, whatever it looks like: logins, sessions, what no standard covers.",
            keys: [
                tokenURL("url", "Where the token comes from."),
                Key("method", .text(.one(of: ["POST", "GET", "PUT"])), "Of the request.", default: .string("POST")),
                Key("headers", .named(headers), "Of the request."),
                Key("query_fields", .named(query), "Query parameters of the request."),
                Key("form_fields", .named(form), "The body, as a form."),
                Key(
                    "json_body", .any, "The body, as JSON; its texts have places such as {env.PASSWORD}.",
                    examples: [.object([member("user", "{env.API_USER}"), member("password", "{env.API_PASSWORD}")])]),
                Key("basic", .object(basicPair), "Basic authentication of the request."),
                Key(
                    "token", .text(.path), "Where the token stands in the answer.", default: .string("access_token"),
                    examples: [.string("data.session.token")]),
                Key(
                    "expires", .text(.path), "Where the answer says how long it lives.", default: .string("expires_in")),
                Key(
                    "expires_format", .text(.one(of: TokenPlaces.Expiry.allCases.map(\.rawValue))),
                    "How. \"auto\": seconds, or a time when the number is one; a text may be a date.",
                    default: .string(TokenPlaces.Expiry.auto.rawValue)),
            ] + tokenSlots, exclusive: [["form_fields", "json_body"]] + oneSlot),
        ObjectShape(
            title: "Token of the host", tag: "host_token",
            description:
                "A callback of the program (penstock_client_set_credential) gives the token, and the next one when it "
                + "ends or is refused.",
            keys: [hostName] + hostSlots, exclusive: oneSlot),
        ObjectShape(
            title: "Signature of the host", tag: "host_signature",
            description:
                "A callback of the program (penstock_client_set_credential) gives header fields for every attempt of "
                + "every request.", keys: [hostName]),
    ]

    private static let hostName: Key = .init("name", .text(.name), "The callback's.", required: true)
    private static var hostSlots: [Key] {
        tokenSlots.filter { !["timeout", "attempts", "limits", "store"].contains($0.name) }
    }

    static let clientAuth = ["post", "basic", "none"]

    private static func oauth(
        _ grant: String, _ title: String, _ description: String, _ keys: [Key], needsClient: Bool = false
    ) -> ObjectShape {
        let isJWT = grant == "jwt_bearer"
        let own = isJWT ? [] : signing("Signs the client's statement (private_key_jwt), instead of a secret.")
        return ObjectShape(
            title: title, tag: "oauth2_" + grant, description: description,
            keys: [
                tokenURL("token_url", "The token endpoint."),
                Key("client_id", .named(secret), "The client.", required: needsClient),
                Key("client_secret", .named(secret), "The client's secret.", default: .string("")),
                Key(
                    "client_auth", .text(.one(of: clientAuth)),
                    "How the client shows who it is: in the form (\"post\"), by Basic authentication, or not at all.",
                    default: .string("post")),
            ] + keys + own + [
                Key("scope", .line, "What the token is to allow; several with a space between. The least that does."),
                Key("audience", .line, "Whom the token is for."), Key("resource", .line, "As in RFC 8707."),
                Key("fields", .named(form), "More fields of the request."),
            ] + tokenSlots, exclusive: (isJWT ? [] : [["client_secret", "private_key"]]) + oneSlot,
            dependent: isJWT ? [] : signingKeys.map { (key: $0, on: "private_key") })
    }

    private static func tokenURL(_ name: String, _ description: String) -> Key {
        Key(
            name, .choice([.filledLine, .named(parameter)]),
            description + " Without scheme and host: of the base URL's.", required: true,
            examples: [.string("https://auth.example.com/oauth/token"), .string("/login")])
    }

    private static let refreshURL: Key = .init(
        "refresh_url", .choice([.filledLine, .named(parameter)]), "Where it is renewed, if not at the token_url.")

    private static let signingKeys = ["algorithm", "key_id", "jwt_audience", "claims"]
    private static func signing(_ description: String, isRequired: Bool = false) -> [Key] {
        [
            Key(
                "private_key", .choice([.text(.block), .keyed(references)]),
                "\(description) In PEM; in a variable, line breaks may be written as \\n.", required: isRequired),
            Key(
                "algorithm", .text(.one(of: SignatureAlgorithm.allCases.map(\.rawValue))), "Of the signature.",
                default: .string(SignatureAlgorithm.rs256.rawValue)),
            Key("key_id", .filledLine, "The key's name (\"kid\")."),
            Key("jwt_audience", .filledLine, "Whom the statement is for (\"aud\"). The token endpoint when absent."),
            Key("claims", .map(names: .line(1...256), values: .any), "More that it says."),
        ]
    }

    private static let basicPair: ObjectShape = .init(
        title: "User and password", description: "Either part may be empty, not both.",
        keys: [
            Key("username", .named(secret), "Without a colon.", default: .string("")),
            Key("password", .named(secret), "The password.", default: .string("")),
        ])

    /// Where the token goes, and how long it is kept.
    private static let tokenSlots: [Key] =
        credentialSlots(defaultHeader: "Authorization") + [
            Key(
                "prefix", .line,
                "In front of the token. When absent: in the header Authorization the type that the answer names, as a rule "
                    + "\"Bearer \"; nothing elsewhere.", examples: [.string("Zoho-oauthtoken ")]),
            Key(
                "life", .duration(.seconds(1) ... .seconds(366 * 86_400)),
                "How long a token lives of which the answer does not say.", default: .string("1h")),
            Key(
                "timeout", .duration(.milliseconds(1) ... .seconds(3600)), "One attempt of the request as a whole.",
                default: .string("30s")),
            Key("attempts", .integer(1...20), "How often the request is sent at most.", default: .int(5)),
            Key(
                "limits", .named(limits),
                "What the token endpoint allows. Requests for tokens never wait behind the limits of the data.",
                examples: [.string("10/m")]),
            Key(
                "store", .choice([.text(.line(1...4096)), .keyed(references)]),
                "What keeps the token, and the refresh token that came with it, for later runs and other processes: of those that "
                    + "name it, one asks for the next token and the others take it from there. A state (a run's own \"state\" will "
                    + "do): a file (SQLite; made when missing) with mode 0600, redis://…?prefix=…, or \"host:\" and the name of a "
                    + "store of the program's. Who can read it has the tokens. In memory only when absent.",
                examples: [.string("state.db"), object("env", "TOKEN_STORE")]),
        ]
}
