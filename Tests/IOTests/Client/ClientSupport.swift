import Engine
import Foundation
import Testing

@testable import IO

/// Whether it comes true, looked at for a minute at most.
func comes(_ isTrue: () -> Bool) -> Bool {
    for _ in 0..<6000 {
        if isTrue() { return true }
        usleep(10_000)
    }
    return false
}

/// Runs the body on that many threads at once and waits for all of them. Threads of the system's own, because a
/// blocking call has no business on the test runner's pool.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let start = Monitor(false)
    let threads = (0..<count).compactMap { index in
        WorkerThread("test") {
            // All of them leave together: a race needs company.
            _ = start.wait(milliseconds: 10_000) { $0 ? true : nil }
            body(index)
        }
    }
    #expect(threads.count == count)
    start.update { $0 = true }
    for thread in threads { thread.join() }
}

/// What a walk came to.
struct Walked: Sendable {
    var lines = ""
    var pages = 0
    var failure: Failure?
}

extension ClientLoop {
    /// A client of a source document's text; `more` is put in after the base URL: `, "limits": …`.
    static func of(_ baseURL: String, _ more: String = "", shared: SharedLimiter? = nil) throws -> ClientLoop {
        let document = try Documents.parse(Array(#"{"base_url": "\#(baseURL)"\#(more)}"#.utf8))
        return try ClientLoop(
            source: try Source.parse(document: document, references: ProcessReferences()), shared: shared)
    }

    /// A walk over the stream at `path`; `more` is put in after it: `, "pagination": …`.
    func walk(_ path: String, _ more: String = "") throws(Failure) -> Pages {
        let options = try Documents.parse(Array(#"{"stream": {"path": "\#(path)"\#(more)}}"#.utf8))
        return try open(
            try Engine.Stream.parse(options: options, source: source, references: ProcessReferences()), isCall: false)
    }
}

extension SharedLimiter {
    convenience init(_ text: String) throws {
        self.init(try LimitPlan.parse(try Documents.parse(Array(text.utf8))))
    }
}

extension Pages {
    /// Takes pages until the end. A page that doesn't come within a minute is a failure too.
    func all(_ each: (Page) -> Void = { _ in }) -> Walked {
        var walked = Walked()
        while true {
            switch next(milliseconds: 60_000) {
            case .page(let page):
                for index in 0..<page.recordCount {
                    walked.lines += String(decoding: page.record(index), as: UTF8.self) + "\n"
                }
                walked.pages += 1
                each(page)
            case .end: return walked
            case .failed(let failure):
                walked.failure = failure
                return walked
            case nil:
                walked.failure = Failure(.internalFault, "no page within a minute")
                return walked
            }
        }
    }
}
