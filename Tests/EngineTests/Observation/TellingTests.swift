import EngineTestKit
import Testing

@testable import Engine

/// What is told to people and programs: well-formed, and without secrets.
@Suite struct TellingTests {
    static func everything(_ world: World) -> [String] {
        let snapshot = world.snapshot()
        return world.told + [Trace.text(snapshot, withCurl: true)]
            + Metrics.Format.allCases.map { Metrics.text($0, [snapshot]) }
    }

    @Test(arguments: 0..<60) func nothingToldHoldsASecret(seed: UInt64) throws {
        var chance = Seeded(seed: seed)
        var source = try CanaryTests.source()
        let style: PagingPlan.Style = chance.below(2) == 0 ? try Make.nextURL() : try Make.cursor()
        let stream = try CanaryTests.stream(style, form: chance.below(2) == 0, in: &source)
        let world = World(services: TestServices(.seeded(Seeded(seed: seed)))) { request, _ in
            CanaryTests.echo(request, &chance)
        }
        world.keepsTold = true
        world.mostRequests = 200
        world.add(source)
        world.open(stream)
        world.run()
        for text in Self.everything(world) {
            let found = CanaryTests.holdsCanary(text)
            #expect(!found, "\(text.prefix(3000))")
        }
    }

    @Test func everyTextIsJSON() throws {
        let world = World(
            server: AccountingTests.pages(3, latency: .milliseconds(10)) {
                $0 == 2 ? .status(500, [("X-Request-Id", "a\u{1b}[31m\"b")], body: "\u{1b}]0;owned\u{7} no") : nil
            })
        world.keepsTold = true
        world.add(try Make.source())
        world.open(try Make.stream(Make.cursor()))
        world.run()
        for text in world.told where text.hasPrefix("{") {
            _ = try json(text)
        }
        let trace = try #require(try json(Trace.text(world.snapshot(), withCurl: true)).array)
        #expect(trace.count > 5)
        let metrics = try json(Metrics.text(.json, [world.snapshot()]))
        #expect(metrics.members?.contains { $0.name == "streams" } ?? false)
        for text in Self.everything(world) { #expect(!text.utf8.contains(0x1B) && !text.utf8.contains(0x07)) }
    }

    @Test func theRingForgetsTheOldest() throws {
        var recorder = Recorder(trace: 4)
        for number in 1...10 {
            recorder.take(Event(at: Instant(nanoseconds: Int64(number)), stream: nil, .token(nil)), names: [])
        }
        #expect(recorder.entries.map(\.event.at.nanoseconds) == [7, 8, 9, 10])
    }

    @Test func curlHasVariablesForWhatIsSecret() throws {
        var source = try CanaryTests.source()
        let stream = try CanaryTests.stream(.single, form: true, in: &source)
        let world = try World.walk(stream, source: source, [.json("[{\"it's\": 1}]")])
        let trace = try json(Trace.text(world.snapshot(), withCurl: true)).array ?? []
        let line = trace.compactMap { $0.member("curl")?.string }.first ?? ""
        #expect(line.hasPrefix("curl -X 'POST' 'https://api.test/v1"), "\(line)")
        #expect(line.utf8.count { $0 == UInt8(ascii: "$") } >= 4, "\(line)")
        #expect(line.contains("-H 'Authorization: Bearer '\"$SECRET_1\"''"), "\(line)")
    }
}

extension JSONValue {
    fileprivate func member(_ name: String) -> JSONValue? { members?.first { $0.name == name }?.value }
}
