import Engine
import Testing

@testable import IO

@Suite(.serialized, .enabled(if: Tool.exists("openssl"))) struct TransportTLSTests {
    @Test func aServerThatIsKnownIsTalkedTo() throws {
        let server = try TLSServer.openssl()
        defer { server.stop() }
        let transport = try Transport.plain { $0.caFile = server.certificate }
        let response = try #require(transport.get(server.url).response)
        #expect(response.head.status == 200)
        #expect(response.text.contains("TLSv1.3"))
    }

    @Test func aServerThatVouchesForItselfIsRefused() throws {
        let server = try TLSServer.openssl()
        defer { server.stop() }
        let request = TransferRequest(method: "POST", url: server.url, headers: [("X-Key", "canary")], body: [1])
        let failure = try #require(Transport.plain().run(request).failure)
        #expect(failure.kind == .certificate, "\(failure)")
        #expect(!failure.mayHaveReachedServer)
    }

    @Test func aCertificateForAnotherNameIsRefused() throws {
        let server = try TLSServer.openssl(name: "other.example")
        defer { server.stop() }
        let failure = try #require(Transport.plain { $0.caFile = server.certificate }.get(server.url).failure)
        #expect(failure.kind == .certificate, "\(failure)")
        #expect(!failure.mayHaveReachedServer)
    }

    @Test func aCertificateThatHasExpiredIsRefused() throws {
        let server = try TLSServer.openssl(isExpired: true)
        defer { server.stop() }
        let failure = try #require(Transport.plain { $0.caFile = server.certificate }.get(server.url).failure)
        #expect(failure.kind == .certificate, "\(failure)")
    }

    @Test func checkingIsSkippedOnlyWhereTheSettingsSaySo() throws {
        let server = try TLSServer.openssl(name: "other.example")
        defer { server.stop() }
        #expect(try Transport.plain { $0.insecureSkipVerify = true }.get(server.url).response?.head.status == 200)
        #expect(try Transport.plain().get(server.url).failure?.kind == .certificate)
    }

    @Test func anOldProtocolIsRefused() throws {
        let server = try TLSServer.openssl(["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"])
        defer { server.stop() }
        let failure = try #require(Transport.plain { $0.insecureSkipVerify = true }.get(server.url).failure)
        #expect(failure.kind == .tls, "\(failure)")
        #expect(!failure.mayHaveReachedServer)
    }

    @Test func aServerThatSpeaksNoTLS() throws {
        let server = ScriptedServer { connection in
            connection.send("HTTP/1.1 400 Bad\r\n\r\n")
            connection.waitForEnd()
        }
        defer { server.stop() }
        let failure = try #require(Transport.plain().get("https://localhost:\(server.port)/").failure)
        #expect(failure.kind == .tls, "\(failure)")
        #expect(!failure.mayHaveReachedServer)
    }

    @Test func aHandshakeThatStallsIsAConnectTimeout() throws {
        let server = ScriptedServer { connection in connection.waitForEnd() }
        defer { server.stop() }
        let url = "https://localhost:\(server.port)/"
        let failure = try #require(Transport.plain().get(url) { $0.connect = .milliseconds(200) }.failure)
        #expect(failure.kind == .connectTimeout, "\(failure)")
        #expect(!failure.mayHaveReachedServer)
    }

    @Test func aClientCertificateIsShown() throws {
        let client = try TLSServer.openssl(name: "client.example")
        defer { client.stop() }
        for version in ["-tls1_2", "-tls1_3"] {
            let server = try TLSServer.openssl([
                "-Verify", "1", "-verify_return_error", "-CAfile", client.certificate, version,
            ])
            defer { server.stop() }
            let shown = try Transport.plain {
                $0.caFile = server.certificate
                $0.clientCertificateFile = client.certificate
                $0.clientKeyFile = client.key
            }
            #expect(shown.get(server.url).response?.head.status == 200)
            let none = try #require(Transport.plain { $0.caFile = server.certificate }.get(server.url).failure)
            #expect(none.kind == .certificate || none.kind == .tls, "\(none)")
            let unknown = try Transport.plain {
                $0.caFile = server.certificate
                $0.clientCertificateFile = server.certificate
                $0.clientKeyFile = server.key
            }
            let refused = try #require(unknown.get(server.url).failure)
            #expect(refused.kind == .certificate, "\(refused)")
        }
    }

    @Test func filesThatAreMissingAreCertificateFailures() throws {
        for change: (inout TransportSettings) -> Void in [
            { $0.caFile = "/nowhere/ca.pem" }, { $0.clientCertificateFile = "/nowhere/cert.pem" },
        ] {
            let server = try TLSServer.openssl()
            defer { server.stop() }
            let failure = try #require(Transport.plain(change).get(server.url).failure)
            #expect(failure.kind == .certificate, "\(failure)")
            #expect(!failure.mayHaveReachedServer)
        }
    }
}

@Suite(.serialized, .enabled(if: Tool.exists("openssl") && Tool.exists("node"))) struct TransportHTTP2Tests {
    /// Answers by path; counts sessions.
    private static let script = """
        const fs = require('fs'), http2 = require('http2');
        let sessions = 0, socket;
        const server = http2.createSecureServer({
            cert: fs.readFileSync(process.argv[1]), key: fs.readFileSync(process.argv[2]), allowHTTP1: true });
        server.on('session', () => sessions++);
        server.on('secureConnection', (latest) => { socket = latest; });
        server.on('request', (request, response) => {
            const path = request.url;
            if (path == '/sessions') response.end(String(sessions));
            else if (path == '/echo') { response.setHeader('x-method', request.method); request.pipe(response); }
            else if (path == '/reset') { response.write('half'); setTimeout(() => request.stream.close(2), 50); }
            else if (path == '/length') { response.setHeader('content-length', '10'); response.end('short'); }
            else if (path == '/stall') response.write('half');
            else if (path == '/destroy') { response.write('half'); setTimeout(() => socket.destroy(), 50); }
            else if (path == '/version') response.end(request.httpVersion);
            else setTimeout(() => response.end(path), 20);
        });
        server.on('sessionError', () => {});
        server.listen(0, '127.0.0.1', () => console.log('ACCEPT 127.0.0.1:' + server.address().port));
        """

    private func withServer(_ work: (Transport, String) throws -> Void) throws {
        let server = try TLSServer.node(Self.script)
        defer { server.stop() }
        try work(try Transport.plain { $0.caFile = server.certificate }, server.url)
    }

    @Test func manyTransfersShareOneConnection() throws {
        try withServer { transport, url in
            for round in 0..<3 {
                for id in 0..<64 {
                    transport.start(TransferRequest(method: "GET", url: url + "\(round)/\(id)"), id: UInt64(id))
                }
                let outcomes = transport.finishAll(64)
                for id in 0..<64 {
                    let response = outcomes[UInt64(id)]?.response
                    #expect(response?.text == "/\(round)/\(id)")
                    #expect(response?.head.httpVersion.description == "2")
                    #expect(response?.head.status == 200)
                }
            }
            #expect(transport.get(url + "sessions").response?.text == "1")
        }
    }

    @Test func bodiesGoBothWays() throws {
        try withServer { transport, url in
            let body = [UInt8](repeating: 0x61, count: 3 << 20)
            for fresh in [false, true] {
                let request = TransferRequest(method: "PUT", url: url + "echo", body: body, freshConnection: fresh)
                let outcome = transport.run(request)
                #expect(outcome.bytes == body)
                #expect(outcome.response?.head.headers.first("x-method") == "PUT")
                #expect(outcome.response?.head.wireBytes == Int64(body.count))
            }
        }
    }

    @Test func aStreamThatBreaksIsNoResponse() throws {
        try withServer { transport, url in
            let reset = try #require(transport.get(url + "reset").failure)
            #expect(reset.kind == .http2Stream, "\(reset)")
            #expect(reset.mayHaveReachedServer)
            #expect(reset.head?.status == 200)
            #expect(transport.get(url + "length").failure != nil)
            let destroyed = try #require(transport.get(url + "destroy").failure)
            #expect(destroyed.kind == .truncated, "\(destroyed)")
            #expect(transport.get(url + "stall") { $0.idle = .milliseconds(200) }.failure?.kind == .idleTimeout)
            #expect(transport.get(url + "after").response?.text == "/after")
        }
    }

    @Test func theSettingsCanTurnItOff() throws {
        let server = try TLSServer.node(Self.script)
        defer { server.stop() }
        let transport = try Transport.plain {
            $0.caFile = server.certificate
            $0.http2 = false
        }
        #expect(transport.get(server.url + "version").response?.text == "1.1")
        // A body that only the end of the connection ends, without TLS's own goodbye.
        let destroyed = try #require(transport.get(server.url + "destroy").failure)
        #expect(destroyed.kind == .truncated, "\(destroyed)")
    }
}
