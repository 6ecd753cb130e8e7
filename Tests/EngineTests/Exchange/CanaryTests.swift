import Engine
import EngineTestKit
import Testing

/// Credentials never leave their origin and never stand in a text that people see, wherever servers send us and
/// whatever they repeat.
@Suite struct CanaryTests {
    static let canaries = [
        "canary+auth/0==", "canary key&1", "canary-header-2", "canary%query-3", "canary-stream-header-4",
        "canary-stream-query-5", "canary-form-6",
    ]

    static func source() throws -> Source {
        var source = try Make.source()
        source.auth = .fixed([
            .init(slot: .header("Authorization"), prefix: "Bearer ", secret: Secret(canaries[0])),
            .init(slot: .query("api_key"), secret: Secret(canaries[1])),
        ])
        source.headers = [
            .init(name: "X-Shared", value: .secret(Secret(canaries[2]))),
            .init(name: "X-Plain", value: .plain("plain")),
        ]
        source.query = [.init(name: "tenant", value: .secret(Secret(canaries[3])))]
        source.otherOrigins = try ["https://other.test", "https://api.test:8443"].map { try WebURL($0).origin }
        return source
    }

    static func stream(_ style: PagingPlan.Style, form: Bool, in source: inout Source) throws -> Stream {
        var stream = try Make.stream(style)
        stream.request.headers = [
            .init(name: "Accept", value: .secret(Secret(canaries[4]))), .init(name: "X-Mine", value: .plain("mine")),
        ]
        stream.request.query = [.init(name: "signature", value: .secret(Secret(canaries[5])))]
        if form {
            stream.request.method = "POST"
            stream.request.idempotent = true
            stream.request.body = .form([.init(name: "password", value: .secret(Secret(canaries[6])))])
        }
        source.streams = [stream]
        return stream
    }

    /// Also as it stands in a query or form, or half of it.
    static func holdsCanary(_ text: String) -> Bool { text.lowercased().contains("canary") }

    static func everythingSaid(_ world: World) -> [String] {
        var said: [String] = []
        for failure in world.endings.compactMap(\.failure) {
            said += [failure.message, failure.url ?? "", failure.body ?? "", failure.requestID ?? "", "\(failure)"]
        }
        for page in world.pages {
            let facts = page.facts
            said += facts.detected + facts.warnings + [facts.nextToken ?? "", facts.url.text, facts.metadata]
        }
        return said
    }

    /// A server that repeats what it was sent: query, headers, body.
    static func echo(_ request: TransferRequest, _ chance: inout Seeded) -> Reply {
        let origins = [
            "", "", "https://api.test", "https://other.test", "https://api.test:8443", "http://api.test",
            "https://evil.test", "http://other.test",
        ]
        let query = request.url.split(separator: "?", maxSplits: 1).dropFirst().first.map(String.init) ?? ""
        let target = "\(chance.pick(origins, else: ""))/p\(chance.below(1_000_000))?\(query)&n=\(chance.below(9))"
        let said =
            request.headers.map(\.value).joined(separator: " ") + " " + request.url + " "
            + String(decoding: request.body ?? [], as: UTF8.self)
        switch chance.below(10) {
        case 0...2: return .status(chance.pick([301, 302, 303, 307, 308], else: 302), [("Location", target)])
        case 3:
            return .status(
                chance.pick([400, 401, 403, 422, 500], else: 400), [("X-Request-Id", said)],
                body: String(repeating: "x", count: chance.below(320)) + said)
        case 4: return .failing(chance.pick([.connect, .truncated, .certificate], else: .connect))
        default:
            let number = chance.below(1_000_000)
            let next = chance.once(in: 8) ? "null" : "\"\(target)\""
            return .json("{\"data\":[\(number)],\"next\":\(next)}")
        }
    }

    @Test func noCanaryLeavesItsOriginOrIsSaid() throws {
        for seed in 1...400 as ClosedRange<UInt64> {
            var chance = Seeded(seed: seed)
            var source = try Self.source()
            source.maxRedirects = 8
            let style = chance.once(in: 4) ? PagingPlan.Style.detect : try Make.nextURL()
            let form = chance.once(in: 3)
            var stream = try Self.stream(style, form: form, in: &source)
            stream.paging.maxPages = 15
            let world = World(services: TestServices(.seeded(Seeded(seed: seed)))) { request, _ in
                Self.echo(request, &chance)
            }
            world.add(source)
            world.open(stream, isCall: chance.once(in: 5))
            world.run()
            #expect(world.ended && world.violations.isEmpty, "seed \(seed): \(world.violations)")
            for sent in world.sent {
                let request = sent.request
                guard try WebURL(request.url).origin != source.baseURL.origin else { continue }
                let text = request.url + request.headers.map { "\($0.name): \($0.value)" }.joined(separator: "\n")
                #expect(!Self.holdsCanary(text), "seed \(seed): \(text)")
                #expect(!request.headers.contains { $0.name.hasPrefix("X-") }, "seed \(seed)")
                #expect(request.body == nil, "seed \(seed)")
                #expect(request.url.hasPrefix("https://"), "seed \(seed)")
            }
            for text in Self.everythingSaid(world) { #expect(!Self.holdsCanary(text), "seed \(seed): \(text)") }
        }
    }

    @Test func secretIsNotCutInHalfAtTheEndOfAnErrorBody() throws {
        let source = try Self.source()
        for length in 250...320 {
            let body = String(repeating: "x", count: length) + Self.canaries[0] + " " + Self.canaries[2]
            let world = try World.walk(Make.stream(), source: source, [.status(400, body: body)])
            let shown = try #require(world.failure?.body)
            #expect(!Self.holdsCanary(shown), "\(length): \(shown)")
        }
    }

    @Test func aSecretOfACallIsHiddenThoughTheSourceDoesNotKnowIt() throws {
        var call = try Make.stream()
        call.request.headers = [.init(name: "X-Once", value: .secret(Secret("canary-once")))]
        let world = try World.walk(call, isCall: true, [.status(400, body: "you sent canary-once")])
        #expect(world.failure?.body == "you sent (secret)")
    }

    @Test func secretsDoNotShowWhenPrinted() throws {
        var source = try Self.source()
        let stream = try Self.stream(.single, form: true, in: &source)
        var dumped = ""
        dump(source, to: &dumped)
        dump(Client(source: source), to: &dumped)
        for text in ["\(source)", "\(stream)", String(reflecting: source), dumped] {
            #expect(!Self.holdsCanary(text))
        }
    }
}
