import Engine
import EngineTestKit
import Testing

/// Walks against servers whose limits nobody wrote down, and whose headers tell of them, or lie.
@Suite struct FeedbackTests {
    struct Run {
        let server: QuotaServer
        let world: World
        var took: Timespan { server.lastAt - Instant(nanoseconds: 1_000_000_000) }
    }

    static func run(
        _ kind: QuotaServer.Kind, _ word: QuotaServer.Word, limit: Int = 30, window: Timespan = .seconds(60),
        pages: Int = 150, walks: Int = 1, parallel: Int64 = 1, slowest: Timespan = .milliseconds(80), seed: UInt64 = 1,
        _ change: (inout Source) -> Void = { _ in }
    ) throws -> Run {
        let server = QuotaServer(
            kind: kind, word: word, limit: limit, window: window, pages: pages, slowest: slowest, seed: seed)
        let world = World(services: TestServices(.seeded(Seeded(seed: seed)))) { server.answer($0, $1) }
        var source = try Make.source()
        source.retry.maxAttempts = 30
        source.retry.maxElapsed = .seconds(86_400)
        source.retry.maxThrottleWait = .seconds(86_400)
        change(&source)
        world.add(source)
        for walk in 0..<walks {
            var stream = try Make.stream(Make.page())
            stream.name = "s\(walk)"
            stream.paging.hasMore = try Make.body("more")
            stream.paging.totalPages = try Make.body("pages")
            stream.parallel = parallel
            world.open(stream, walk: UInt64(walk + 1))
            // The others begin when the first knows something: what nobody has said yet nobody can keep.
            if walk == 0 { world.run(for: .milliseconds(200)) }
        }
        world.run(for: .seconds(7 * 86_400))
        let what: Comment = "\(kind) \(word), \(walks) walks, parallel \(parallel), seed \(seed)"
        #expect(world.violations.isEmpty, what)
        let failed = world.endings.compactMap(\.failure?.message).first
        #expect(failed == nil, what)
        #expect(world.endings.count == walks && world.endings.allSatisfy { $0.failure == nil }, what)
        #expect(world.records.count == pages * walks, what)
        return Run(server: server, world: world)
    }

    /// What the server tells beforehand is kept without a single refusal, at nearly the server's own pace.
    @Test func aToldLimitIsNeverHit() throws {
        for word in QuotaServer.Word.allCases where word.isTrue {
            for kind in [QuotaServer.Kind.fixed, .sliding, .bucket] {
                for (walks, parallel) in [(1, 1), (3, 1), (1, 8)] as [(Int, Int64)] {
                    for seed in 1...3 as ClosedRange<UInt64> {
                        let run = try Self.run(kind, word, walks: walks, parallel: parallel, seed: seed)
                        let what: Comment = "\(kind) \(word), \(walks) walks, parallel \(parallel), seed \(seed)"
                        #expect(run.server.refusals == 0, what)
                        // In so many windows it could have been done; the last one isn't waited for.
                        let windows = (run.server.admitted - 1) / run.server.limit
                        let slack: Int64 = kind == .fixed ? 15 : 30
                        let ideal = Int64(windows) * 60
                        #expect(
                            run.took <= .seconds(ideal * (100 + slack) / 100 + 60),
                            "\(what): \(run.took.milliseconds) ms")
                    }
                }
            }
        }
    }

    @Test func plentyIsNotSlowed() throws {
        let run = try Self.run(.fixed, .epoch, limit: 5000, window: .seconds(3600), pages: 50, slowest: .zero)
        #expect(run.took < .seconds(1))
    }

    /// A server that only refuses, or lies, is refused by now and then; never in a storm, and all of it arrives.
    @Test func whatIsNotToldCostsFewRefusals() throws {
        for word in QuotaServer.Word.allCases where !word.isTrue {
            for kind in QuotaServer.Kind.allCases {
                for (walks, parallel) in [(1, 1), (3, 4)] as [(Int, Int64)] {
                    let run = try Self.run(kind, word, walks: walks, parallel: parallel, seed: 5)
                    let what: Comment = "\(kind) \(word), \(walks) walks, parallel \(parallel)"
                    #expect(run.server.refusals <= run.server.admitted / 2, "\(what): \(run.server.refusals)")
                    // No second with more refusals than were under way.
                    let most =
                        Dictionary(grouping: run.world.sent) { $0.at.nanoseconds / 1_000_000_000 }
                        .values.map(\.count).max() ?? 0
                    if kind == .concurrent { continue }
                    #expect(most <= run.server.limit * 3 + Int(parallel) * walks, "\(what): \(most) in a second")
                }
            }
        }
    }

    @Test func concurrencyThatNobodyPublishesIsFound() throws {
        let fixed = try Self.run(.concurrent, .silent, limit: 4, pages: 400, parallel: 16, seed: 2)
        let found = try Self.run(.concurrent, .silent, limit: 4, pages: 400, parallel: 16, seed: 2) {
            $0.limits.mostAdaptive = 16
        }
        #expect(found.server.refusals * 2 < fixed.server.refusals || found.server.refusals < 40)
    }

    @Test func aReserveIsLeft() throws {
        let run = try Self.run(.fixed, .epoch, pages: 100) { $0.serverLimits.reservePercent = 50 }
        #expect(run.server.refusals == 0)
        let most = Dictionary(grouping: run.world.sent) { $0.at.nanoseconds / 60_000_000_000 }.values.map(\.count).max()
        #expect((most ?? 0) <= 16)
    }
}
