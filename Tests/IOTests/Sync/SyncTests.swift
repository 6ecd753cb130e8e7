import Engine
import Foundation
import Testing

@testable import IO

/// Whole runs over real sockets, watched and ended by several threads at once.
@Suite(.serialized) struct SyncTests {
    private let server: PracticeServer
    private let streams = ["users": "offset", "posts": "cursor", "comments": "page", "events": "link"]

    init() throws { server = try PracticeServer.shared.get() }

    /// A job of four streams, each collection in a style of its own.
    private func job(_ directory: URL, layer: String = "") throws -> JobPlan {
        let parts = streams.map { name, style in
            #""\#(name)": {"path": "\#(layer)/\#(style);default=100/\#(name):1000"}"#
        }
        let text = #"""
            {"sources": [{"source": {"base_url": "\#(server.url)", "streams": {\#(parts.joined(separator: ", "))}}}],
             "output": {"directory": "\#(directory.path)"}}
            """#
        return try JobPlan.parse(try Documents.parse(Array(text.utf8)), references: ProcessReferences())
    }

    private func withDirectory(_ body: (URL) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("penstock-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        try body(directory)
    }

    private func progress(_ sync: Sync) throws -> JSONValue {
        try Documents.parse(Array(sync.progress { "\($0)" }.utf8))
    }

    @Test func fourStreamsAreWatchedByManyThreads() throws {
        try withDirectory { directory in
            let sync = try Sync(try job(directory))
            let ends = Lock<[Bool]>([])
            let looks = Lock(0)
            onThreads(6) { thread in
                while true {
                    if thread % 2 == 0 {
                        _ = sync.progress { "\($0)" }
                        looks.withLock { $0 += 1 }
                    }
                    guard let result = sync.wait(milliseconds: thread % 2 == 0 ? 1 : 60_000) else { continue }
                    if case .succeeded = result {
                        ends.withLock { $0.append(true) }
                    } else {
                        ends.withLock { $0.append(false) }
                    }
                    return
                }
            }
            #expect(ends.withLock { $0 } == Array(repeating: true, count: 6))
            #expect(looks.withLock { $0 } >= 3)
            let told = try progress(sync)
            sync.stop()
            #expect(told["done"]?.bool == true)
            #expect(told["streams"]?.array?.compactMap { $0["records"]?.int } == [1000, 1000, 1000, 1000])
            for name in streams.keys {
                let written = try String(contentsOf: directory.appendingPathComponent("\(name).jsonl"), encoding: .utf8)
                let isWhole = try written == server.lines(of: "\(name):1000")
                #expect(isWhole)
            }
        }
    }

    @Test func aCancelledRunLeavesWholeLines() throws {
        for round in 0..<4 {
            try withDirectory { directory in
                let sync = try Sync(try job(directory, layer: "/delay/10ms"))
                let codes = Lock<[Failure.Code?]>([])
                onThreads(4) { thread in
                    if thread == 3 {
                        usleep(UInt32(round) * 15_000)
                        sync.cancel()
                        return
                    }
                    let result = sync.wait(milliseconds: 60_000)
                    if case .failed(let failure)? = result { codes.withLock { $0.append(failure.code) } }
                }
                sync.stop()
                #expect(codes.withLock { $0 } == [.cancelled, .cancelled, .cancelled])
                for name in streams.keys {
                    let part = directory.appendingPathComponent("\(name).jsonl.part")
                    let written = try String(contentsOf: part, encoding: .utf8)
                    #expect(written.isEmpty || written.hasSuffix("\n"))
                    #expect(try server.lines(of: "\(name):1000").hasPrefix(written))
                }
            }
        }
    }

    @Test func runsAreFreedWhileTheirRequestsAreUnderWay() throws {
        let jobs = Lock<[JobPlan]>([])
        try withDirectory { directory in
            let all = try (0..<8).map { index in
                try job(
                    directory.appendingPathComponent("\(index)"), layer: index % 2 == 0 ? "/fault/stall" : "/delay/5ms")
            }
            jobs.withLock { $0 = all }
            onThreads(8) { thread in
                let plan = jobs.withLock { $0[thread] }
                for round in 0..<3 {
                    guard let sync = try? Sync(plan) else {
                        Issue.record("the run did not start")
                        return
                    }
                    usleep(UInt32(round) * 10_000)
                    sync.stop()
                    // It went on after that for nobody.
                    #expect(sync.wait(milliseconds: 0) != nil)
                }
            }
        }
    }
}
