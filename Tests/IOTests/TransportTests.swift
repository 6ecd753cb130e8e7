import Engine
import Testing

@testable import IO

@Suite(.serialized) struct TransportTests {
    @Test func aResponseComesWithItsHeadAndBody() throws {
        let server = ScriptedServer(
            answering: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Page:  2 \r\nX-Empty:\r\n\r\nhello")
        defer { server.stop() }
        let transport = try Transport.plain()
        let response = try #require(transport.get(server.url).response)
        #expect(response.head.status == 200)
        #expect(response.text == "hello")
        #expect(response.head.headers.count == 3)
        #expect(response.head.headers.first("x-page") == "2")
        #expect(response.head.headers.first("x-empty") == "")
        #expect(response.head.httpVersion.description == "1.1")
        #expect(response.head.bodyBytes == 5)
        #expect(response.head.wireBytes == 5)
        #expect(!response.head.reusedConnection)
        #expect(response.head.hiddenResends == 0)
        #expect(response.head.receivedAtEpoch > 1_700_000_000)
        #expect(response.head.firstByte > .zero && response.head.firstByte <= response.head.elapsed)
    }

    @Test func aConnectionIsKeptForTheNextRequest() throws {
        let server = ScriptedServer(answering: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        defer { server.stop() }
        let transport = try Transport.plain()
        for round in 0..<20 {
            let response = try #require(transport.get(server.url).response)
            #expect(response.head.reusedConnection == (round > 0))
            #expect(response.head.hiddenResends == 0)
        }
        #expect(server.connectionCount == 1)
    }

    @Test func aFreshConnectionIsNotAReusedOne() throws {
        let server = ScriptedServer(answering: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        defer { server.stop() }
        let transport = try Transport.plain()
        for _ in 0..<3 {
            let request = TransferRequest(method: "POST", url: server.url, body: [1], freshConnection: true)
            #expect(transport.run(request).response?.head.reusedConnection == false)
        }
        #expect(server.connectionCount == 3)
    }
}
