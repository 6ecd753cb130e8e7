import Engine
import EngineTestKit
import Foundation
import Testing

/// What is sent for a token, by the document.
@Suite struct TokenRequestTests {
    private static let pem = "-----BEGIN PRIVATE KEY-----\\ncanary\\n-----END PRIVATE KEY-----"

    private func requests(
        _ auth: String, answers: [Reply] = [.json("{\"access_token\":\"canary-access\"}")], params: String = "{}"
    ) throws -> [TransferRequest] {
        var references = FakeReferences.usual
        references.variables["KEY"] = Self.pem
        references.files["/key.pem"] = Self.pem.replacingOccurrences(of: "\\n", with: "\n") + "\n"
        let source = try source(
            "\"auth\": \(auth), \"streams\": {\"s\": {\"path\": \"/s\", \"pagination\": \"none\"}}", params: params,
            references: references)
        let world = try World.walk(source.streams[0], source: source, answers + [.json("[1]")])
        #expect(world.succeeded, "\(String(describing: world.failure))")
        return world.sent.map(\.request)
    }
    private func body(_ request: TransferRequest?) -> String { String(decoding: request?.body ?? [], as: UTF8.self) }
    private func header(_ name: String, _ request: TransferRequest?) -> String? {
        request?.headers.first { $0.name == name }?.value
    }

    @Test func clientAuthenticationByBasicIsFormEncodedFirst() throws {
        let sent = try requests(
            #"{"type": "oauth2_client_credentials", "token_url": "https://id.test/t", "client_id": "a:b c", "client_secret": "d&é", "client_auth": "basic", "scope": "x {param.more}", "audience": "aud", "resource": "urn:r", "fields": {"extra": ["1", "2"]}}"#,
            params: #"{"more": "y"}"#)
        #expect(sent.first?.url == "https://id.test/t")
        #expect(header("Authorization", sent.first) == "Basic " + Base64.encode(Array("a%3Ab+c:d%26%C3%A9".utf8)))
        #expect(
            body(sent.first)
                == "grant_type=client_credentials&scope=x+y&audience=aud&resource=urn%3Ar&extra=1&extra=2")
        #expect(header("Authorization", sent.last) == "Bearer canary-access")
    }

    @Test func theFieldsOfTheDocumentReplaceTheUsualOnes() throws {
        let sent = try requests(
            #"{"type": "oauth2_client_credentials", "token_url": "/t", "client_id": "me", "client_auth": "none", "fields": {"grant_type": "account_credentials", "account_id": {"env": "TOKEN"}}}"#
        )
        #expect(body(sent.first) == "client_id=me&grant_type=account_credentials&account_id=canary-token")
    }

    @Test func aFreeRequestGivesASession() throws {
        let sent = try requests(
            #"{"type": "token_request", "url": "/login", "json_body": {"user": "{env.USER_NAME}", "n": 1, "deep": ["{env.TOKEN}"]}, "headers": {"X-A": {"env": "TOKEN"}}, "query_fields": {"v": 2}, "basic": {"username": "u", "password": {"env": "TOKEN"}}, "token": "data.session", "header": "X-Session"}"#,
            answers: [.json(#"{"data":{"session":"s1"}}"#)])
        #expect(sent.first?.url == "https://api.example.com/login?v=2" && sent.first?.method == "POST")
        #expect(body(sent.first) == #"{"user":"canary-user","n":1,"deep":["canary-token"]}"#)
        #expect(header("X-A", sent.first) == "canary-token")
        #expect(header("Authorization", sent.first) == "Basic " + Base64.encode(Array("u:canary-token".utf8)))
        #expect(header("X-Session", sent.last) == "s1" && header("Authorization", sent.last) == nil)
    }

    @Test func theTypeOfTheAnswerIsUsed() throws {
        let oauth = #"{"type": "token_request", "url": "/t"}"#
        for (type, prefix) in [
            ("bearer", "Bearer "), ("BEARER", "Bearer "), ("Example", "Example "), ("a b", "Bearer "),
        ] {
            let sent = try requests(oauth, answers: [.json("{\"access_token\":\"x\",\"token_type\":\"\(type)\"}")])
            #expect(header("Authorization", sent.last) == prefix + "x")
        }
        let own = try requests(#"{"type": "token_request", "url": "/t", "prefix": "Zoho-oauthtoken "}"#)
        #expect(header("Authorization", own.last) == "Zoho-oauthtoken canary-access")
        let query = try requests(#"{"type": "token_request", "url": "/t", "query": "k"}"#)
        #expect(query.last?.parameter("k") == "canary-access")
    }

    private func claims(_ assertion: String) throws -> (JSONValue, JSONValue) {
        let parts = try assertion.split(separator: ".").map { part -> String in
            var text = part.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
            while text.count % 4 != 0 { text += "=" }
            return String(decoding: try #require(Data(base64Encoded: text)), as: UTF8.self)
        }
        #expect(parts.count == 3)
        return (try json(parts[0]), try json(parts[1]))
    }

    @Test func aSignedStatementIsTheGrant() throws {
        let sent = try requests(
            #"{"type": "oauth2_jwt_bearer", "token_url": "https://id.test/t", "issuer": "svc@x", "subject": "who@x", "private_key": {"env": "KEY"}, "key_id": "k1", "algorithm": "ES256", "claims": {"scope": "a b", "exp": 5}}"#
        )
        let form = TokenServer().form(try #require(sent.first))
        #expect(form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer" && form["client_id"] == nil)
        let (header, claims) = try claims(#require(form["assertion"]))
        #expect(header == (try json(#"{"alg": "ES256", "typ": "JWT", "kid": "k1"}"#)))
        #expect(claims["iss"]?.string == "svc@x" && claims["sub"]?.string == "who@x")
        #expect(claims["aud"]?.string == "https://id.test/t" && claims["scope"]?.string == "a b")
        #expect(claims["iat"]?.int == 1_800_000_000 && claims["exp"]?.int == 5)
        #expect(claims["jti"]?.string?.count == 22)
    }

    @Test func aSignedStatementIsTheClient() throws {
        let sent = try requests(
            #"{"type": "oauth2_client_credentials", "token_url": "/t", "client_id": "me", "private_key": {"file": "/key.pem"}, "jwt_audience": "https://id.test"}"#
        )
        let form = TokenServer().form(try #require(sent.first))
        #expect(form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        #expect(form["grant_type"] == "client_credentials" && form["client_secret"] == nil && form["client_id"] == "me")
        let (header, claims) = try claims(#require(form["client_assertion"]))
        #expect(header["alg"]?.string == "RS256")
        #expect(claims["iss"]?.string == "me" && claims["sub"]?.string == "me")
        #expect(claims["aud"]?.string == "https://id.test" && claims["exp"]?.int == 1_800_000_300)
    }

    @Test(arguments: [
        (#"{"type": "oauth2_client_credentials", "token_url": "/t"}"#, "/auth/client_id", "missing key"),
        (
            #"{"type": "oauth2_client_credentials", "token_url": "/t", "client_id": {"env": "NOPE"}}"#,
            "/auth/client_id",
            "\"NOPE\" is not set"
        ),
        (
            #"{"type": "oauth2_client_credentials", "token_url": "http://id.test/t", "client_id": "a"}"#,
            "/auth/token_url", "over http"
        ),
        (
            #"{"type": "oauth2_client_credentials", "token_url": "https://u:p@id.test/t", "client_id": "a"}"#,
            "/auth/token_url", "user"
        ),
        (
            #"{"type": "oauth2_client_credentials", "token_url": "https://id.test/{env.TOKEN}", "client_id": "a"}"#,
            "/auth/token_url", "holds a secret"
        ),
        (
            #"{"type": "oauth2_client_credentials", "token_url": "/t", "client_id": "a", "client_secret": "b", "private_key": "c"}"#,
            "/auth/private_key", "exclude each other"
        ),
        (
            #"{"type": "oauth2_client_credentials", "token_url": "/t", "client_id": "a", "private_key": "canary"}"#,
            "/auth/private_key", "PEM"
        ),
        (
            #"{"type": "oauth2_client_credentials", "token_url": "/t", "client_id": "a", "client_secret": "b", "client_auth": "none"}"#,
            "/auth/client_secret", "would not be sent"
        ),
        (
            #"{"type": "oauth2_refresh_token", "token_url": "/t", "refresh_token": "r", "client_secret": "b"}"#,
            "/auth/client_secret", "without \"client_id\""
        ),
        (
            #"{"type": "oauth2_jwt_bearer", "token_url": "/t", "private_key": {"env": "KEY"}}"#, "/auth/issuer",
            "missing"
        ),
        (#"{"type": "token_request", "url": "/t", "method": "GET", "json_body": {}}"#, "/auth/method", "no body"),
        (
            #"[{"type": "token_request", "url": "/t"}, {"type": "bearer", "token": "b"}]"#, "/auth/1", "two credentials"
        ),
        (#"{"type": "token_request", "url": "/t", "headers": {"X": "{body.a}"}}"#, "/auth/headers/X", "no pages"),
        (#"{"type": "oauth2_device", "token_url": "/t"}"#, "/auth/type", "oauth2_"),
    ])
    func refuses(_ auth: String, _ pointer: String, _ part: String) throws {
        let refused = try #require(try failure { try self.requests(auth) })
        #expect(refused.pointer == pointer && refused.message.contains(part), "\(refused)")
        #expect(!refused.message.contains("canary"))
    }

    @Test func secretsOfTokensDoNotShowWhenPrinted() throws {
        let source = try TokenServer.source(
            #""auth": {"type": "oauth2_password", "token_url": "/token", "username": "canary-u", "password": {"env": "TOKEN"}, "client_id": {"env": "USER_NAME"}, "client_secret": "canary-s", "client_auth": "basic"}"#
        )
        var dumped = ""
        dump(source, to: &dumped)
        dump(Client(source: source), to: &dumped)
        for text in ["\(source)", String(reflecting: source), dumped] { #expect(!CanaryTests.holdsCanary(text)) }
    }
}
