import CCurl
import Engine
import Testing

@testable import IO

/// What goes out on the wire, byte for byte.
@Suite(.serialized) struct TransportRequestTests {
    /// The head and body that a server gets for that request.
    private func sent(
        _ method: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil
    ) throws -> ScriptedServer.Request {
        let server = ScriptedServer { connection in
            while connection.request() != nil {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
        }
        defer { server.stop() }
        let request = TransferRequest(method: method, url: server.url + "a/../b?x=%20", headers: headers, body: body)
        let outcome = try Transport.plain().run(request)
        #expect(outcome.failure == nil, "\(outcome)")
        return try #require(server.requests.first)
    }

    private func lines(_ request: ScriptedServer.Request) -> [String] {
        request.head.split(separator: "\r\n").map(String.init).filter { !$0.hasPrefix("Host: ") }
    }

    @Test func aGetHasNothingInvented() throws {
        let request = try sent("GET")
        let encodings = try #require(lines(request).first { $0.hasPrefix("Accept-Encoding: ") })
        #expect(
            lines(request) == [
                "GET /a/../b?x=%20 HTTP/1.1", "User-Agent: penstock-test", encodings,
            ])
        #expect(encodings.contains("gzip"))
    }

    @Test func headersGoOutInOrderAndEmptyOnesToo() throws {
        let request = try sent(
            "GET",
            headers: [
                ("X-B", "2"), ("x-a", ""), ("X-Blank", "  "), ("Accept", "application/json"), ("X-B", "3;4:5"),
                ("User-Agent", "mine"), ("Accept-Encoding", "identity"),
            ])
        #expect(
            lines(request) == [
                "GET /a/../b?x=%20 HTTP/1.1", "X-B: 2", "x-a:", "X-Blank:", "Accept: application/json",
                "X-B: 3;4:5", "User-Agent: mine", "Accept-Encoding: identity",
            ])
    }

    @Test(arguments: ["POST", "PUT", "PATCH", "DELETE", "GET", "OPTIONS"])
    func aBodyGoesOutAsItIs(method: String) throws {
        let body: [UInt8] = [0, 1, 2, 255, 0]
        let request = try sent(method, headers: [("Content-Type", "application/x-test")], body: body)
        #expect(request.head.hasPrefix("\(method) /"))
        #expect(request.body == body)
        #expect(lines(request).contains("Content-Length: 5"))
        #expect(lines(request).contains("Content-Type: application/x-test"))
        #expect(!request.head.lowercased().contains("expect"))
        #expect(!request.head.lowercased().contains("chunked"))
    }

    @Test(arguments: ["POST", "PUT", "PATCH"])
    func methodsThatCarrySomethingSayWhenTheyCarryNothing(method: String) throws {
        let request = try sent(method)
        #expect(request.head.hasPrefix("\(method) /"))
        #expect(lines(request).contains("Content-Length: 0"))
        #expect(!request.head.contains("Content-Type"))
    }

    @Test(arguments: ["DELETE", "GET", "OPTIONS", "HEAD"])
    func methodsThatCarryNothingHaveNoLength(method: String) throws {
        let request = try sent(method)
        #expect(request.head.hasPrefix("\(method) /"))
        #expect(!request.head.contains("Content-Length"))
    }

    @Test func aLargeBodyIsSentWithoutAskingFirst() throws {
        let body = [UInt8](repeating: 0x61, count: 3 << 20)
        let request = try sent("POST", body: body)
        #expect(request.body == body)
        #expect(!request.head.contains("Expect"))
    }

    /// One handle serves all methods: nothing of one may be left for the next.
    @Test func methodsFollowEachOtherOnOneHandle() throws {
        let server = ScriptedServer { connection in
            while let request = connection.request() {
                let text = request.head.hasPrefix("HEAD") ? "" : "ok"
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\(text)")
            }
        }
        defer { server.stop() }
        let transport = try Transport.plain()
        let sequence: [(String, [UInt8]?)] = [
            ("GET", nil), ("HEAD", nil), ("GET", nil), ("POST", [1, 2]), ("GET", nil), ("DELETE", nil), ("POST", nil),
            ("HEAD", nil), ("PUT", [3]), ("GET", [4]), ("GET", nil), ("DELETE", [5]), ("HEAD", nil), ("PATCH", []),
            ("GET", nil),
        ]
        for (method, body) in sequence {
            let outcome = transport.run(TransferRequest(method: method, url: server.url, body: body))
            #expect(outcome.response?.text == (method == "HEAD" ? "" : "ok"), "\(method)")
        }
        #expect(server.requests.map { String($0.head.prefix { $0 != " " }) } == sequence.map(\.0))
        #expect(server.requests.map(\.body) == sequence.map { $0.1 ?? [] })
        #expect(server.connectionCount == 1)
    }

    @Test func differentHeadersFollowEachOther() throws {
        let server = ScriptedServer(answering: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        defer { server.stop() }
        let transport = try Transport.plain()
        for value in ["1", "1", "2", "1"] {
            _ = transport.run(TransferRequest(method: "GET", url: server.url, headers: [("X-N", value)]))
        }
        let values = server.requests.map { $0.head.contains("X-N: 1") ? "1" : "2" }
        #expect(values == ["1", "1", "2", "1"])
    }

    @Test(arguments: [
        ("X-A", "1\r\nX-Evil: 2"), ("X-A", "1\nX-Evil: 2"), ("X-A", "1\r"), ("X-A", "a\0b"), ("X A", "1"), ("", "1"),
        ("X-A:", "1"), ("X-Ä", "1"), ("X\r\nY", "1"), ("Content-Length", "1"), ("transfer-encoding", "chunked"),
    ])
    func headersThatWouldChangeTheMessageAreRefused(name: String, value: String) throws {
        let server = ScriptedServer(answering: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        defer { server.stop() }
        let request = TransferRequest(method: "GET", url: server.url, headers: [(name, value)])
        let failure = try #require(Transport.plain().run(request).failure)
        #expect(failure.kind == .other)
        #expect(!failure.mayHaveReachedServer)
        #expect(!failure.detail.contains("Evil"))
        #expect(server.requests.isEmpty)
    }

    @Test(arguments: [
        "", "http://", "not a url", "http://127.0.0.1:1/\r\nX: y", "http://127.0.0.1:99999/", "ftp://127.0.0.1/",
        "file:///etc/passwd", "gopher://127.0.0.1/", "http://user:secret@127.0.0.1/", "http://127.0.0.1/a b",
    ])
    func urlsThatCannotBeSentAreRefused(url: String) throws {
        let failure = try #require(Transport.plain().get(url).failure)
        #expect(failure.kind == .badURL, "\(failure)")
        #expect(!failure.mayHaveReachedServer)
        #expect(!failure.detail.contains("secret"))
    }

    @Test(arguments: ["", "GE T", "GET\r\n", "GÉT"])
    func methodsThatAreNoTokensAreRefused(method: String) throws {
        let request = TransferRequest(method: method, url: "http://127.0.0.1:1/")
        #expect(try Transport.plain().run(request).failure?.kind == .other)
    }
}
