import Engine
import EngineTestKit
import Foundation
import Testing

/// Pages under way at once, against the same walk page by page.
@Suite struct ParallelTests {
    static let seeds: UInt64 =
        ProcessInfo.processInfo.environment["PENSTOCK_SIMULATION_SEEDS"].flatMap(UInt64.init) ?? 400

    static func walk(_ server: CountedServer, _ stream: Engine.Stream, limit: LimitPlan.Rule? = nil) throws -> World {
        var asked: [String: Int] = [:]
        let world = World(services: TestServices(.seeded(Seeded(seed: 1)))) { request, _ in
            let target = (try? WebURL(request.url).requestTarget) ?? request.url
            defer { asked[target, default: 0] += 1 }
            return server.answer(target, attempt: asked[target] ?? 0)
        }
        var source = try Make.source()
        if let limit { source.limits.rules = [limit] }
        world.add(source)
        world.mostRequests = 2000
        world.open(stream)
        world.run()
        return world
    }

    @Test func aWalkGivesTheSameHoweverManyPagesAreUnderWay() throws {
        for seed in 0..<Self.seeds {
            let server = CountedServer(seed: seed)
            let alone = try Self.walk(server, server.stream(parallel: 1))
            for degree: Int64 in [2, 3, 8] {
                let readAhead: Int64? = seed % 3 == 0 ? Int64(seed % 7) : nil
                let limit: LimitPlan.Rule? = seed % 4 == 0 ? .concurrent(2) : nil
                let world = try Self.walk(server, server.stream(parallel: degree, readAhead: readAhead), limit: limit)
                let what: Comment = "seed \(seed), parallel \(degree): \(server)"
                #expect(world.violations.isEmpty, what)
                #expect(world.heldBodies == 0, what)
                #expect(world.records == alone.records, what)
                #expect(world.pages.map(\.facts.index) == alone.pages.map(\.facts.index), what)
                #expect(world.pages.map(\.facts.nextToken) == alone.pages.map(\.facts.nextToken), what)
                #expect(world.endings.map(\.failure?.message) == alone.endings.map(\.failure?.message), what)
                try checkRequests(world, alone, degree: degree, server, what)
            }
        }
    }

    /// Nothing twice but for retries, and beyond what a walk page by page asks for no more than what was under way.
    private func checkRequests(
        _ world: World, _ alone: World, degree: Int64, _ server: CountedServer, _ what: Comment
    ) throws {
        let once = Dictionary(grouping: alone.targets, by: { $0 }).mapValues(\.count)
        var strangers: Set<String> = []
        for (target, asked) in Dictionary(grouping: world.targets, by: { $0 }) {
            // A broken page that nobody needs may be given up before its attempts are used up.
            if let alone = once[target] { #expect(asked.count <= alone, what) } else { strangers.insert(target) }
        }
        #expect(once.keys.allSatisfy { world.targets.contains($0) }, what)
        // A wrong guess costs what is under way, and then there is less of that.
        guard server.hidden.isEmpty, server.short == nil, server.broken == nil, server.word != .totalShrinks else {
            return
        }
        #expect(strangers.count < Int(degree), what)
        let isTold = [.total, .lastPage, .totalPages].contains(server.word) && alone.failure == nil
        if isTold, !(server.isOffset && server.word != .total) { #expect(strangers.isEmpty, what) }
    }
}
