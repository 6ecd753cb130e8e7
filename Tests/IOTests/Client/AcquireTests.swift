import Engine
import Testing

@testable import IO

/// Threads of the host in the line of a limiter.
@Suite struct AcquireTests {
    static func take(
        _ limiter: SharedLimiter, _ options: String? = nil, milliseconds: Int64 = 30_000
    ) throws -> UInt64? {
        let given = try options.map { try AcquireOptions.parse(try Documents.parse(Array($0.utf8))) }
        switch try limiter.acquire(given, milliseconds: milliseconds, isKept: true) {
        case .permit(let number): return number
        case .pending: return nil
        }
    }

    @Test func threadsGoInTheOrderOfTheirComing() throws {
        let limiter = try SharedLimiter(#"{"concurrent": 1}"#)
        let first = try #require(try Self.take(limiter))
        let order = Monitor([Int]())
        let threads = (0..<20).compactMap { index in
            let thread = WorkerThread("test") {
                guard let permit = try? Self.take(limiter) else { return }
                order.update { $0.append(index) }
                _ = limiter.release(permit, actualCost: nil)
            }
            // One after the other in the line.
            while limiter.waiting <= index {}
            return thread
        }
        #expect(limiter.release(first, actualCost: nil))
        for thread in threads { thread.join() }
        #expect(order.withLock { $0 } == Array(0..<20))
        #expect(limiter.waiting == 0)
    }

    @Test func manyThreadsKeepEveryWindow() throws {
        let limiter = try SharedLimiter(#"[{"requests": 50, "per": "100ms", "guard": "send"}, {"concurrent": 7}]"#)
        let times = Monitor([Instant]())
        onThreads(32) { _ in
            for _ in 0..<8 {
                guard let permit = try? Self.take(limiter) else { continue }
                times.update { $0.append(Clock.now()) }
                _ = limiter.release(permit, actualCost: nil)
            }
        }
        let sorted = times.withLock { $0 }.sorted()
        #expect(sorted.count == 256)
        // What is read after the grant is later than it, by what the scheduler likes: fifty must be as long as a window
        // less that.
        #expect((sorted[255] - sorted[0]) >= .milliseconds(450))
        #expect(limiter.waiting == 0)
    }

    @Test func waitsEndWhenTheyShould() throws {
        let limiter = try SharedLimiter(#"{"requests": 1, "per": "1s", "guard": "send"}"#)
        let start = Clock.now()
        _ = try Self.take(limiter)
        _ = try Self.take(limiter)
        let waited = Clock.now() - start
        #expect(waited >= .milliseconds(1000) && waited < .milliseconds(5000))
        #expect(try Self.take(limiter, milliseconds: 5) == nil)
        #expect(limiter.waiting == 0)
    }

    @Test func oneKindDoesNotWaitForAnother() throws {
        let limiter = try SharedLimiter(
            #"[{"requests": 1, "per": "1h", "for": {"paths": ["/slow"]}}, {"requests": 1000, "per": "1s"}]"#)
        _ = try Self.take(limiter, #"{"path": "/slow"}"#)
        let waiter = WorkerThread("test") { _ = try? Self.take(limiter, #"{"path": "/slow"}"#) }
        while limiter.waiting == 0 {}
        #expect(try Self.take(limiter, #"{"path": "/fast"}"#, milliseconds: 0) != nil)
        limiter.cancel()
        waiter?.join()
        #expect(limiter.waiting == 0)
    }
}
