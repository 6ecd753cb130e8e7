import Engine
import Foundation
import Testing

@testable import IO

/// What libcurl would do on its own, and must not. In processes of their own, because they change the environment.
@Suite(.serialized) struct TransportConductTests {
    @Test func theEnvironmentsProxyIsNotUsed() async {
        await #expect(processExitsWith: .success) {
            let server = ScriptedServer(answering: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            let proxy = ScriptedServer(answering: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy")
            for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] { setenv(name, proxy.url, 1) }
            guard try Transport.plain().get(server.url).response?.text == "ok", proxy.requests.isEmpty else { exit(1) }
            // Only where it is asked for.
            let asking = try Transport.plain { $0.useEnvironmentProxy = true }
            guard asking.get(server.url).response?.text == "proxy" else { exit(2) }
            // And a proxy of the settings is not overruled.
            setenv("no_proxy", "*", 1)
            let set = try Transport.plain { $0.proxy = proxy.url }
            guard set.get(server.url).response?.text == "proxy" else { exit(3) }
            exit(0)
        }
    }

    @Test func netrcIsNotRead() async {
        await #expect(processExitsWith: .success) {
            let home = try TemporaryDirectory()
            try FileManager.default.createDirectory(atPath: home.path(""), withIntermediateDirectories: true)
            let text = "machine 127.0.0.1 login u password p\ndefault login u password p\n"
            try text.write(toFile: home.path(".netrc"), atomically: true, encoding: .utf8)
            setenv("HOME", home.path(""), 1)
            setenv("NETRC", home.path(".netrc"), 1)
            let server = ScriptedServer(
                answering: "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n")
            let transport = try Transport.plain()
            for _ in 0..<3 { guard transport.get(server.url).response?.head.status == 401 else { exit(1) } }
            guard server.requests.count == 3 else { exit(2) }
            guard server.requests.allSatisfy({ !$0.head.contains("Authorization") }) else { exit(3) }
            exit(0)
        }
    }

    @Test func cookiesAndOtherStateDoNotComeBack() throws {
        let server = ScriptedServer(
            answering: "HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nStrict-Transport-Security: max-age=9999\r\n"
                + "Alt-Svc: h2=\":1\"\r\nContent-Length: 2\r\n\r\nok")
        defer { server.stop() }
        let transport = try Transport.plain()
        for _ in 0..<3 { #expect(transport.get(server.url).response?.text == "ok") }
        for request in server.requests {
            #expect(!request.head.lowercased().contains("cookie"))
            #expect(!request.head.lowercased().contains("referer"))
        }
    }

    /// A proxy that closes the tunnel has not passed the request on.
    @Test func aTunnelThatIsRefusedHasReachedNobody() throws {
        let proxy = ScriptedServer(answering: "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
        defer { proxy.stop() }
        let transport = try Transport.plain { $0.proxy = proxy.url }
        let request = TransferRequest(
            method: "POST", url: "https://127.0.0.1:1/", headers: [("X-Secret", "canary")], body: [1])
        let failure = try #require(transport.run(request).failure)
        #expect(failure.kind == .connect, "\(failure)")
        #expect(!failure.mayHaveReachedServer)
        #expect(proxy.requests.allSatisfy { !$0.head.contains("canary") })
    }

    /// A host's own SIGPIPE handling is its own business; ours must not need any.
    @Test func writingToADeadConnectionRaisesNoSignal() async {
        await #expect(processExitsWith: .success) {
            signal(SIGPIPE, SIG_DFL)
            let server = ScriptedServer { connection in
                connection.pause(milliseconds: 50)
                connection.reset()
            }
            let request = TransferRequest(
                method: "POST", url: server.url, body: [UInt8](repeating: 1, count: 20 << 20))
            let transport = try Transport.plain()
            for _ in 0..<3 {
                guard let failure = transport.run(request).failure, failure.mayHaveReachedServer else { exit(1) }
                guard [.sending, .closedBeforeResponse].contains(failure.kind) else { exit(2) }
            }
            exit(0)
        }
    }

    @Test func aTransportWithSettingsThatLibcurlRefusesIsNotMade() {
        #expect(throws: TransportStartFailure.self) {
            _ = try Transport.plain { $0.userAgent = "a\r\nX-Evil: b" }
        }
    }
}
