import Engine
import Foundation

@testable import IO

/// The practice API as a process: real sockets, its own notion of what is true and of what was asked.
final class PracticeServer: Sendable {
    enum Trouble: Error { case doesNotStart, doesNotAnswer(String) }

    let url: String
    /// The server ends when its standard input does, that is with this process at the latest.
    private let standardInput: FileHandle
    private let process: Process

    /// One for all tests; each names the limits and ledgers it uses.
    static let shared = Result { try PracticeServer() }

    init() throws {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-m", "practice_api", "--until-eof", "--quiet"]
        process.currentDirectoryURL = tests
        var environment = ProcessInfo.processInfo.environment
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        process.environment = environment
        let input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var ready: [UInt8] = []
        while ready.last != UInt8(ascii: "\n") {
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw Trouble.doesNotStart }
            ready += more
        }
        guard let url = try Documents.parse(ready)["http"]?.string else { throw Trouble.doesNotStart }
        self.url = url
        self.process = process
        standardInput = input.fileHandleForWriting
    }

    /// The body of an answer to a question.
    func ask(_ path: String) throws -> String {
        let transport = try Transport.plain()
        guard let response = transport.get(url + path).response, response.head.status == 200 else {
            throw Trouble.doesNotAnswer(path)
        }
        return response.text
    }

    /// The records of a collection, each followed by one LF.
    func lines(of collection: String) throws -> String { try ask("/_dump/\(collection)") }
}
