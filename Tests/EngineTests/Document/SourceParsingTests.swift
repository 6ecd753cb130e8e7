import Engine
import Testing

@Suite struct SourceParsingTests {
    @Test func readsTheExampleOfTheDesign() throws {
        let document = try json(
            """
            {"base_url": "https://api.example.com/v1",
             "auth": {"type": "bearer", "token": {"env": "TOKEN"}},
             "limits": [{"requests": 10, "per": "1s", "burst": 50}, {"requests": 5000, "per": "1h"}, {"concurrent": 8}],
             "streams": {
               "users": {"path": "/users", "records": "data", "key": "id", "pagination": {"type": "cursor",
                 "param": "cursor", "from": {"body": "next_cursor"}, "size": {"param": "limit", "value": 100}}},
               "transactions": {"path": "/transactions", "records": "data", "key": "id"},
               "events": {"path": "/events", "pagination": {"type": "offset", "size": {"value": 100}}}}}
            """)
        let source = try Source.parse(document: document, references: FakeReferences.usual)
        #expect(source.baseURL.text == "https://api.example.com/v1")
        guard case .fixed(let credentials) = source.auth else { throw VectorError() }
        #expect(credentials.map(\.slot) == [.header("Authorization")])
        #expect(credentials.first?.prefix == "Bearer ")
        #expect(credentials.first?.secret.reveal() == "canary-token")
        #expect(
            source.limits.rules == [
                .bucket(requests: 10, per: .seconds(1), burst: 50), .window(requests: 5000, per: .seconds(3600)),
                .concurrent(8),
            ])
        #expect(source.streams.map(\.name) == ["users", "transactions", "events"])
        let users = try #require(source.streams.first)
        #expect(users.request.path == "/users")
        #expect(users.records == .path(try JSONPath("data")))
        #expect(users.rules.key == [try JSONPath("id")])
        #expect(users.paging.style == .cursor(slot: .query("cursor"), from: .body(try JSONPath("next_cursor"))))
        #expect(users.paging.size == .init(slot: .query("limit"), value: 100))
        #expect(source.streams[1].paging.style == .detect)
        #expect(source.streams[2].paging.style == .offset(slot: .query("offset"), start: 0))
        #expect(source.streams[2].paging.size == .init(slot: .query("limit"), value: 100))
    }

    @Test func defaultsAreThoseOfThePlans() throws {
        let source = try source()
        #expect(source.retry == RetryPlan())
        #expect(source.transfer == TransferLimits())
        #expect(source.limits.rules.isEmpty)
        #expect(source.maxRedirects == 5)
        #expect(source.transport.maxIdleConnections == 20)
        #expect(source.transport.userAgent.hasPrefix("penstock/"))
        #expect(source.streams.isEmpty && source.headers.isEmpty && source.query.isEmpty)
    }

    @Test func everyKeyOfASourceArrives() throws {
        let source = try source(
            """
            "$schema": "x", "description": "line\\nline", "name": "shop", "headers": {"X-A": "1", "X-B": {"env": "TOKEN"}},
            "query": {"a": 1, "b": [true, "x"], "c": {"param": "c", "default": 2.5}}, "limits": "10/s",
            "retry": {"attempts": 3, "base": "2s", "cap": "20s", "max_retry_after": "5m", "max_elapsed": "1h",
                      "max_throttle_wait": "2h", "statuses": [503]},
            "timeouts": {"connect": "1s", "first_byte": "2s", "idle": "3s", "total": "4s"},
            "caps": {"max_body_bytes": "1MiB", "max_wire_bytes": 1000, "max_ratio": 7, "max_header_bytes": 1024,
                     "max_headers": 9},
            "connections": {"idle": 1, "total": 2, "idle_expiry": "9s", "http2": false, "ca_file": "/ca",
                            "client_certificate_file": "/cert", "client_key_file": "/key",
                            "proxy": "http://proxy:3128", "insecure_skip_verify": true},
            "max_redirects": 0, "other_origins": ["https://files.example.com", "HTTPS://FILES.example.com:443"],
            "user_agent": "me/1"
            """)
        #expect(source.name == "shop")
        #expect(source.headers.map(\.name) == ["X-A", "X-B"])
        #expect(source.headers.map(\.value) == [.plain("1"), .secret(Secret("canary-token"))])
        #expect(source.query.map(\.name) == ["a", "b", "b", "c"])
        #expect(source.query.map { $0.value.reveal() } == ["1", "true", "x", "2.5"])
        #expect(source.limits.rules == [.window(requests: 10, per: .seconds(1))])
        #expect(source.retry.maxAttempts == 3)
        #expect(source.retry.base == .seconds(2) && source.retry.cap == .seconds(20))
        #expect(source.retry.maxRetryAfter == .seconds(300) && source.retry.maxElapsed == .seconds(3600))
        #expect(source.retry.maxThrottleWait == .seconds(7200) && source.retry.statuses == [503])
        #expect(source.transfer.connect == .seconds(1) && source.transfer.firstByte == .seconds(2))
        #expect(source.transfer.idle == .seconds(3) && source.transfer.total == .seconds(4))
        #expect(source.transfer.maxBodyBytes == 1 << 20 && source.transfer.maxWireBytes == 1000)
        #expect(source.transfer.maxRatio == 7 && source.transfer.maxHeaderBytes == 1024)
        #expect(source.transfer.maxHeaders == 9)
        #expect(source.transport.maxIdleConnections == 1 && source.transport.maxConnections == 2)
        #expect(source.transport.idleExpiry == .seconds(9) && !source.transport.http2)
        #expect(source.transport.caFile == "/ca" && source.transport.clientCertificateFile == "/cert")
        #expect(source.transport.clientKeyFile == "/key" && source.transport.proxy == "http://proxy:3128")
        #expect(source.transport.insecureSkipVerify && !source.transport.useEnvironmentProxy)
        #expect(source.maxRedirects == 0 && source.transport.userAgent == "me/1")
        #expect(source.otherOrigins.map(\.text) == ["https://files.example.com"])
        #expect(try self.source("\"connections\": {\"environment_proxy\": true}").transport.useEnvironmentProxy)
    }

    private func source(_ members: String = "") throws -> Source { try EngineTests.source(members) }

    @Test func theBaseURLMayBeAParameter() throws {
        let document = try json("{\"base_url\": {\"param\": \"base_url\", \"default\": \"https://a.example\"}}")
        let given = try ClientOptions.parse(json("{\"params\": {\"base_url\": \"https://b.example\"}}"))
        let sandbox = try Source.parse(document: document, options: given, references: FakeReferences())
        #expect(sandbox.baseURL.text == "https://b.example")
        #expect(try Source.parse(document: document, references: FakeReferences()).baseURL.text == "https://a.example")
    }

    @Test func everyKindOfCredentialArrives() throws {
        func credentials(_ auth: String) throws -> [Source.Credential] {
            guard case .fixed(let all) = try source("\"auth\": \(auth)").auth else { return [] }
            return all
        }
        let key = try credentials(
            "{\"type\": \"api_key\", \"value\": {\"file\": \"/run/key\"}, \"prefix\": \"Token \"}")
        #expect(key.map(\.slot) == [.header("X-API-Key")] && key.first?.prefix == "Token ")
        #expect(key.first?.secret.reveal() == "canary-file")
        let query = try credentials("{\"type\": \"api_key\", \"query\": \"key\", \"value\": \"v\"}")
        #expect(query.map(\.slot) == [.query("key")])
        let basic = try credentials("{\"type\": \"basic\", \"username\": \"Aladdin\", \"password\": \"open sesame\"}")
        #expect(basic.first?.secret.reveal() == "QWxhZGRpbjpvcGVuIHNlc2FtZQ==" && basic.first?.prefix == "Basic ")
        #expect(try credentials("{\"type\": \"basic\", \"username\": \"a\"}").first?.secret.reveal() == "YTo=")
        #expect(try credentials("{\"type\": \"none\"}").isEmpty)
        let several = try credentials(
            "[{\"type\": \"bearer\", \"token\": \"t\"}, {\"type\": \"api_key\", \"header\": \"X-B\", \"value\": \"b\"}]"
        )
        #expect(several.map(\.slot) == [.header("Authorization"), .header("X-B")])
    }

    @Test func aHeaderThatCarriesCredentialsByNameIsSecret() throws {
        #expect(try source("\"headers\": {\"Cookie\": \"a=b\"}").headers.first?.value.isSecret == true)
    }

    @Test func shortFormsEqualTheirLongForms() throws {
        #expect(
            try source("\"limits\": \"10/s\"").limits
                == source("\"limits\": [{\"requests\": 10, \"per\": \"1s\"}]").limits)
        #expect(
            try source("\"limits\": {\"concurrent\": 2}").limits == source("\"limits\": [{\"concurrent\": 2}]").limits)
        #expect(try LimitPlan.parse(json("\"10/s\"")) == source("\"limits\": \"10/s\"").limits)
        let short = try source("\"streams\": {\"a\": \"/a\"}").streams.first
        let long = try source("\"streams\": {\"a\": {\"path\": \"/a\"}}").streams.first
        #expect(short?.request == long?.request && short?.paging == long?.paging && short?.name == long?.name)
        for style in ["cursor", "offset", "page", "next_url", "link", "none", "detect"] {
            #expect(try paging("\"\(style)\"") == paging("{\"type\": \"\(style)\"}"), "\(style)")
        }
        #expect(
            try paging("{\"type\": \"page\", \"param\": \"p\", \"size\": 5}")
                == paging(
                    "{\"type\": \"page\", \"slot\": {\"in\": \"query\", \"name\": \"p\"}, "
                        + "\"size\": {\"value\": 5, \"param\": \"per_page\"}}"))
        #expect(
            try paging("{\"type\": \"cursor\", \"from\": \"a.b\"}")
                == paging("{\"type\": \"cursor\", \"from\": {\"body\": \"a.b\"}}"))
        #expect(
            try paging("{\"type\": \"link\"}")
                == paging("{\"type\": \"next_url\", \"from\": {\"link\": \"next\"}}"))
    }
}
