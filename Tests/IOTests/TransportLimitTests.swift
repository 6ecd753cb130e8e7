import Engine
import Testing

@testable import IO

/// Every limit on size, each with its own kind of failure.
@Suite(.serialized) struct TransportLimitTests {
    private func outcome(
        of head: String, _ body: [UInt8] = [], _ change: (inout TransferLimits) -> Void
    ) throws -> Outcome {
        let server = ScriptedServer(answeringOnce: Array("HTTP/1.1 200 OK\r\n\(head)\r\n\r\n".utf8) + body)
        defer { server.stop() }
        return try Transport.plain().get(server.url, change)
    }

    private func chunked(_ body: [UInt8]) -> [UInt8] {
        Array("\(String(body.count, radix: 16))\r\n".utf8) + body + Array("\r\n0\r\n\r\n".utf8)
    }

    // MARK: Bodies

    @Test func aBodyOfJustTheLimitPasses() throws {
        let body = [UInt8](repeating: 0x61, count: 100_000)
        let announced = try outcome(of: "Content-Length: 100000", body) {
            $0.maxBodyBytes = 100_000
            $0.maxWireBytes = 100_000
        }
        #expect(announced.bytes == body)
        let unannounced = try outcome(of: "X: y", body) { $0.maxBodyBytes = 100_000 }
        #expect(unannounced.bytes == body)
    }

    @Test(arguments: ["Content-Length: 100001", "X-No: length", "Transfer-Encoding: chunked"])
    func aBodyOverTheLimitIsRefused(header: String) throws {
        let body = [UInt8](repeating: 0x61, count: 100_001)
        let bytes = header.contains("chunked") ? chunked(body) : body
        let failure = try #require(outcome(of: header, bytes) { $0.maxBodyBytes = 100_000 }.failure)
        #expect(failure.kind == .bodyTooLarge)
        #expect(failure.mayHaveReachedServer)
        #expect(failure.head?.status == 200)
        let wire = try outcome(of: header, bytes) { $0.maxWireBytes = 100_000 }
        #expect(wire.failure?.kind == .wireTooLarge)
    }

    @Test func anAnnouncedLengthOverTheLimitIsRefusedAtOnce() throws {
        let server = ScriptedServer { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\nx")
            connection.waitForEnd()
        }
        defer { server.stop() }
        let failure = try #require(Transport.plain().get(server.url).failure)
        #expect(failure.kind == .wireTooLarge || failure.kind == .bodyTooLarge)
    }

    @Test(arguments: [Int64.max, 1 << 40]) func anAbsurdLengthTakesNoMemory(length: Int64) throws {
        let outcome = try outcome(of: "Content-Length: \(length)", [1, 2, 3]) {
            $0.maxBodyBytes = .max
            $0.maxWireBytes = .max
        }
        #expect(outcome.failure?.kind == .truncated)
    }

    // MARK: Packed bodies

    @Test(arguments: ["gzip", "x-gzip"]) func aPackedBodyIsUnpacked(coding: String) throws {
        let text = Array((0..<5000).map { "{\"id\":\($0)}" }.joined(separator: ",").utf8)
        let packed = try Tool.run("gzip", ["-c"], input: text)
        let outcome = try outcome(of: "Content-Encoding: \(coding)\r\nContent-Length: \(packed.count)", packed) { _ in }
        #expect(outcome.bytes == text)
        #expect(outcome.response?.head.wireBytes == Int64(packed.count))
        #expect(outcome.response?.head.bodyBytes == Int64(text.count))
        let pieces = try self.outcome(
            of: "Content-Encoding: gzip\r\nTransfer-Encoding: chunked", chunked(packed)
        ) { _ in }
        #expect(pieces.bytes == text)
        #expect(pieces.response?.head.wireBytes == Int64(packed.count))
    }

    @Test func theLimitIsOnUnpackedBytes() throws {
        let packed = try Tool.run("gzip", ["-c"], input: [UInt8](repeating: 0x61, count: 500_000))
        let failure = try outcome(of: "Content-Encoding: gzip\r\nContent-Length: \(packed.count)", packed) {
            $0.maxBodyBytes = 400_000
        }.failure
        #expect(failure?.kind == .bodyTooLarge)
    }

    @Test func theWireLimitIsOnPackedBytes() throws {
        var generator = SystemRandomNumberGenerator()
        let noise = (0..<300_000).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        let packed = try Tool.run("gzip", ["-c"], input: noise)
        for (head, body) in [
            ("Content-Length: \(packed.count)", packed), ("Transfer-Encoding: chunked", chunked(packed)),
        ] {
            let whole = try outcome(of: "Content-Encoding: gzip\r\n\(head)", body) { $0.maxWireBytes = 310_000 }
            #expect(whole.bytes == noise)
            let cut = try outcome(of: "Content-Encoding: gzip\r\n\(head)", body) { $0.maxWireBytes = 200_000 }
            #expect(cut.failure?.kind == .wireTooLarge)
        }
    }

    /// 60 MiB in 60 KB: held by the ratio before it takes memory.
    @Test func aBombIsRefused() throws {
        let packed = try Tool.run("gzip", ["-9", "-c"], input: [UInt8](repeating: 0, count: 60 << 20))
        for (head, body) in [
            ("Content-Length: \(packed.count)", packed), ("Transfer-Encoding: chunked", chunked(packed)),
        ] {
            let failure = try outcome(of: "Content-Encoding: gzip\r\n\(head)", body) { _ in }.failure
            #expect(failure?.kind == .ratioTooHigh)
            #expect(failure?.head?.bodyBytes ?? .max <= 16 << 20)
        }
    }

    /// Small things may pack as well as they like.
    @Test func theRatioCountsFromOneMebibyteOn() throws {
        let small = try Tool.run("gzip", ["-9", "-c"], input: [UInt8](repeating: 0, count: 1 << 20))
        let head = "Content-Encoding: gzip\r\nContent-Length: "
        #expect(try outcome(of: head + "\(small.count)", small) { _ in }.bytes?.count == 1 << 20)
        let larger = try Tool.run("gzip", ["-9", "-c"], input: [UInt8](repeating: 0, count: (1 << 20) + 1))
        #expect(try outcome(of: head + "\(larger.count)", larger) { _ in }.failure?.kind == .ratioTooHigh)
        #expect(try outcome(of: head + "\(larger.count)", larger) { $0.maxRatio = 2000 }.failure == nil)
    }

    /// A frame of run-length blocks: four bytes for each 128 KiB (RFC 8878 section 3.1.1.2).
    @Test func aZstandardBombIsRefused() throws {
        var frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x58]
        for block in 0..<2000 {
            let header = UInt32(128 << 10) << 3 | 1 << 1 | (block == 1999 ? 1 : 0)
            frame += [UInt8(header & 255), UInt8(header >> 8 & 255), UInt8(header >> 16), 0x61]
        }
        let outcome = try outcome(of: "Content-Encoding: zstd\r\nContent-Length: \(frame.count)", frame) { _ in }
        #expect(outcome.failure?.kind == .ratioTooHigh, "\(outcome)")
    }

    // MARK: Headers

    @Test func asManyHeadersAsAllowedPass() throws {
        let headers = (0..<299).map { "X-\($0): \($0)" }.joined(separator: "\r\n")
        let response = try #require(outcome(of: "Content-Length: 0\r\n" + headers) { _ in }.response)
        #expect(response.head.headers.count == 300, "\(response.head)")
        #expect(response.head.headers.first("x-298") == "298")
        let more = try outcome(of: "Content-Length: 0\r\nX: y\r\n" + headers) { _ in }
        #expect(more.failure?.kind == .tooManyHeaders)
    }

    @Test func tooManyBytesOfHeadersAreRefused() throws {
        let value = String(repeating: "a", count: 1000)
        let headers = (0..<70).map { "X-\($0): \(value)" }.joined(separator: "\r\n")
        #expect(try outcome(of: headers) { _ in }.failure?.kind == .headersTooLarge)
        let oneLine = try outcome(of: "X-Long: " + String(repeating: "a", count: 200_000)) { _ in }
        #expect(oneLine.failure?.kind == .headersTooLarge)
        #expect(oneLine.failure?.head == nil)
    }

    /// Headers, interim responses or trailers without end.
    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\n", "X-Y: z\r\n"), ("", "HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n"),
        ("", "HTTP/1.1 100 C\r\n\r\n"),
    ])
    func aFloodOfHeadersIsRefused(start: String, line: String) throws {
        let server = ScriptedServer { connection in
            _ = connection.request()
            connection.send(start)
            while connection.send(String(repeating: line, count: 100)) {}
        }
        defer { server.stop() }
        let failure = try Transport.plain().get(server.url).failure
        #expect(failure?.kind == .tooManyHeaders || failure?.kind == .headersTooLarge, "\(String(describing: failure))")
    }

    @Test func aFloodOfTrailersIsRefused() throws {
        let server = ScriptedServer { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n")
            while connection.send(String(repeating: "X-Y: z\r\n", count: 100)) {}
        }
        defer { server.stop() }
        let failure = try Transport.plain().get(server.url).failure
        #expect(failure?.kind == .tooManyHeaders, "\(String(describing: failure))")
    }
}
