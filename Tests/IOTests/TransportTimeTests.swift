import Engine
import Foundation
import Testing

@testable import IO

/// Every limit on time, each with its own kind of failure, and the ways out of a wait.
@Suite(.serialized) struct TransportTimeTests {
    private func took(_ work: () throws -> Void) rethrows -> Int64 {
        let start = Clock.now()
        try work()
        return (Clock.now() - start).milliseconds
    }

    @Test func silenceBeforeTheResponseEnds() throws {
        let server = ScriptedServer { connection in
            _ = connection.request()
            connection.waitForEnd()
        }
        defer { server.stop() }
        let transport = try Transport.plain()
        let time = try took {
            let failure = try #require(transport.get(server.url) { $0.firstByte = .milliseconds(200) }.failure)
            #expect(failure.kind == .firstByteTimeout)
            #expect(failure.mayHaveReachedServer)
            #expect(failure.detail.contains("200 ms"))
        }
        #expect(time >= 200 && time < 5000)
    }

    @Test(arguments: ["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "HTTP/1.1 200 OK\r\nX: y\r\n", "HTTP/1."])
    func silenceInTheMiddleEnds(start: String) throws {
        let server = ScriptedServer { connection in
            _ = connection.request()
            connection.send(start)
            connection.waitForEnd()
        }
        defer { server.stop() }
        let transport = try Transport.plain()
        let time = try took {
            let failure = try #require(
                transport.get(server.url) {
                    $0.idle = .milliseconds(200)
                    // After which part of a line is found.
                    $0.firstByte = .milliseconds(2000)
                }.failure)
            #expect(failure.kind == .idleTimeout)
            #expect((failure.head != nil) == start.contains("\r\n\r\n"))
        }
        #expect(time >= 200 && time < 5000)
    }

    @Test func slowIsNotSilent() throws {
        let server = ScriptedServer { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
            for digit in 0..<10 {
                connection.pause(milliseconds: 150)
                connection.send("\(digit)")
            }
        }
        defer { server.stop() }
        let outcome = try Transport.plain().get(server.url) { $0.idle = .milliseconds(1200) }
        #expect(outcome.response?.text == "0123456789")
    }

    @Test func slowForeverEndsToo() throws {
        let server = ScriptedServer { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            while connection.send(".") { connection.pause(milliseconds: 20) }
        }
        defer { server.stop() }
        let failure = try #require(Transport.plain().get(server.url) { $0.total = .milliseconds(1000) }.failure)
        #expect(failure.kind == .totalTimeout)
        #expect(failure.head?.status == 200)
        #expect(failure.head?.bodyBytes ?? 0 > 0)
    }

    /// The time for the first byte begins when the request has gone, not when it began to go.
    @Test func aSlowUploadIsNotASlowAnswer() throws {
        let server = ScriptedServer { connection in
            connection.readPause = 5
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        }
        defer { server.stop() }
        var limits = TransferLimits()
        limits.firstByte = .milliseconds(1000)
        let request = TransferRequest(
            method: "POST", url: server.url, body: [UInt8](repeating: 1, count: 20 << 20), limits: limits)
        let transport = try Transport.plain()
        let time = took { #expect(transport.run(request).response?.text == "ok") }
        #expect(time > 1000)
    }

    /// And a body that nobody reads ends as well.
    @Test func anUploadThatNobodyReadsEnds() throws {
        let server = ScriptedServer { connection in connection.pause(milliseconds: 6000) }
        defer { server.stop() }
        var limits = TransferLimits()
        limits.firstByte = .milliseconds(300)
        let request = TransferRequest(
            method: "POST", url: server.url, body: [UInt8](repeating: 1, count: 20 << 20), limits: limits)
        let transport = try Transport.plain()
        let time = took { #expect(transport.run(request).failure?.kind == .firstByteTimeout) }
        #expect(time >= 300 && time < 5000)
    }

    /// A listener with a full queue answers no more connections.
    @Test func aConnectionThatIsNotAnsweredEnds() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        var fillers: [Int32] = []
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, length)
                _ = listen(listener, 0)
                _ = getsockname(listener, $0, &length)
                for _ in 0..<4 {
                    let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
                    _ = Glibc.connect(filler, $0, length)
                    fillers.append(filler)
                }
            }
        }
        defer { for descriptor in fillers + [listener] { close(descriptor) } }
        let url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))/"
        let failure = try #require(Transport.plain().get(url) { $0.connect = .milliseconds(250) }.failure)
        #expect(failure.kind == .connectTimeout, "\(failure)")
        #expect(!failure.mayHaveReachedServer)
    }

    @Test func aLimitOfNothingEndsAtOnce() throws {
        let server = ScriptedServer(answering: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        defer { server.stop() }
        #expect(try Transport.plain().get(server.url) { $0.total = .zero }.failure?.kind == .totalTimeout)
        #expect(
            try Transport.plain().get(server.url) { $0.total = Timespan(nanoseconds: .min) }.failure?.kind
                == .totalTimeout)
        let endless = try Transport.plain().get(server.url) {
            $0.total = Timespan(nanoseconds: .max)
            $0.connect = Timespan(nanoseconds: .max)
            $0.firstByte = Timespan(nanoseconds: .max)
            $0.idle = Timespan(nanoseconds: .max)
        }
        #expect(endless.response != nil)
    }

    // MARK: Waiting

    @Test func pollReturnsAtItsTime() throws {
        let transport = try Transport.plain()
        let time = took { transport.poll(until: Clock.now() + .milliseconds(100)) }
        #expect(time >= 100 && time < 3000)
        #expect(took { transport.poll(until: Clock.now()) } < 1000)
    }

    @Test func wakeEndsAWaitWithoutATime() throws {
        let transport = try Transport.plain()
        Thread.detachNewThread {
            usleep(100_000)
            transport.wake()
        }
        let time = took { transport.poll(until: nil) }
        #expect(time >= 90)
        // A wake that comes first is not lost, and one is enough for many.
        transport.wake()
        transport.wake()
        #expect(took { transport.poll(until: nil) } < 5000)
        #expect(took { transport.poll(until: Clock.now() + .milliseconds(100)) } >= 100)
    }

    @Test func wakingFromManyThreadsLosesNothing() throws {
        let server = ScriptedServer(answering: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        defer { server.stop() }
        let transport = try Transport.plain()
        for _ in 0..<4 {
            Thread.detachNewThread { for _ in 0..<20_000 { transport.wake() } }
        }
        for round in 0..<200 {
            transport.start(TransferRequest(method: "GET", url: server.url), id: UInt64(round))
            #expect(transport.finishAll(1)[UInt64(round)]?.response?.text == "ok")
        }
    }

    /// A waiting thread takes no processor time.
    @Test func waitingIsIdle() throws {
        let server = ScriptedServer { connection in
            _ = connection.request()
            connection.pause(milliseconds: 500)
        }
        defer { server.stop() }
        let transport = try Transport.plain()
        func used() -> Int64 {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
        }
        let before = used()
        _ = transport.get(server.url)
        #expect(used() - before < 100)
    }
}
