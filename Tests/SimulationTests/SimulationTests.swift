import Engine
import EngineTestKit
import Foundation
import Testing

/// Random sources against random servers on the virtual clock: what arrives is what the server has, exactly, or the walk
/// ends with a failure that says where.
///
/// `PENSTOCK_SIMULATION_SEEDS` runs that many, `PENSTOCK_SEED` only that one.
@Suite struct SimulationTests {
    static var seeds: [UInt64] {
        let environment = ProcessInfo.processInfo.environment
        if let one = environment["PENSTOCK_SEED"].flatMap(UInt64.init) { return [one] }
        return Array(1...max(1, environment["PENSTOCK_SIMULATION_SEEDS"].flatMap(UInt64.init) ?? 150))
    }

    struct Outcome: Equatable {
        var story: [String]
        var seconds: Int64
        var walks: Int
        var failed: Int
    }

    /// One client, some walks, a shared limiter now and then.
    @discardableResult static func simulate(_ seed: UInt64, calm: Bool = false) throws -> Outcome {
        var chance = Seeded(seed: seed &* 0x9E37_79B9)
        let hint = "replay with PENSTOCK_SEED=\(seed)"
        let walks = 1 + chance.below(4)
        let servers = (0..<walks).map { SimulatedServer(seed: seed &+ UInt64($0) &* 1_000_003, calm: calm) }
        let world = World(services: TestServices(.seeded(Seeded(seed: seed)))) { request, _ in
            // Each walk has a server of its own, told by its path.
            let place = request.url.split(separator: "/").dropFirst(2).first?.prefix { $0.isNumber } ?? ""
            guard let index = Int(place), index < servers.count else { return .status(400) }
            return servers[index].answer(request)
        }
        world.mostRequests = 20_000
        if chance.once(in: 3) {
            var plan = LimitPlan()
            plan.rules = [.bucket(requests: 1 + chance.below(20), per: .seconds(1), burst: 1 + chance.below(20))]
            world.shared = Limiter(plan)
        }
        var source = try Make.source("https://api.test")
        source.limits.rules = chance.pick(
            [
                [], [.concurrent(1)], [.concurrent(3), .window(requests: 5, per: .seconds(1))],
                [.window(requests: 60, per: .seconds(60))],
            ],
            else: [])
        source.retry.maxAttempts = chance.pick([1, 3, 5, 10], else: 5)
        world.add(source)
        let idempotent = !chance.once(in: 3)
        for (index, server) in servers.enumerated() {
            var stream = try server.stream(idempotent: idempotent)
            stream.name = "s\(index)"
            stream.request.path = "/\(index)"
            stream.readAheadPages = 1 + chance.below(4)
            world.open(stream, walk: UInt64(index))
        }
        let start = world.now
        world.run(for: .seconds(30 * 24 * 3600))

        #expect(world.violations.isEmpty, "\(world.violations); \(hint)")
        #expect(world.endings.count == servers.count, "a walk does not end; \(hint)")
        for (index, server) in servers.enumerated() {
            let got = world.pages.filter { $0.walk == UInt64(index) }.flatMap(\.records)
            let ending = world.endings.first { $0.walk == UInt64(index) }
            if let failure = ending?.failure {
                #expect(!calm, "\(failure.message); \(hint)")
                #expect(failure.stream == "s\(index)" && failure.page != nil, "\(failure); \(hint)")
                #expect(failure.message.contains("stream \"s\(index)\", page "), "\(hint)")
                #expect(server.records.starts(with: got), "what came before the failure is not right; \(hint)")
            } else {
                #expect(got == server.records, "\(server.style), \(got.count) of \(server.total) records; \(hint)")
            }
            if server.method == "POST", !idempotent {
                #expect(server.carriedOut.values.allSatisfy { $0 == 1 }, "a request was carried out twice; \(hint)")
            }
            // Every page, the one behind the last, and every attempt of each.
            let pages = server.total / max(1, min(server.largestPage, server.asked ?? 20)) + 3
            #expect(
                Int64(server.requests) <= Int64(pages) * (source.retry.maxAttempts + 6),
                "\(server.requests) requests; \(hint)")
        }
        return Outcome(
            story: world.story, seconds: (world.now - start).nanoseconds / 1_000_000_000, walks: servers.count,
            failed: world.endings.filter { $0.failure != nil }.count)
    }

    @Test func everyRecordOnceOrAFailureThatSaysWhere() throws {
        var walks = 0
        var failed = 0
        for seed in Self.seeds {
            let outcome = try Self.simulate(seed)
            walks += outcome.walks
            failed += outcome.failed
        }
        guard Self.seeds.count >= 100 else { return }
        // Both happen, or it proves little.
        #expect(failed * 20 > walks && failed * 2 < walks, "\(failed) of \(walks) failed")
    }

    @Test func calmServersGiveEverything() throws {
        for seed in Self.seeds.prefix(75) { try Self.simulate(seed, calm: true) }
    }

    @Test func aSeedReplaysToTheLetter() throws {
        for seed in Self.seeds.prefix(20) {
            let first = try Self.simulate(seed)
            let second = try Self.simulate(seed)
            #expect(first == second, "seed \(seed)")
        }
    }
}
