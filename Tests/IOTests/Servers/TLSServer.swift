import Foundation

/// A TLS server in a process of its own on loopback, with a certificate made for the test.
final class TLSServer: @unchecked Sendable {
    private let process = Process()
    private let directory: TemporaryDirectory
    private(set) var port = 0

    var url: String { "https://localhost:\(port)/" }
    /// The certificate; it signs itself, so it is its own authority.
    var certificate: String { directory.path("cert.pem") }
    var key: String { directory.path("key.pem") }

    /// `openssl s_server` with these options.
    static func openssl(_ options: [String] = [], name: String = "localhost", isExpired: Bool = false) throws
        -> TLSServer
    {
        let server = try TLSServer(name: name)
        if isExpired {
            let source = server.directory.path("valid.pem")
            try FileManager.default.moveItem(atPath: server.certificate, toPath: source)
            let signing = ["-signkey", server.key, "-days", "-1", "-out", server.certificate]
            try Tool.run("openssl", ["x509", "-in", source] + signing)
        }
        try server.launch(
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-www"] + server.identity(["-cert", "-key"]) + options)
        return server
    }

    /// A script for Node, which gets port (0), certificate and key as arguments and prints "ACCEPT 127.0.0.1:port".
    static func node(_ script: String) throws -> TLSServer {
        let server = try TLSServer(name: "localhost")
        try server.launch(["node", "-e", script, server.certificate, server.key])
        return server
    }

    private init(name: String) throws {
        directory = try TemporaryDirectory()
        try Tool.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=\(name)", "-addext", "subjectAltName=DNS:\(name)", "-keyout", key, "-out", certificate,
            ])
    }

    private func identity(_ options: [String]) -> [String] { [options[0], certificate, options[1], key] }

    private func launch(_ command: [String]) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        let output = Pipe()
        // Never at its end: s_server stops when its input does.
        process.standardInput = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        var text = ""
        while !text.contains("\n") || !text.contains("ACCEPT") {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { throw Tool.Missing(name: command[0]) }
            text += String(decoding: data, as: UTF8.self)
        }
        let line = text.split(separator: "\n").first { $0.hasPrefix("ACCEPT") } ?? ""
        port = line.split(separator: ":").last.flatMap { Int($0) } ?? 0
        output.fileHandleForReading.readabilityHandler = { if $0.availableData.isEmpty { $0.readabilityHandler = nil } }
    }

    func stop() {
        // Not SIGTERM: the test runner's threads block it, and the program has inherited that.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}
