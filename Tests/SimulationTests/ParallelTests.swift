import Engine
import EngineTestKit
import Foundation
import Testing

/// Pages under way at once, against the same walk page by page.
@Suite struct ParallelTests {
    static let seeds: UInt64 =
        ProcessInfo.processInfo.environment["PENSTOCK_SIMULATION_SEEDS"].flatMap(UInt64.init) ?? 400

    static func walk(
        _ stream: Engine.Stream, limit: LimitPlan.Rule? = nil,
        _ answer: @escaping (_ target: String, _ attempt: Int) -> Reply
    ) throws -> World {
        var asked: [String: Int] = [:]
        let world = World(services: TestServices(.seeded(Seeded(seed: 1)))) { request, _ in
            let target = (try? WebURL(request.url).requestTarget) ?? request.url
            defer { asked[target, default: 0] += 1 }
            return answer(target, asked[target] ?? 0)
        }
        var source = try Make.source()
        if let limit { source.limits.rules = [limit] }
        world.add(source)
        world.mostRequests = 2000
        world.open(stream)
        world.run()
        return world
    }

    /// So many failures at once that the breaker stays open for longer than a walk waits: it ends where it stands.
    private func isGivenUp(_ world: World, _ alone: World, _ what: Comment) -> Bool {
        guard world.failure?.code == .circuitOpen || alone.failure?.code == .circuitOpen else { return false }
        #expect(alone.records.starts(with: world.records) || world.records.starts(with: alone.records), what)
        return true
    }

    @Test func aWalkGivesTheSameHoweverManyPagesAreUnderWay() throws {
        for seed in 0..<Self.seeds {
            let server = CountedServer(seed: seed)
            let alone = try Self.walk(server.stream(parallel: 1), server.answer)
            for degree: Int64 in [2, 3, 8] {
                let readAhead: Int64? = seed % 3 == 0 ? Int64(seed % 7) : nil
                let limit: LimitPlan.Rule? = seed % 4 == 0 ? .concurrent(2) : nil
                let world = try Self.walk(
                    server.stream(parallel: degree, readAhead: readAhead), limit: limit, server.answer)
                let what: Comment = "seed \(seed), parallel \(degree): \(server)"
                #expect(world.violations.isEmpty, what)
                #expect(world.heldBodies == 0, what)
                if isGivenUp(world, alone, what) { continue }
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

    /// As they come: the same pages, or a failure that names page and stream; never a page less and no failure.
    @Test func inAnyOrderNothingIsLostOrTold() throws {
        for seed in 0..<Self.seeds {
            let server = CountedServer(seed: seed)
            let alone = try Self.walk(server.stream(parallel: 1), server.answer)
            let world = try Self.walk(server.stream(parallel: 5, order: .any), server.answer)
            let what: Comment = "seed \(seed): \(server)"
            #expect(world.violations.isEmpty && world.heldBodies == 0 && world.endings.count == 1, what)
            if let failure = world.failure {
                let isHole = failure.message.contains("\"order\": \"pages\"")
                let isGivenUp = failure.code == .circuitOpen
                #expect(alone.failure != nil || isHole || isGivenUp || isSpill(alone), what)
                #expect(failure.stream == "things" && failure.page != nil, what)
            } else {
                #expect(alone.failure == nil, what)
                let got = world.records.sorted()
                // What stands behind an empty page, or behind a total that shrank, is more than a walk page by page sees.
                if server.hidden.isEmpty, server.short == nil, server.word != .totalShrinks {
                    #expect(got == alone.records.sorted(), what)
                } else {
                    #expect(Set(alone.records).isSubset(of: got), what)
                }
            }
        }
    }

    /// The walk page by page repeats or misses something itself.
    private func isSpill(_ alone: World) -> Bool { Set(alone.records).count != alone.records.count }

    @Test func aWalkThatLooksAheadGivesTheSame() throws {
        for seed in 0..<Self.seeds {
            let server = LinkedServer(seed: seed)
            let alone = try Self.walk(server.stream(readAhead: 1), server.answer)
            for readAhead: Int64 in [2, 4, 16] {
                let world = try Self.walk(
                    server.stream(readAhead: readAhead), limit: seed % 4 == 0 ? .concurrent(2) : nil, server.answer)
                let what: Comment = "seed \(seed), read ahead \(readAhead): \(server)"
                #expect(world.violations.isEmpty && world.heldBodies == 0, what)
                if isGivenUp(world, alone, what) { continue }
                #expect(world.records == alone.records, what)
                #expect(world.pages.map(\.facts.index) == alone.pages.map(\.facts.index), what)
                #expect(world.endings.map(\.failure?.message) == alone.endings.map(\.failure?.message), what)
                let once = Dictionary(grouping: alone.targets, by: { $0 }).mapValues(\.count)
                for (target, asked) in Dictionary(grouping: world.targets, by: { $0 }) {
                    if let alone = once[target] { #expect(asked.count <= alone, what) }
                }
            }
        }
    }
}
