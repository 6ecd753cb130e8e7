import Engine
import Testing

@testable import IO

/// What makes a response, and what makes none.
@Suite(.serialized) struct TransportResponseTests {
    private func outcome(
        of answer: String, method: String = "GET", _ change: (inout TransferLimits) -> Void = { _ in }
    ) throws -> Outcome {
        try outcome(of: Array(answer.utf8), method: method, change)
    }

    private func outcome(
        of answer: [UInt8], method: String = "GET", _ change: (inout TransferLimits) -> Void = { _ in }
    ) throws -> Outcome {
        let server = ScriptedServer(answeringOnce: answer)
        defer { server.stop() }
        var limits = TransferLimits()
        change(&limits)
        return try Transport.plain().run(TransferRequest(method: method, url: server.url, limits: limits))
    }

    // MARK: Whole

    @Test func responsesWithoutABodyAreWhole() throws {
        let head = try outcome(
            of: "HTTP/1.1 200 OK\r\nContent-Length: 500\r\nContent-Encoding: gzip\r\n\r\n", method: "HEAD")
        #expect(head.response?.text == "" && head.response?.head.headers.first("content-length") == "500")
        #expect(try outcome(of: "HTTP/1.1 204 No Content\r\n\r\n").response?.head.status == 204)
        #expect(try outcome(of: "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n").response?.head.status == 304)
        #expect(try outcome(of: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").response?.text == "")
        #expect(try outcome(of: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").response?.text == "")
    }

    @Test func aBodyMayEndWithItsConnection() throws {
        let response = try #require(outcome(of: "HTTP/1.0 200 OK\r\n\r\nall of it").response)
        #expect(response.text == "all of it")
        #expect(response.head.httpVersion.description == "1.0")
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func redirectsComeBackAsTheyAre(status: Int) throws {
        let answer = "HTTP/1.1 \(status) Elsewhere\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\nno"
        let response = try #require(outcome(of: answer).response)
        #expect(response.head.status == status && response.text == "no")
        #expect(response.head.headers.first("location") == "http://127.0.0.1:1/")
    }

    @Test(arguments: [400, 401, 403, 404, 407, 429, 500, 503, 599])
    func errorsAreResponsesToo(status: Int) throws {
        let answer =
            "HTTP/1.1 \(status) X\r\nWWW-Authenticate: Basic realm=\"x\"\r\nProxy-Authenticate: Basic\r\n"
            + "Content-Length: 3\r\n\r\nbad"
        let response = try #require(outcome(of: answer).response)
        #expect(response.head.status == status && response.text == "bad")
    }

    @Test func onlyTheFinalHeadCounts() throws {
        let answer =
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Encoding: gzip\r\n\r\n"
            + "HTTP/1.1 200 OK\r\nX-Final: 1\r\nContent-Length: 2\r\n\r\nok"
        let response = try #require(outcome(of: answer).response)
        #expect(response.head.status == 200 && response.text == "ok")
        #expect(response.head.headers.count == 2)
        #expect(!response.head.headers.contains("link"))
    }

    @Test func trailersAreIgnored() throws {
        let answer =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n"
            + "Content-Encoding: gzip\r\n\r\n"
        let response = try #require(outcome(of: answer).response)
        #expect(response.text == "ok" && !response.head.headers.contains("x-t"))
    }

    @Test func aFoldedHeaderIsOneHeader() throws {
        let answer = "HTTP/1.1 200 OK\r\nX-Long: a\r\n  b\r\n\tc\r\nContent-Length: 0\r\n\r\n"
        let response = try #require(outcome(of: answer).response)
        #expect(response.head.headers.first("x-long")?.split(separator: " ") == ["a", "b", "\tc"])
        #expect(response.head.headers.count == 2)
    }

    @Test func aLargeBodyArrivesWhole() throws {
        let bytes = (0..<(10 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ ($0 >> 8)) }
        let plain = try outcome(of: Array("HTTP/1.1 200 OK\r\nContent-Length: \(bytes.count)\r\n\r\n".utf8) + bytes)
        #expect(plain.bytes == bytes)
        var chunked = Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
        for start in stride(from: 0, to: bytes.count, by: 100_000) {
            let piece = bytes[start..<min(start + 100_000, bytes.count)]
            chunked += Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8)
        }
        chunked += Array("0\r\n\r\n".utf8)
        #expect(try outcome(of: chunked).bytes == bytes)
    }

    // MARK: Not whole

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n",
    ])
    func aResponseThatIsCutOffIsNone(answer: String) throws {
        let failure = try #require(outcome(of: answer).failure)
        #expect(failure.kind == .truncated, "\(failure)")
        #expect(failure.mayHaveReachedServer)
        #expect((failure.head?.status == 200) == answer.contains("\r\n\r\n"))
    }

    @Test(arguments: ["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "HTTP/1.1 200 OK\r\n\r\nuntil the end"])
    func aResetInTheMiddleIsNoResponse(start: String) throws {
        let server = ScriptedServer { connection in
            _ = connection.request()
            connection.send(start)
            connection.pause(milliseconds: 50)
            connection.reset()
        }
        defer { server.stop() }
        #expect(try Transport.plain().get(server.url).failure?.kind == .truncated)
    }

    @Test func aConnectionThatEndsWithoutAWordIsItsOwnKind() throws {
        for resets in [false, true] {
            let server = ScriptedServer { connection in
                _ = connection.request()
                if resets { connection.reset() }
            }
            defer { server.stop() }
            let failure = try #require(Transport.plain().get(server.url).failure)
            #expect(failure.kind == .closedBeforeResponse, "\(failure)")
            #expect(failure.mayHaveReachedServer)
            #expect(failure.head == nil)
        }
    }

    @Test(arguments: [
        "not http at all\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nX-Nul: a\0b\r\nContent-Length: 0\r\n\r\n",
    ])
    func whatIsNotHTTPIsAProtocolError(answer: String) throws {
        let failure = try #require(outcome(of: answer).failure)
        #expect(failure.kind == .protocolError, "\(failure)")
        #expect(failure.mayHaveReachedServer)
    }

    @Test func unknownEncodingsAndBrokenOnesAreTheirOwnKind() throws {
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Encoding: rot13\r\nContent-Length: 3\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n\r\nnot gzip you",
        ] {
            let failure = try #require(outcome(of: answer).failure)
            #expect(failure.kind == .contentEncoding, "\(failure)")
        }
    }

    @Test(arguments: [
        "Content-Encoding: gzip, gzip", "Content-Encoding: gzip\r\nContent-Encoding: br",
        "Content-Encoding: gzip\r\nTransfer-Encoding: gzip, chunked",
    ])
    func moreThanOneLayerOfEncodingIsRefused(headers: String) throws {
        let failure = try #require(outcome(of: "HTTP/1.1 200 OK\r\n\(headers)\r\n\r\nabc").failure)
        #expect(failure.kind == .contentEncoding)
        #expect(failure.detail.contains("more than once"))
    }
}
