import EngineTestKit
import Testing

@testable import Engine

/// Idempotency keys: one for each logical request, the same on all its attempts.
@Suite struct RequestKeyTests {
    static let document = """
        {"path": "/things", "method": "POST", "json": {"a": 1}
        """

    static func call(_ text: String, source members: String = "") throws -> (Source, Engine.Stream) {
        let source = try source(members)
        let plan = try RequestPlan.parse(json(text), source: source, references: FakeReferences.usual)
        var stream = Stream(name: plan.path, request: plan)
        stream.paging = PagingPlan(style: .detect)
        return (source, stream)
    }
    static func keys(_ world: World, _ header: String = "Idempotency-Key") -> [String] {
        world.sent.compactMap { sent in sent.request.headers.first { $0.name == header }?.value }
    }

    @Test func aMadeKeyIsTheSameOnEveryAttemptAndToldOnThePage() throws {
        let (source, stream) = try Self.call(Self.document + ", \"idempotency_key\": true}")
        let world = try World.walk(
            stream, source: source, isCall: true, [.status(500), .failing(.receiving), .json("{}", status: 201)])
        let keys = Self.keys(world)
        #expect(world.succeeded && keys.count == 3 && Set(keys).count == 1)
        let key = try #require(keys.first)
        #expect(Self.isUUID(key), "\(key)")
        #expect(world.pages.first?.facts.idempotencyKey == key)
        #expect(world.pages.first?.facts.metadata.contains("\"idempotency_key\":\"\(key)\"") == true)
    }

    @Test func aFailureTellsTheKeyThatMayBeGivenAgain() throws {
        let (source, stream) = try Self.call(Self.document + ", \"idempotency_key\": true}")
        let failed = try World.walk(stream, source: source, isCall: true, Array(repeating: .status(500), count: 9))
        let key = try #require(failed.failure?.idempotencyKey)
        #expect(failed.sent.count == 5 && Set(Self.keys(failed)) == [key])
        #expect(failed.failure?.json(statusName: "X").contains(key) == true)
        let (_, again) = try Self.call(Self.document + ", \"idempotency_key\": \"\(key)\"}")
        let world = try World.walk(again, source: source, isCall: true, [.json("{}")])
        #expect(Self.keys(world) == [key])
    }

    @Test func theSourceGivesKeysToWhatIsNotIdempotent() throws {
        let header = "\"idempotency_key\": \"X-Once\""
        for (text, has) in [
            ("{\"path\": \"/\", \"method\": \"POST\"}", true), ("{\"path\": \"/\", \"method\": \"PATCH\"}", true),
            ("{\"path\": \"/\", \"method\": \"PUT\"}", false), ("{\"path\": \"/\"}", false),
            ("{\"path\": \"/\", \"method\": \"POST\", \"idempotent\": true}", false),
            ("{\"path\": \"/\", \"method\": \"POST\", \"idempotency_key\": false}", false),
            ("{\"path\": \"/\", \"method\": \"POST\", \"headers\": {\"x-once\": \"mine\"}}", false),
        ] {
            let (source, stream) = try Self.call(text, source: header)
            let world = try World.walk(stream, source: source, isCall: true, [.json("{}")])
            #expect((Self.keys(world, "X-Once").count == 1) == has, "\(text)")
        }
    }

    @Test func everyPageOfAStreamHasAKeyOfItsOwn() throws {
        let source = try source(
            """
            "streams": {"s": {"path": "/s", "method": "POST", "idempotency_key": true, "records": "data",
                              "pagination": {"type": "cursor", "param": "c", "from": {"body": "next"}}}}
            """)
        let stream = try #require(source.streams.first)
        let world = try World.walk(
            stream, source: source,
            [.json("{\"data\":[1],\"next\":\"b\"}"), .status(503), .json("{\"data\":[2],\"next\":null}")])
        let keys = Self.keys(world)
        #expect(world.succeeded && keys.count == 3)
        #expect(keys[0] != keys[1] && keys[1] == keys[2])
    }

    /// 409 means "still at work" only behind an attempt that may have begun it.
    @Test func aConflictBehindALostAttemptIsWaitedOut() throws {
        let (source, stream) = try Self.call(Self.document + ", \"idempotency_key\": \"k\"}")
        let lost = try World.walk(
            stream, source: source, isCall: true, [.failing(.receiving), .status(409), .json("{}")])
        #expect(lost.succeeded && lost.sent.count == 3)
        let first = try World.walk(stream, source: source, isCall: true, [.status(409)])
        #expect(first.sent.count == 1 && first.failure?.httpStatus == 409)
        let reused = try World.walk(stream, source: source, isCall: true, [.failing(.receiving), .status(422)])
        #expect(reused.sent.count == 2 && reused.failure?.httpStatus == 422)
    }

    @Test func keysAreUUIDsAndNeverTheSame() {
        var seen: Set<String> = []
        for seed in 0..<20 as Range<UInt64> {
            var keys = RequestKeys(seed: (seed, ~seed))
            for _ in 0..<500 {
                let key = keys.next()
                #expect(Self.isUUID(key))
                #expect(seen.insert(key).inserted)
            }
        }
    }

    static func isUUID(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.map(\.count) == [8, 4, 4, 4, 12] && parts.allSatisfy { $0.allSatisfy(\.isHexDigit) }
            && parts[2].first == "4" && parts[3].first.map { "89ab".contains($0) } == true
    }

    // MARK: connections

    @Test func aSecondBrokenConnectionIsNotReused() throws {
        let world = try World.walk(
            Make.stream(.single, records: ""),
            [.failing(.receiving), .failing(.closedBeforeResponse), .failing(.sending), .json("[]")])
        #expect(world.succeeded)
        #expect(world.sent.map(\.request.freshConnection) == [false, false, true, true])
    }

    @Test func anEncodingThatCannotBeReadIsDoneWithoutOnce() throws {
        func encodings(_ world: World) -> [String?] {
            world.sent.map { sent in sent.request.headers.first { $0.name == "Accept-Encoding" }?.value }
        }
        let stream = try Make.stream(.single, records: "")
        let plain = try World.walk(stream, [.failing(.contentEncoding), .json("[]")])
        #expect(plain.succeeded && encodings(plain) == [nil, "identity"])
        let never = try World.walk(stream, Array(repeating: .failing(.contentEncoding), count: 9))
        #expect(never.failure?.code == .data && never.sent.count == 2)
    }
}
