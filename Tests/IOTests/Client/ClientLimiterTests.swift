import Engine
import Glibc
import Testing

@testable import IO

/// One budget for several clients, each with a thread of its own, against a server that counts.
@Suite(.serialized) struct ClientLimiterTests {
    private let server: PracticeServer

    init() throws { server = try PracticeServer.shared.get() }

    /// Walks `path` on four clients that share the limiter; the walks and the number of retries.
    private func walkTogether(_ limiter: SharedLimiter, _ path: String) throws -> (walks: [Walked], retries: Int64) {
        let url = server.url
        let walks = Lock<[Walked]>([])
        let retries = Lock<Int64>(0)
        onThreads(4) { _ in
            do throws(Failure) {
                guard let client = try? ClientLoop.of(url, shared: limiter) else { return }
                defer { client.stop() }
                let pages = try client.walk(path)
                let walked = pages.all()
                retries.withLock { $0 += pages.counts.retries }
                walks.withLock { $0.append(walked) }
            } catch { walks.withLock { $0.append(Walked(failure: error)) } }
        }
        return (walks.withLock { $0 }, retries.withLock { $0 })
    }

    @Test func fourClientsKeepToOneWindow() throws {
        let limiter = try SharedLimiter(#"[{"requests": 25, "per": "500ms"}]"#)
        let (walks, retries) = try walkTogether(
            limiter, "/limit/sliding:25:500ms;name=io-window/offset;default=20/users:300")
        let truth = try server.lines(of: "users:300")
        #expect(walks.count == 4)
        for walked in walks {
            #expect(walked.failure == nil)
            let isWhole = walked.lines == truth
            #expect(isWhole)
        }
        // A refusal would have been retried.
        #expect(retries == 0)
    }

    @Test func fourClientsKeepToOneConcurrency() throws {
        let limiter = try SharedLimiter(#"[{"concurrent": 2}]"#)
        let (walks, retries) = try walkTogether(
            limiter, "/limit/concurrent:2;name=io-concurrent/delay/2ms/offset;default=20/users:300")
        let truth = try server.lines(of: "users:300")
        #expect(walks.count == 4)
        for walked in walks {
            #expect(walked.failure == nil)
            let isWhole = walked.lines == truth
            #expect(isWhole)
        }
        #expect(retries == 0)
    }

    @Test func aClientThatGoesGivesItsPlaceToAnother() throws {
        let truth = try server.lines(of: "users:100")
        for _ in 0..<5 {
            let limiter = try SharedLimiter(#"[{"concurrent": 1}]"#)
            let holder = try ClientLoop.of(server.url, shared: limiter)
            let stalled = try holder.walk("/fault/stall/offset/users")
            // It has the only place before the others come.
            usleep(20_000)
            let url = server.url
            let walks = Lock<[Walked]>([])
            onThreads(5) { thread in
                if thread == 4 {
                    usleep(10_000)
                    holder.stop()
                    return
                }
                guard let client = try? ClientLoop.of(url, shared: limiter) else { return }
                defer { client.stop() }
                guard let walked = try? client.walk("/offset;default=50/users:100").all() else { return }
                walks.withLock { $0.append(walked) }
            }
            #expect(stalled.all().failure?.code == .cancelled)
            let all = walks.withLock { $0 }
            #expect(all.count == 4)
            #expect(all.allSatisfy { $0.failure == nil && $0.lines == truth })
        }
    }

    @Test func clientsComeAndGoWhileOthersWait() throws {
        let limiter = try SharedLimiter(#"[{"requests": 200, "per": "100ms"}, {"concurrent": 3}]"#)
        let url = server.url
        let done = Lock(0)
        onThreads(6) { thread in
            for round in 0..<15 {
                guard let client = try? ClientLoop.of(url, shared: limiter) else { continue }
                guard let pages = try? client.walk("/delay/1ms/offset;default=10/users:40") else { continue }
                if (thread + round) % 3 == 0 {
                    // Given up in the middle, requests under way.
                    _ = pages.next(milliseconds: 2)
                    client.stop()
                } else {
                    let walked = pages.all()
                    client.stop()
                    #expect(walked.failure == nil)
                }
                done.withLock { $0 += 1 }
            }
        }
        #expect(done.withLock { $0 } == 90)
    }
}
