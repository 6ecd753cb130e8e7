import Engine
import Foundation
import Testing

@testable import IO

/// Heads that are told of before their bodies are in.
@Suite(.serialized) struct TransportHeadTests {
    private static let head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Next: 7\r\n\r\n"

    /// Sends `first`, and `rest` once the test says so.
    private func server(_ first: String, _ rest: String, after go: DispatchSemaphore) -> ScriptedServer {
        ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.send(first)
            go.wait()
            connection.send(rest)
            connection.waitForEnd()
        }
    }

    private func request(_ url: String, reportsHead: Bool = true) -> TransferRequest {
        var request = TransferRequest(method: "GET", url: url)
        request.reportsHead = reportsHead
        return request
    }

    @Test func aHeadIsToldOfBeforeTheBody() throws {
        let go = DispatchSemaphore(value: 0)
        let server = server("HTTP/1.1 103 Early Hints\r\nX-Next: 1\r\n\r\n" + Self.head + "bo", "dy", after: go)
        defer { server.stop() }
        let transport = try Transport.plain()
        transport.start(request(server.url), id: 5)
        transport.poll(until: Clock.now() + .seconds(10))
        let heads = transport.takeHeads()
        #expect(heads.map(\.id) == [5] && heads.first?.head.headers.first("x-next") == "7")
        #expect(heads.first?.head.status == 200 && transport.takeFinished().isEmpty)
        go.signal()
        let outcome = try #require(transport.finishAll(1)[5])
        #expect(outcome.response?.text == "body" && outcome.response?.head.headers.first("X-Next") == "7")
        #expect(transport.takeHeads().isEmpty)
    }

    @Test func nobodyIsToldOfWhatIsNotAskedForOrNoSuccess() throws {
        for (first, asks) in [(Self.head, false), ("HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\n", true)] {
            let go = DispatchSemaphore(value: 0)
            let server = server(first, "body", after: go)
            defer { server.stop() }
            let transport = try Transport.plain()
            transport.start(request(server.url, reportsHead: asks), id: 1)
            transport.poll(until: Clock.now() + .milliseconds(200))
            #expect(transport.takeHeads().isEmpty)
            go.signal()
            #expect(transport.finishAll(1)[1]?.response?.text == "body")
        }
    }

    @Test func whatComesAtOnceIsToldOfOnce() throws {
        let server = ScriptedServer(answering: Self.head + "body")
        defer { server.stop() }
        let transport = try Transport.plain()
        for id: UInt64 in 1...20 {
            transport.start(request(server.url), id: id)
            #expect(transport.finishAll(1)[id]?.response?.text == "body")
            // One packet: the head comes with the rest. Two at most.
            #expect(transport.takeHeads().count <= 1)
        }
    }

    @Test func aBodyThatBreaksStillFails() throws {
        let go = DispatchSemaphore(value: 0)
        let server = ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.send(Self.head + "bo")
            go.wait()
        }
        defer { server.stop() }
        let transport = try Transport.plain()
        transport.start(request(server.url), id: 1)
        transport.poll(until: Clock.now() + .seconds(10))
        #expect(transport.takeHeads().count == 1)
        go.signal()
        #expect(transport.finishAll(1)[1]?.failure?.kind == .truncated)
    }
}
