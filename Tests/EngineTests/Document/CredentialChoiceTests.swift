import Engine
import EngineTestKit
import Testing

/// Credentials named by a parameter, and the hosts that a document may name.
@Suite struct CredentialChoiceTests {
    static let auth = """
        "auth": {"type": "choice", "param": "how", "default": "key", "of": {
            "key": {"type": "api_key", "value": {"env": "TOKEN"}},
            "login": [{"type": "basic", "username": {"param": "user"}, "password": {"env": "ABSENT"}}],
            "oauth": {"type": "oauth2_client_credentials", "token_url": "https://login.example.com/t", "client_id": "me"}}}
        """

    static func source(_ options: String, _ rest: String = "") throws -> Source {
        try Source.parse(
            document: json("{\"base_url\": \"https://api.example.com\", \(auth)\(rest)}"),
            options: ClientOptions.parse(json(options)), references: FakeReferences.usual)
    }

    static func refusal(_ options: String, _ rest: String = "") -> Failure? {
        do {
            _ = try source(options, rest)
            return nil
        } catch { return error as? Failure }
    }

    @Test func theParameterChooses() throws {
        #expect(try Self.source("{}").auth.described == "X-API-Key")
        #expect(try Self.source(#"{"params": {"how": "oauth"}}"#).auth.described == "Authorization")
        // What only another way asks for may be given, and a typing error may not.
        #expect(try Self.source(#"{"params": {"how": "key", "user": "u"}}"#).auth.described == "X-API-Key")
        #expect(Self.refusal(#"{"params": {"usr": "u"}}"#)?.pointer == "/params/usr")
    }

    @Test func onlyTheChosenSecretsAreLookedUp() {
        let missing = Self.refusal(#"{"params": {"how": "login", "user": "u"}}"#)
        #expect(missing?.code == .auth && missing?.pointer == "/auth/of/login/0/password")
        #expect(missing?.message.contains("ABSENT") == true)
    }

    @Test func anUnknownWayIsToldWithTheKnown() {
        let failure = Self.refusal(#"{"params": {"how": "oaut"}}"#)
        #expect(failure?.pointer == "/auth/of")
        #expect(failure?.message.contains("\"key\", \"login\", \"oauth\"") == true)
        #expect(failure?.message.contains("did you mean \"oauth\"") == true)
    }

    @Test(arguments: [
        (#"["api.example.com"]"#, ""), (#"["*.example.com"]"#, ""), (#"["API.Example.com", "x"]"#, ""),
        (#"["login.example.com"]"#, "the base URL"), (#"["*.example.net"]"#, "the base URL"),
        (#"["example.com"]"#, "the base URL"),
    ])
    func hostsAreHeldTo(list: String, told: String) {
        for isOption in [false, true] {
            let failure =
                isOption ? Self.refusal("{\"hosts\": \(list)}") : Self.refusal("{}", ", \"hosts\": \(list)")
            #expect((failure == nil) == told.isEmpty, "\(list): \(failure?.message ?? "")")
            if !told.isEmpty {
                #expect(failure?.pointer == "/hosts" && failure?.message.contains(told) == true)
                #expect(failure?.message.contains("https://api.example.com, which is not on the list") == true)
            }
        }
    }

    @Test func tokenRequestsAndOtherOriginsAreHeldToThem() {
        let hosts = ", \"hosts\": [\"api.example.com\"]"
        let token = Self.refusal(#"{"params": {"how": "oauth"}}"#, hosts)
        #expect(token?.message.contains("token request of /auth/of/oauth is on https://login.example.com") == true)
        let other = Self.refusal("{}", hosts + #", "other_origins": ["https://files.test"]"#)
        #expect(other?.message.contains("one of other_origins is on https://files.test") == true)
    }
}

extension Source.Auth {
    fileprivate var described: String {
        guard case .fixed(let credentials) = self, case .header(let name)? = credentials.first?.slot else { return "" }
        return name
    }
}
