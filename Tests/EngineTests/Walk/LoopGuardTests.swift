import EngineTestKit
import Testing

@testable import Engine

@Suite struct LoopGuardTests {
    static func cursor(_ first: Int, _ next: String) -> Reply { .json("{\"data\":[\(first)],\"next\":\"\(next)\"}") }

    @Test func circlesOfCursorsEndWithAnError() throws {
        for circle in [["A"], ["A", "B"], ["A", "B", "C", "D", "E"]] {
            let replies = (0..<40).map { Self.cursor($0, circle[$0 % circle.count]) }
            let world = try World.walk(Make.stream(Make.cursor()), replies)
            #expect(world.failure?.code == .data)
            #expect(world.failure?.message.contains("the cursor \"A\" came before in this walk") == true)
            #expect(world.sent.count == circle.count + 1)
            #expect(world.failure?.page == UInt64(circle.count))
        }
    }

    @Test func circlesOfURLsEndWithAnError() throws {
        let itself = try World.walk(Make.stream(Make.nextURL()), [Self.cursor(0, "/v1/things")])
        #expect(itself.sent.count == 1)
        #expect(itself.failure?.message.contains("came before in this walk") == true)
        // The same page in other spellings.
        let spelled = try World.walk(
            Make.stream(Make.nextURL()),
            [Self.cursor(0, "?p=%7E2"), Self.cursor(1, "https://API.test:443/v1/./things?p=~2")])
        #expect(spelled.sent.count == 2)
        #expect(spelled.failure?.code == .data)
    }

    @Test func linkToItselfThatRepeatsTheKeyIsCaughtAtOnce() throws {
        var source = try Make.source()
        source.auth = .fixed([.init(slot: .query("api_key"), secret: Secret("k3y"))])
        let world = try World.walk(
            Make.stream(Make.nextURL()), source: source, [Self.cursor(0, "/v1/things?api_key=k3y")])
        #expect(world.sent.count == 1)
        #expect(world.failure?.message.contains("k3y") == false)
    }

    @Test func clampedPageNumbersEndWithAnError() throws {
        let page = "{\"data\":[1,2,3]}"
        let world = try World.walk(
            Make.stream(Make.page()), [.json(page), .json("{\"data\":[4,5,6]}"), .json("{\"data\":[4,5,6]}")])
        #expect(world.failure?.code == .data)
        #expect(world.failure?.page == 2)
        #expect(world.records.count == 6)
        #expect(world.failure?.message.contains("loop_guard") == true)
    }

    @Test func pagesMayRepeatWhenOnlyTokensAreGuarded() throws {
        var stream = try Make.stream(Make.page())
        stream.paging.loopGuard = .tokens
        stream.paging.maxPages = 5
        let world = try World.walk(stream, Array(repeating: .json("{\"data\":[1]}"), count: 5))
        #expect(world.succeeded)
        #expect(world.records.count == 5)
        var cursor = try Make.stream(Make.cursor())
        cursor.paging.loopGuard = .tokens
        let round = try World.walk(cursor, [Self.cursor(1, "A"), Self.cursor(1, "B"), Self.cursor(1, "A")])
        #expect(round.failure?.code == .data)
        #expect(round.sent.count == 3)
    }

    /// The one record of a page may read like a cursor: they are different things.
    @Test func recordsAndCursorsAreNotMixedUp() throws {
        let world = try World.walk(
            Make.stream(Make.cursor()),
            [
                .json("{\"data\":[41],\"next\":42}"), .json("{\"data\":[42],\"next\":43}"),
                .json("{\"data\":[43],\"next\":41}"), .json("{\"data\":[44]}"),
            ])
        #expect(world.succeeded, "\(world.failure?.message ?? "")")
        #expect(world.records == ["41", "42", "43", "44"])
    }

    @Test func oneWalkKnowsNothingOfAnother() throws {
        var index = 0
        let world = World { _, _ in
            defer { index += 1 }
            return index % 2 == 0 ? Self.cursor(1, "A") : .json("{\"data\":[2]}")
        }
        world.add(try Make.source())
        for walk in 1...3 as ClosedRange<UInt64> {
            world.open(try Make.stream(Make.cursor()), walk: walk)
            world.run()
        }
        #expect(world.succeeded)
        #expect(world.endings.count == 3)
    }

    @Test func circlesBeyondItsMemoryAreFoundWithinThreeRounds() {
        for memory in [0, 1, 4, 16] {
            for tail in [0, 3, 40] {
                for length in [1, 2, 7, 100] {
                    var loopGuard = LoopGuard(most: memory)
                    var steps = 0
                    while steps < 10_000 {
                        let place = steps < tail ? steps : tail + (steps - tail) % length
                        if loopGuard.hasSeen(Fingerprint(low: UInt64(place), high: 7)) { break }
                        steps += 1
                    }
                    #expect(
                        steps <= memory + 3 * (tail + length) + 4,
                        "memory \(memory), tail \(tail), length \(length): \(steps)")
                }
            }
        }
    }

    @Test func neverSaysSeenOfWhatIsNew() {
        var loopGuard = LoopGuard(most: 8)
        for place in 0..<100_000 as Range<UInt64> {
            if loopGuard.hasSeen(Fingerprint(low: place, high: place)) { Issue.record("\(place) was not seen before") }
        }
    }
}
