import EngineTestKit
import Testing

@testable import Engine

/// Several runs with kills between, records with equal times, late arrivals within the look-back: what all runs hand over
/// together are all records, each once.
@Suite struct IncrementalPropertyTests {
    private static let ways = [
        "\"from\": \"since\"", "\"from\": {\"param\": \"since\", \"inclusive\": false}",
        "\"from\": \"since\", \"to\": \"until\", \"step\": \"1h\"",
        "\"from\": \"since\", \"to\": {\"param\": \"until\", \"inclusive\": true}, \"step\": \"2h\"",
        "\"from\": \"since\", \"to\": \"until\", \"step\": \"1d\", \"at_once\": 3",
        "\"from\": \"since\", \"to\": \"until\", \"end\": \"now - 10m\"",
        "\"from\": \"since\", \"sorted\": true",
        "\"from\": \"since\", \"to\": \"until\", \"step\": \"3h\", \"sorted\": true",
        "\"mode\": \"client\"", "\"mode\": \"newest_first\"",
    ]

    @Test(arguments: 0..<6) func allOfThemOnce(seed: UInt64) throws {
        for (number, way) in Self.ways.enumerated() {
            var chance = Seeded(seed: seed &* 31 &+ UInt64(number))
            let server = FeedServer()
            server.suit(way, &chance)
            let paging = chance.once(in: 2) ? FeedServer.offset : FeedServer.cursor
            let document = FeedServer.document(
                "\"field\": \"at\", \"start\": \"2024-01-01\", \"lookback\": \"30m\", \(way)", paging: paging)
            var now = FeedServer.base + chance.below(7200 as Int64)
            var made = 0
            func happen(until time: Int64, from: Int64) {
                for _ in 0..<chance.below(25) {
                    // Few different times, so that many are equal.
                    var at = from + chance.below(max(1, time - from)) / 300 * 300
                    if chance.once(in: 4) { at -= chance.below(1500 as Int64) }
                    server.rows.append(
                        .init(
                            id: made, time: max(FeedServer.base, min(at, time)),
                            milliseconds: chance.below(3 as Int64) * 250))
                    made += 1
                }
            }
            happen(until: now, from: FeedServer.base)
            var checkpoint: String?
            var seen: [String] = []
            for _ in 0..<6 {
                // Late by the look-back less what was asked for before "end".
                let reach = way.contains("now - 10m") ? now - 600 : now
                let killed = chance.once(in: 2) ? 1 + chance.below(6) : nil
                let run = try server.run(document, now: now, from: checkpoint, killedBehind: killed)
                #expect(run.failure == nil, "seed \(seed) \(way): \(String(describing: run.failure))")
                seen += run.records
                checkpoint = run.checkpoint
                if let killed, killed <= run.pages { continue }
                let then = now
                now += chance.below(20_000 as Int64) + 1
                happen(until: now, from: min(then, reach))
            }
            // To the end of what was under way, and one more run.
            now += 100_000
            for _ in 0..<3 {
                let run = try server.run(document, now: now, from: checkpoint)
                #expect(run.failure == nil, "seed \(seed) \(way): \(String(describing: run.failure))")
                seen += run.records
                checkpoint = run.checkpoint
                now += 1000
            }
            let all = Set(server.rows.map(\.json))
            #expect(Set(seen).count == seen.count, "seed \(seed) \(way): \(seen.count - Set(seen).count) twice")
            #expect(Set(seen) == all, "seed \(seed) \(way): missing \(all.subtracting(seen).prefix(3))")
        }
    }
}
