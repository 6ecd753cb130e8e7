import Foundation

/// Programs that tests need: data packed by a packer that is not ours, certificates, servers that speak TLS.
enum Tool {
    struct Missing: Error { var name: String }

    /// Runs a program to its end and gives what it wrote.
    @discardableResult
    static func run(_ name: String, _ arguments: [String], input: [UInt8] = []) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [name] + arguments
        let directory = try TemporaryDirectory()
        let source = directory.path("input")
        let target = directory.path("output")
        _ = FileManager.default.createFile(atPath: source, contents: Data(input))
        _ = FileManager.default.createFile(atPath: target, contents: nil)
        process.standardInput = FileHandle(forReadingAtPath: source)
        process.standardOutput = FileHandle(forWritingAtPath: target)
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Missing(name: name) }
        return Array(try FileHandle(forReadingAtPath: target)?.readToEnd() ?? Data())
    }

    static func exists(_ name: String) -> Bool { (try? run("which", [name])) != nil }
}

/// A directory that goes with its owner.
final class TemporaryDirectory: Sendable {
    private let root: String

    init() throws {
        root = FileManager.default.temporaryDirectory.path + "/penstock-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func path(_ name: String) -> String { root + "/" + name }
}
