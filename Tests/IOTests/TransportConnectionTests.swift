import Engine
import Foundation
import Synchronization
import Testing

@testable import IO

/// Connections: kept, dead, shared by many transfers, and given back.
@Suite(.serialized) struct TransportConnectionTests {
    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    /// Answers one request on every connection; the first connection takes a second one and closes without a word.
    private func closingOnReuse(always: Bool = false) -> ScriptedServer {
        ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.send(Self.ok)
            guard connection.request() != nil else { return }
            if connection.index == 0 || always { return }
            connection.send(Self.ok)
            connection.waitForEnd()
        }
    }

    @Test(arguments: ["GET", "POST"]) func aHiddenResendIsNoticed(method: String) throws {
        let server = closingOnReuse()
        defer { server.stop() }
        let transport = try Transport.plain()
        let request = TransferRequest(method: method, url: server.url, body: method == "POST" ? [1] : nil)
        #expect(transport.run(request).response?.head.hiddenResends == 0)
        let second = try #require(transport.run(request).response)
        #expect(second.head.hiddenResends == 1)
        #expect(!second.head.reusedConnection)
        // What was reported is what the server saw: the first, the second, and the second again.
        #expect(server.requests.count == 3)
    }

    @Test func aFreshConnectionSendsExactlyOnce() throws {
        let server = closingOnReuse(always: true)
        defer { server.stop() }
        let transport = try Transport.plain()
        for round in 1...5 {
            let request = TransferRequest(method: "POST", url: server.url, body: [1], freshConnection: true)
            #expect(transport.run(request).response?.head.hiddenResends == 0)
            #expect(server.requests.count == round)
        }
    }

    @Test func aFreshConnectionThatDiesIsAFailureAndNotASecondSend() throws {
        let server = ScriptedServer { connection in _ = connection.request() }
        defer { server.stop() }
        let request = TransferRequest(method: "POST", url: server.url, body: [1], freshConnection: true)
        let failure = try #require(Transport.plain().run(request).failure)
        #expect(failure.kind == .closedBeforeResponse)
        #expect(failure.mayHaveReachedServer)
        #expect(server.requests.count == 1)
    }

    /// Connections that the server has closed meanwhile are noticed before anything is sent.
    @Test func aConnectionClosedWhileIdleIsNotUsed() throws {
        let server = ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.send(Self.ok)
        }
        defer { server.stop() }
        let transport = try Transport.plain()
        for _ in 0..<10 {
            let response = try #require(transport.get(server.url).response)
            #expect(response.head.hiddenResends == 0 && !response.head.reusedConnection)
            usleep(20_000)
        }
        #expect(server.requests.count == 10)
    }

    @Test func nobodyListening() throws {
        let server = ScriptedServer(answering: Self.ok)
        server.stop()
        usleep(50_000)
        let failure = try #require(Transport.plain().get(server.url).failure)
        #expect(failure.kind == .connect)
        #expect(!failure.mayHaveReachedServer)
        #expect(failure.detail.contains("127.0.0.1"))
    }

    @Test func aNameThatDoesNotExist() throws {
        let failure = try #require(Transport.plain().get("http://nowhere.invalid/?key=secret").failure)
        #expect(failure.kind == .resolve)
        #expect(!failure.mayHaveReachedServer)
        #expect(!failure.detail.contains("secret"))
    }

    @Test func sixtyFourTransfersAtOnce() throws {
        let server = ScriptedServer { connection in
            while let request = connection.request() {
                let path = request.head.split(separator: " ")[1]
                connection.pause(milliseconds: 20)
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(path.utf8.count)\r\n\r\n\(path)")
            }
        }
        defer { server.stop() }
        let transport = try Transport.plain()
        for round in 0..<5 {
            for id in 0..<64 {
                transport.start(TransferRequest(method: "GET", url: server.url + "\(round)/\(id)"), id: UInt64(id))
            }
            #expect(transport.runningCount == 64)
            let outcomes = transport.finishAll(64)
            for id in 0..<64 { #expect(outcomes[UInt64(id)]?.response?.text == "/\(round)/\(id)") }
        }
        #expect(transport.runningCount == 0)
        // The pool follows the number of transfers. Between two rounds nothing runs, so it may shrink to those that are
        // kept idle, and no further.
        let kept = TransportSettings(userAgent: "").maxIdleConnections
        #expect(kept == 20)
        #expect(server.connectionCount <= 64 + 4 * (64 - kept))
        #expect(server.requests.count == 64 * 5)
    }

    @Test func noMoreConnectionsThanAllowed() throws {
        let open = Atomic<Int>(0)
        let most = Atomic<Int>(0)
        let server = ScriptedServer { connection in
            most.max(open.add(1, ordering: .relaxed).newValue, ordering: .relaxed)
            while connection.request() != nil {
                connection.pause(milliseconds: 5)
                connection.send(Self.ok)
            }
            open.subtract(1, ordering: .relaxed)
        }
        defer { server.stop() }
        let transport = try Transport.plain { $0.maxConnections = 4 }
        for id in 0..<32 { transport.start(TransferRequest(method: "GET", url: server.url), id: UInt64(id)) }
        let outcomes = transport.finishAll(32)
        #expect(outcomes.values.allSatisfy { $0.response?.text == "ok" })
        let mostAtOnce = most.load(ordering: .relaxed)
        #expect(mostAtOnce <= 4)
    }

    /// Waiting for a connection that is allowed is not connecting.
    @Test func aQueuedTransferIsNotTimedAsConnecting() throws {
        let server = ScriptedServer { connection in
            while connection.request() != nil {
                connection.pause(milliseconds: 500)
                connection.send(Self.ok)
            }
        }
        defer { server.stop() }
        let transport = try Transport.plain { $0.maxConnections = 1 }
        var limits = TransferLimits()
        limits.connect = .milliseconds(450)
        for id in 0..<4 {
            transport.start(TransferRequest(method: "GET", url: server.url, limits: limits), id: UInt64(id))
        }
        #expect(transport.finishAll(4).values.allSatisfy { $0.response != nil })
    }

    // MARK: Cancelling

    @Test func aCancelledTransferEndsAtOnceAndItsConnectionWithIt() throws {
        let ended = Atomic<Bool>(false)
        let server = ScriptedServer { connection in
            _ = connection.request()
            if connection.index > 0 { return _ = connection.send(Self.ok) }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            connection.waitForEnd()
            ended.store(true, ordering: .releasing)
        }
        defer { server.stop() }
        let transport = try Transport.plain()
        transport.start(TransferRequest(method: "GET", url: server.url), id: 7)
        transport.poll(until: Clock.now() + .milliseconds(200))
        transport.cancel(id: 8)
        #expect(transport.takeFinished().isEmpty)
        transport.cancel(id: 7)
        transport.cancel(id: 7)
        let finished = transport.takeFinished()
        #expect(finished.count == 1 && finished.first?.id == 7)
        #expect(finished.first?.outcome.failure?.kind == .cancelled)
        #expect(finished.first?.outcome.failure?.mayHaveReachedServer == true)
        #expect(transport.get(server.url).response?.text == "ok")
        #expect(comes { ended.load(ordering: .acquiring) })
    }

    @Test func whatWasNeverSentNeverReachedTheServer() throws {
        let server = ScriptedServer(answering: Self.ok)
        defer { server.stop() }
        let transport = try Transport.plain()
        transport.start(TransferRequest(method: "POST", url: server.url), id: 1)
        transport.cancel(id: 1)
        let failure = try #require(transport.takeFinished().first?.outcome.failure)
        #expect(failure.kind == .cancelled && !failure.mayHaveReachedServer)
        #expect(server.requests.isEmpty)
    }

    @Test func cancellingOneOfManyLeavesTheOthers() throws {
        let server = ScriptedServer { connection in
            while connection.request() != nil {
                connection.pause(milliseconds: 100)
                connection.send(Self.ok)
            }
        }
        defer { server.stop() }
        let transport = try Transport.plain()
        for id in 0..<10 { transport.start(TransferRequest(method: "GET", url: server.url), id: UInt64(id)) }
        transport.poll(until: Clock.now() + .milliseconds(20))
        for id in [0, 9, 4] { transport.cancel(id: UInt64(id)) }
        let outcomes = transport.finishAll(10)
        for id in 0..<10 {
            #expect((outcomes[UInt64(id)]?.failure?.kind == .cancelled) == [0, 9, 4].contains(id), "\(id)")
        }
    }

    /// A transport may go while transfers run.
    @Test func goingInTheMiddleOfTransfersIsClean() throws {
        let server = ScriptedServer { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhalf")
            connection.waitForEnd()
        }
        defer { server.stop() }
        for _ in 0..<5 {
            let transport = try Transport.plain()
            for id in 0..<8 { transport.start(TransferRequest(method: "GET", url: server.url), id: UInt64(id)) }
            transport.poll(until: Clock.now() + .milliseconds(20))
        }
    }

    /// In a process of its own: other suites open descriptors and threads of theirs.
    @Test func openingAndClosingLeavesNothingBehind() async {
        await #expect(processExitsWith: .success) {
            func entries(_ directory: String) -> Int {
                (try? FileManager.default.contentsOfDirectory(atPath: directory).count) ?? -1
            }
            func resident() -> Int {
                let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
                return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4096
            }
            // Sanitizers hold freed memory back and look for leaks themselves.
            let isSanitized = dlsym(nil, "__asan_init") != nil || dlsym(nil, "__tsan_init") != nil
            let server = ScriptedServer(answering: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            func round() throws {
                let transport = try Transport.plain()
                for id in 0..<8 { transport.start(TransferRequest(method: "GET", url: server.url), id: UInt64(id)) }
                guard transport.finishAll(8).values.allSatisfy({ $0.response != nil }) else { exit(2) }
            }
            for _ in 0..<50 { try round() }
            usleep(200_000)
            let before = (entries("/proc/self/fd"), entries("/proc/self/task"), resident())
            for _ in 0..<300 { try round() }
            usleep(200_000)
            let after = (entries("/proc/self/fd"), entries("/proc/self/task"), resident())
            // The server's own threads and descriptors may still be on their way out, and it keeps what it was asked.
            let isConstant =
                after.0 <= before.0 + 8 && after.1 <= before.1 + 8
                && (isSanitized || after.2 < before.2 + (4 << 20))
            if !isConstant { fatalError("\(before) \(after)") }
            exit(0)
        }
    }
}
