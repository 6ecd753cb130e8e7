extension Vocabulary {
    static let auth: Shape.Definition = .init("auth", "One credential.") {
        .tagged(authObjects + tokenObjects + [choiceOfCredentials, noCredentials])
    }
    private static let choiceOfCredentials = ObjectShape(
        title: "Choice", tag: "choice",
        description: "One of several ways, named by a parameter. Secrets of the others are not looked up.",
        keys: [
            Key("param", .text(.parameter), "The parameter that names one.", required: true),
            Key("default", .text(.line(1...256)), "The one when the parameter is not given. Without it it must be."),
            Key(
                "of", .map(names: .line(1...256), values: .choice([.named(auth), .list(.named(auth), count: 1...8)])),
                "The ways, by name.", required: true,
                examples: [
                    .object([
                        .init(
                            name: "key",
                            value: .object([
                                member("type", "api_key"), .init(name: "value", value: object("env", "API_KEY")),
                            ])),
                        .init(
                            name: "token",
                            value: .object([
                                member("type", "bearer"), .init(name: "token", value: object("env", "API_TOKEN")),
                            ])),
                    ])
                ]),
        ])
    private static let authObjects: [ObjectShape] = [
        ObjectShape(
            title: "API key", tag: "api_key",
            description: "A text in a header, query parameter, form field or JSON member.",
            keys: credentialSlots(defaultHeader: defaultKeyHeader) + [
                Key("value", .named(secret), "The key.", required: true),
                Key("prefix", .line, "In front of the key.", default: .string(""), examples: [.string("Token ")]),
            ], exclusive: oneSlot),
        ObjectShape(
            title: "Bearer token", tag: "bearer", description: "Authorization: Bearer (RFC 6750).",
            keys: [Key("token", .named(secret), "The token.", required: true)]),
        ObjectShape(
            title: "Basic", tag: "basic",
            description: "Authorization: Basic (RFC 7617). Either part may be empty, not both.",
            keys: [
                Key("username", .named(secret), "Without a colon.", default: .string("")),
                Key("password", .named(secret), "The password.", default: .string("")),
            ]),
        ObjectShape(
            title: "AWS Signature Version 4", tag: "aws_sigv4",
            description: "Every attempt is signed anew. The query goes out sorted and encoded in AWS's own way.",
            keys: [
                Key("access_key_id", .named(secret), "The key's name.", required: true),
                Key("secret_access_key", .named(secret), "The key.", required: true),
                Key("session_token", .named(secret), "Of temporary credentials."),
                Key(
                    "region", .filledLine, "Such as eu-central-1.", required: true, examples: [.string("eu-central-1")]),
                Key(
                    "service", .filledLine, "As in AWS's host names.", required: true,
                    examples: [.string("execute-api")]),
            ]),
    ]
    private static let noCredentials = ObjectShape(
        title: "No credentials", tag: "none", description: "Requests go out as they are.", keys: [])
    static let defaultKeyHeader = "X-API-Key"

    /// Where a credential goes; one of them.
    static func credentialSlots(defaultHeader: String) -> [Key] {
        [
            Key("header", .text(.headerName), "The header that carries it.", default: .string(defaultHeader)),
            Key("query", .text(.line(1...256)), "The query parameter that carries it, instead of a header."),
            Key(
                "form", .text(.line(1...256)),
                "The form field that carries it, instead of a header. Every request must have a form body, or be a POST, PUT "
                    + "or PATCH without any."),
            Key(
                "json", .choice([.text(.line(1...256)), .list(.text(.line(1...256)), count: 1...32)]),
                "The member of the JSON body that carries it, instead of a header; a list of names leads inside. Every request "
                    + "must have a JSON body, or be a POST, PUT or PATCH without any.",
                examples: [.string("api_key"), .array([.string("auth"), .string("key")])]),
        ]
    }
    static let oneSlot = [["header", "query", "form", "json"]]
}
