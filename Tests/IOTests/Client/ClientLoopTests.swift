import Engine
import Glibc
import Testing

@testable import IO

/// The loop over real sockets, used by many threads at once. Under the thread sanitizer these tests are where a race
/// between the host's threads and the I/O thread would show.
@Suite(.serialized) struct ClientLoopTests {
    private let server: PracticeServer

    init() throws { server = try PracticeServer.shared.get() }

    @Test func manyThreadsWalkOneClientAndGetEveryRecord() throws {
        let styles = ["offset", "page", "cursor", "link", "nexturl", "stripe", "token"]
        let truth = try server.lines(of: "users:300")
        let client = try ClientLoop.of(server.url)
        defer { client.stop() }
        let walked = Lock<[String: [Walked]]>([:])
        onThreads(styles.count) { thread in
            // Every thread begins with another style, and walks two.
            for style in [styles[thread % styles.count], styles[(thread + 3) % styles.count]] {
                let result: Walked
                do throws(Failure) {
                    result = try client.walk("/\(style);default=50/users:300").all()
                } catch { result = Walked(failure: error) }
                walked.withLock { $0[style, default: []].append(result) }
            }
        }
        let results = walked.withLock { $0 }
        for style in styles {
            #expect(results[style]?.count == 2)
            for result in results[style] ?? [] {
                #expect(result.failure == nil, "\(style)")
                // Compared before: two long texts that differ are no help in a message.
                let isWhole = result.lines == truth
                #expect(isWhole, "\(style)")
            }
        }
    }

    @Test func aCancelEndsTheWaitOfAnotherThread() throws {
        let client = try ClientLoop.of(server.url)
        defer { client.stop() }
        let walks = try (0..<8).map { _ in try client.walk("/fault/stall/offset/users") }
        let failures = Lock<[Failure?]>([])
        onThreads(16) { thread in
            if thread < 8 {
                let failure = walks[thread].all().failure
                failures.withLock { $0.append(failure) }
            } else {
                // Some cancel before the other waits, some after.
                usleep(UInt32(thread % 4) * 5000)
                walks[thread - 8].cancel()
                walks[thread - 8].cancel()
            }
        }
        let all = failures.withLock { $0 }
        #expect(all.count == 8)
        #expect(all.allSatisfy { $0?.code == .cancelled })
    }

    @Test func cancelAllEndsEveryWalkAndLaterOnesToo() throws {
        for round in 0..<10 {
            let client = try ClientLoop.of(server.url)
            defer { client.stop() }
            let codes = Lock<[Failure.Code?]>([])
            onThreads(9) { thread in
                if thread == 8 {
                    usleep(UInt32(round) * 1000)
                    client.cancelAll()
                    return
                }
                let code: Failure.Code?
                do throws(Failure) {
                    code = try client.walk("/fault/stall/offset/users").all().failure?.code
                } catch { code = error.code }
                codes.withLock { $0.append(code) }
            }
            #expect(codes.withLock { $0 } == Array(repeating: .cancelled, count: 8))
            #expect(throws: Failure.self) { try client.walk("/offset/users") }
        }
    }

    @Test func freeingAClientEndsWhatIsUnderWay() throws {
        let paths = [
            "/fault/stall/offset/users", "/delay/20ms/offset;default=10/users:200", "/fault/slow:5ms/single/users:50",
        ]
        for round in 0..<12 {
            let client = try ClientLoop.of(server.url)
            let codes = Lock<[Failure.Code?]>([])
            onThreads(9) { thread in
                if thread == 8 {
                    usleep(UInt32(round) * 4000)
                    client.stop()
                    return
                }
                let code: Failure.Code?
                do throws(Failure) {
                    // Long enough that nobody is done when the client goes.
                    var walked = Walked()
                    repeat { walked = try client.walk(paths[thread % paths.count]).all() } while walked.failure == nil
                    code = walked.failure?.code
                } catch { code = error.code }
                codes.withLock { $0.append(code) }
            }
            let all = codes.withLock { $0 }
            #expect(all.count == 8)
            #expect(all.allSatisfy { $0 == .cancelled || $0 == .state }, "\(all)")
        }
    }

    @Test func walksMayBeDroppedAtAnyPoint() throws {
        let client = try ClientLoop.of(server.url)
        defer { client.stop() }
        let kept = Lock<[Page]>([])
        let truth = try server.lines(of: "users:20")
        onThreads(8) { thread in
            for round in 0..<30 {
                guard let pages = try? client.walk("/offset;default=20/users:400") else { continue }
                // Some go before their first request, some with pages that nobody took.
                for _ in 0..<round % 3 {
                    guard case .page(let page) = pages.next(milliseconds: 60_000) else { continue }
                    if page.facts.index == 0 { kept.withLock { $0.append(page) } }
                }
                if thread % 2 == 0 { usleep(500) }
            }
        }
        // Pages outlive the walk they came from.
        let pages = kept.withLock { $0 }
        #expect(pages.count == 8 * 20)
        for page in pages {
            let lines = (0..<page.recordCount).map { String(decoding: page.record($0), as: UTF8.self) + "\n" }
            #expect(lines.joined() == truth)
        }
        #expect(try client.walk("/offset;default=20/users:20").all().lines == truth)
    }

    @Test func aPageIsReadByManyThreads() throws {
        let client = try ClientLoop.of(server.url)
        defer { client.stop() }
        guard case .page(let page) = try client.walk("/cursor;default=10/users:100").next(milliseconds: 60_000) else {
            Issue.record("no page came")
            return
        }
        let seen = Lock<Set<[String]>>([])
        onThreads(8) { _ in
            let texts = [page.header("content-type"), page.headers, page.metadata, page.nextToken, page.recordArray]
                .map { String(decoding: $0, as: UTF8.self) }
            seen.withLock { _ = $0.insert(texts) }
        }
        let texts = seen.withLock { $0 }
        #expect(texts.count == 1)
        #expect(texts.first?.allSatisfy { !$0.isEmpty } == true)
    }

    @Test func countsAndDescriptorsAreReadWhileTheWalkGoesOn() throws {
        let client = try ClientLoop.of(server.url)
        defer { client.stop() }
        let pages = try client.walk("/offset;default=10/users:300")
        let over = Lock(false)
        let most = Lock<Int64>(0)
        let read = Lock(Walked())
        onThreads(4) { thread in
            if thread > 0 {
                while !over.withLock({ $0 }) {
                    let requests = pages.counts.requests
                    most.withLock { $0 = max($0, requests) }
                    usleep(200)
                }
                return
            }
            while true {
                var descriptor = pollfd(fd: pages.descriptor, events: Int16(POLLIN), revents: 0)
                guard poll(&descriptor, 1, 60_000) == 1, let taken = pages.next(milliseconds: 0) else { break }
                guard case .page(let page) = taken else { break }
                read.withLock { $0.pages += page.recordCount }
            }
            over.withLock { $0 = true }
        }
        #expect(read.withLock { $0.pages } == 300)
        // Thirty full pages; whether an empty one was asked for too is the walk's own affair.
        #expect(most.withLock { $0 } <= 31)
        #expect(pages.counts.requests >= 30)
    }
}
