import EngineTestKit
import Testing

@testable import Engine

/// What is sent again, when, and how often.
@Suite struct RetryTests {
    enum Kind: CaseIterable { case get, post, keyedPost, markedPost, patch, put, delete }

    static func stream(_ kind: Kind) throws -> Stream {
        var stream = try Make.stream(.single, records: "")
        switch kind {
        case .get: break
        case .post: stream.request.method = "POST"
        case .keyedPost:
            stream.request.method = "POST"
            stream.request.idempotencyKey = "k-1"
        case .markedPost:
            stream.request.method = "POST"
            stream.request.idempotent = true
        case .patch: stream.request.method = "PATCH"
        case .put: stream.request.method = "PUT"
        case .delete: stream.request.method = "DELETE"
        }
        return stream
    }
    static func isRepeatable(_ kind: Kind) -> Bool { kind != .post && kind != .patch }

    static let passing = [408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529]

    @Test func everyStatusIsFinalOrRepeated() throws {
        for kind in Kind.allCases {
            for status in 300...599 {
                let world = try World.walk(Self.stream(kind), Array(repeating: .status(status), count: 9))
                let failure = try #require(world.failure, "\(status)")
                #expect(failure.httpStatus == status)
                let refused = status == 429 || status == 420 || status == 509
                let again = refused || Self.passing.contains(status) && Self.isRepeatable(kind)
                #expect(world.sent.count == (again ? 5 : 1), "\(kind) \(status)")
                #expect(failure.attempts == world.sent.count)
                #expect(failure.code == (refused ? .rateLimited : status == 401 ? .auth : .http))
                #expect(failure.stream == "things" && failure.page == 0)
                #expect(world.violations.isEmpty, "\(world.violations)")
            }
        }
    }

    @Test func unavailableWithATimeToComeBackWasNotCarriedOut() throws {
        let world = try World.walk(
            Self.stream(.post), [.status(503, [("Retry-After", "2")]), .json("[]")])
        #expect(world.succeeded)
        #expect(world.sent.count == 2)
    }

    static let transfers: [(TransferFailure.Kind, again: Bool, Failure.Code)] = [
        (.resolve, true, .network), (.connect, true, .network), (.tls, true, .tls), (.certificate, false, .tls),
        (.connectTimeout, true, .timeout), (.firstByteTimeout, true, .timeout), (.idleTimeout, true, .timeout),
        (.totalTimeout, true, .timeout), (.closedBeforeResponse, true, .network), (.truncated, true, .network),
        (.sending, true, .network), (.receiving, true, .network), (.http2Stream, true, .network),
        (.protocolError, true, .network), (.contentEncoding, true, .data), (.bodyTooLarge, false, .limit),
        (.wireTooLarge, false, .limit), (.ratioTooHigh, false, .limit), (.headersTooLarge, false, .limit),
        (.tooManyHeaders, false, .limit), (.badURL, false, .config), (.outOfMemory, false, .noMemory),
        (.cancelled, false, .cancelled), (.other, false, .network),
    ]

    @Test func everyTransferFailureIsFinalOrRepeated() throws {
        for (failing, passes, code) in Self.transfers {
            for kind in Kind.allCases {
                for reached in [false, true] {
                    let world = try World.walk(
                        Self.stream(kind), Array(repeating: .failing(failing, reached: reached), count: 9))
                    let failure = try #require(world.failure)
                    let again = passes && (!reached || Self.isRepeatable(kind))
                    // An encoding that can't be read is done without once.
                    let most = failing == .contentEncoding ? 2 : 5
                    #expect(world.sent.count == (again ? most : 1), "\(failing), \(kind), reached \(reached)")
                    #expect(failure.code == code, "\(failing)")
                    #expect(failure.stream == "things" && failure.page == 0, "\(failing)")
                    #expect(failure.url == "https://api.test/v1/things")
                    let explains = failure.message.contains("is not idempotent")
                    #expect(explains == (passes && reached && !Self.isRepeatable(kind)), "\(failure.message)")
                }
            }
        }
    }

    @Test func requestsThatMustNotRepeatGoOnFreshConnections() throws {
        for kind in Kind.allCases {
            let world = try World.walk(Self.stream(kind), [.json("[]")])
            #expect(world.sent.first?.request.freshConnection == !Self.isRepeatable(kind))
        }
    }

    @Test func idempotencyKeyIsTheSameOnEveryAttempt() throws {
        let world = try World.walk(Self.stream(.keyedPost), [.status(500), .failing(.receiving), .json("[]")])
        #expect(world.succeeded)
        let keys = world.sent.map { sent in sent.request.headers.filter { $0.name == "Idempotency-Key" }.map(\.value) }
        #expect(keys == [["k-1"], ["k-1"], ["k-1"]])
    }

    // MARK: waits

    static func waits(_ replies: [Reply], chance: TestServices.Chance) throws -> [Timespan] {
        let world = try World.walk(Make.stream(.single, records: ""), chance: chance, replies)
        return zip(world.sent, world.sent.dropFirst()).map { $1.at - $0.at }
    }

    @Test func backoffIsAnythingUpToTheDoublingStep() throws {
        let failing = Array(repeating: Reply.status(500), count: 5)
        #expect(try Self.waits(failing, chance: .always(0)) == Array(repeating: Timespan.zero, count: 4))
        let steps: [Timespan] = [.seconds(1), .seconds(2), .seconds(4), .seconds(8)]
        var sums = [0.0, 0, 0, 0]
        for seed in 1...300 as ClosedRange<UInt64> {
            let waits = try Self.waits(failing, chance: .seeded(Seeded(seed: seed)))
            for (index, wait) in waits.enumerated() {
                #expect(wait >= .zero && wait <= steps[index], "seed \(seed)")
                sums[index] += Double(wait.nanoseconds) / Double(steps[index].nanoseconds)
            }
        }
        for sum in sums { #expect(abs(sum / 300 - 0.5) < 0.07, "full jitter, not a part of it") }
    }

    @Test func backoffHasACap() throws {
        var source = try Make.source()
        source.retry.maxAttempts = 60
        source.retry.maxElapsed = .seconds(100_000)
        let world = try World.walk(
            Make.stream(.single, records: ""), source: source, Array(repeating: .status(500), count: 60))
        let waits = zip(world.sent, world.sent.dropFirst()).map { $1.at - $0.at }
        #expect(waits.count == 59)
        #expect(waits.allSatisfy { $0 <= .seconds(15) })
        #expect(waits.contains { $0 > .seconds(10) })
    }

    @Test func throttledWithoutAHintWaitsAtLeastHalfOfTheStepUpToAMinute() throws {
        var source = try Make.source()
        source.retry.maxAttempts = 12
        for chance in [TestServices.Chance.always(0), .seeded(Seeded(seed: 7))] {
            let world = try World.walk(
                Make.stream(.single, records: ""), source: source, chance: chance,
                Array(repeating: .status(429), count: 12))
            let waits = zip(world.sent, world.sent.dropFirst()).map { $1.at - $0.at }
            for (index, wait) in waits.enumerated() {
                let step = min(Int64(60_000), 1000 << Int64(index))
                #expect(wait >= .milliseconds(step / 2) && wait <= .milliseconds(step))
            }
        }
    }

    @Test func retryAfterIsObeyedNeverEarlierAndSpreadALittle() throws {
        for status in [429, 503] {
            for seconds in [1, 5, 30, 3600] as [Int64] {
                for seed in 1...20 as ClosedRange<UInt64> {
                    let reply = Reply.status(status, [("Retry-After", String(seconds))])
                    let wait = try #require(
                        try Self.waits([reply, .json("[]")], chance: .seeded(Seeded(seed: seed))).first)
                    let spread = min(1000, seconds * 100)
                    #expect(wait >= .seconds(seconds))
                    #expect(wait <= max(.seconds(1), .milliseconds(seconds * 1000 + spread)))
                }
            }
        }
    }

    @Test func retryAfterOfNothingStillBacksOff() throws {
        let reply = Reply.status(429, [("Retry-After", "0")])
        var waits: [Timespan] = []
        for seed in 1...20 as ClosedRange<UInt64> {
            waits += try Self.waits([reply, .json("[]")], chance: .seeded(Seeded(seed: seed)))
        }
        #expect(waits.contains { $0 > .milliseconds(500) })
    }

    @Test func retryAfterAboveTheCapFailsAtOnceWithTheTime() throws {
        for status in [429, 503] {
            let world = try World.walk(
                Make.stream(.single, records: ""), [.status(status, [("Retry-After", "7200")])])
            let failure = try #require(world.failure)
            #expect(world.sent.count == 1)
            #expect(failure.code == .rateLimited)
            #expect(failure.retryAfter == .seconds(7200))
            #expect(failure.message.contains("2 h"), "\(failure.message)")
        }
    }

    @Test func throttleWaitsHaveABudgetOfTheirOwn() throws {
        var source = try Make.source()
        source.retry.maxAttempts = 100
        source.retry.maxThrottleWait = .seconds(100)
        source.retry.maxElapsed = .seconds(5)
        let world = try World.walk(
            Make.stream(.single, records: ""), source: source, chance: .always(0),
            Array(repeating: .status(429, [("Retry-After", "30")]), count: 100))
        #expect(world.sent.count == 4)
        #expect(world.failure?.code == .rateLimited)
        #expect(world.failure?.retryAfter == .seconds(30))
    }

    @Test func attemptsAndBackoffsHaveAnEnd() throws {
        var source = try Make.source()
        source.retry.maxAttempts = 1000
        source.retry.maxElapsed = .seconds(60)
        var slow = Reply.failing(.firstByteTimeout)
        slow.latency = .seconds(20)
        let world = try World.walk(
            Make.stream(.single, records: ""), source: source, chance: .always(0), Array(repeating: slow, count: 9))
        #expect(world.sent.count == 4)
        #expect(world.failure?.code == .timeout)
        #expect(world.failure?.message.hasSuffix("(4 attempts)") == true)
    }

    /// A limit of one a minute makes every attempt wait in the line: that is not what the request takes.
    @Test func waitingForAPermitIsNotElapsedTime() throws {
        var source = try Make.source()
        source.limits.rules = [.window(requests: 1, per: .seconds(3600))]
        source.retry.maxElapsed = .seconds(60)
        let world = try World.walk(
            Make.stream(.single, records: ""), source: source,
            [.status(500), .status(500), .status(500), .json("[]")])
        #expect(world.succeeded, "\(world.failure?.message ?? "")")
        #expect(world.sent.count == 4)
    }

    @Test func oneRequestLeaksNothingIntoTheNext() throws {
        let page = { (n: Int) in Reply.json("{\"data\":[\(n)],\"next\":\"\(n)\"}") }
        var replies: [Reply] = []
        for n in 0..<6 { replies += [.status(500), .status(500), .status(500), .status(500), page(n)] }
        var stream = try Make.stream(Make.cursor())
        stream.paging.maxPages = 6
        let world = try World.walk(stream, replies)
        #expect(world.succeeded)
        #expect(world.pages.map(\.facts.attempts) == Array(repeating: 5, count: 6))
    }

    // MARK: bodies

    @Test func unreadableBodyIsAskedForTwiceMore() throws {
        let bad = Reply.json("{\"data\":[1,2")
        let saved = try World.walk(Make.stream(), [bad, bad, .json("{\"data\":[1,2,3]}")])
        #expect(saved.succeeded)
        #expect(saved.records.count == 3)
        #expect(saved.discards == 2)
        let lost = try World.walk(Make.stream(), [bad, bad, bad])
        #expect(lost.sent.count == 3)
        #expect(lost.failure?.code == .data)
        #expect(lost.failure?.attempts == 3)
        var post = try Make.stream()
        post.request.method = "POST"
        #expect(try World.walk(post, [bad]).sent.count == 1)
    }

    @Test func throttlingIsKnownByItsBodyEvenWithAGoodStatus() throws {
        let world = try World.walk(
            Make.stream(), [.json("{\"ok\":false,\"error\":\"ratelimited\"}"), .json("{\"data\":[1]}")])
        #expect(world.succeeded, "\(world.failure?.message ?? "")")
        #expect(world.records == ["1"])
    }

    @Test func whatTheTransportSentAgainCountsAsAttempts() throws {
        var reply = Reply.status(500)
        reply.hiddenResends = 2
        let world = try World.walk(Make.stream(), [reply, reply, reply])
        #expect(world.sent.count == 2)
        #expect(world.failure?.attempts == 6)
    }

    @Test func acceptedStatusesAreAnswers() throws {
        var stream = try Make.stream(.single, records: "")
        stream.request.acceptedStatuses = [404, 500]
        for status in [404, 500] {
            let world = try World.walk(stream, [.json("{\"gone\":true}", status: status)])
            #expect(world.succeeded)
            #expect(world.records == ["{\"gone\":true}"])
        }
    }
}
