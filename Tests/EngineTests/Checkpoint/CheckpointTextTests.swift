import EngineTestKit
import Testing

@testable import Engine

/// The text of a checkpoint: the same in every version of the library, and refused with a reason when it doesn't fit.
@Suite struct CheckpointTextTests {
    private static let document =
        "\"records\": \"data\", \"key\": \"id\", \"pagination\": {\"type\": \"cursor\", \"param\": \"cursor\", \"from\": \"next_cursor\"}"
    private static let rows = CheckpointTests.Rows()

    private func text(_ document: String = document, page: Int = 1) throws -> String {
        let world = try CheckpointTests.world(document, Self.rows)
        return CheckpointTests.texts(world)[page]
    }

    private func refusal(_ text: String, _ document: String = document) throws -> String {
        let failure = try #require(
            try failure { try CheckpointTests.world(document, Self.rows, options: CheckpointTests.option(text)) })
        #expect(failure.code == .config && failure.pointer == "/checkpoint")
        #expect(!failure.message.contains("\n"))
        return failure.message
    }

    @Test(arguments: GoldenCheckpoints.ofStyles.indices) func textsOfEarlierVersionsAreRead(_ index: Int) throws {
        let golden = GoldenCheckpoints.ofStyles[index]
        let (document, rows) = CheckpointTests.styles[golden.style]
        let whole = try CheckpointTests.world(document, rows)
        let rest = try CheckpointTests.world(document, rows, options: CheckpointTests.option(golden.text))
        #expect(rest.succeeded && rest.records == Array(whole.records.dropFirst(10)))
        #expect(
            CheckpointTests.texts(whole).contains(golden.text), "what is written has changed: the version must, too")
    }

    @Test(arguments: GoldenCheckpoints.ofParents.indices) func textsWithParentsAreRead(_ index: Int) throws {
        let golden = GoldenCheckpoints.ofParents[index]
        let source = try OverServer.source(
            OverServer.users, OverServer.posts(", \"order\": \"any\""), OverServer.comments())
        func walk(_ option: String) throws -> World {
            let world = OverServer().world()
            world.add(source)
            let options = try json("{\"stream\": \"\(golden.stream)\"\(option)}")
            world.open(try Stream.parse(options: options, source: source, references: FakeReferences()))
            world.run()
            return world
        }
        let whole = try walk("")
        let rest = try walk(CheckpointTests.option(golden.text))
        #expect(rest.succeeded)
        let handed = golden.stream == "posts" ? 6 : 8
        #expect(rest.records.count == whole.records.count - handed)
        #expect(Set(rest.records).count == rest.records.count)
    }

    @Test func whatMattersNot() throws {
        let text = try text()
        for other in [
            "\"parallel\": 1, \"read_ahead\": 0, \"headers\": {\"X-A\": \"b\"}, \(Self.document)",
            "\"max_pages\": 1000, \"description\": \"new\", \(Self.document)",
        ] {
            let rest = try CheckpointTests.world(other, Self.rows, options: CheckpointTests.option(text))
            #expect(rest.pages.first?.facts.index == 2)
        }
    }

    @Test func whatMatters() throws {
        let text = try text()
        #expect(
            try refusal(text, Self.document + ", \"query\": {\"a\": \"b\"}")
                == "at /checkpoint: the checkpoint can't be used: the document has changed since: what is asked for (base URL, path, query or body)"
        )
        #expect(
            try refusal(text, Self.document.replacing("\"param\": \"cursor\"", with: "\"param\": \"c\"")).hasSuffix(
                "since: \"pagination\""))
        #expect(
            try refusal(text, Self.document.replacing("\"id\"", with: "\"no\"")).hasSuffix(
                "since: \"records\" or \"key\""))
        let posts = try OverServer.source(OverServer.users, OverServer.posts())
        let refused = try failure {
            try Stream.parse(
                options: json("{\"stream\": \"posts\"\(CheckpointTests.option(text))}"), source: posts,
                references: FakeReferences())
        }
        #expect(refused?.message.contains("it is of the stream \"rows\", not of \"posts\"") == true)
    }

    @Test func whatIsCutOrEdited() throws {
        let text = try text()
        for count in [0, 1, 10, text.utf8.count - 1] {
            #expect(try refusal(String(text.prefix(count))).contains("cut off"))
        }
        #expect(try refusal(text.replacing("\"page\":2", with: "\"page\":3")).contains("cut off or edited"))
        #expect(try refusal(text + " ").contains("cut off or edited"))
        #expect(try refusal("[]").contains("no checkpoint"))
        #expect(
            try refusal(text.replacing("{\"penstock\":1", with: "{\"penstock\":2")).contains(
                "version 2, from a newer library"))
    }

    @Test func aForeignURLIsNotFollowed() throws {
        let document = "\"records\": \"data\", \"pagination\": {\"type\": \"next_url\", \"from\": \"next\"}"
        let honest = try text(document)
        let forged = honest.replacing("https://api.example.com", with: "https://evil.example")
        #expect(forged != honest)
        let body = Array(forged.utf8.dropLast(26))
        #expect(try refusal(Checkpoint.sealed(body + [UInt8(ascii: "}")]), document).contains("can't be followed"))
    }

    /// Texts changed at random, with a sum that fits: never a trap, and never a walk without an end.
    @Test func mutatedTextsNeverTrap() throws {
        var fuzz = Seeded(seed: 5)
        let nested = try OverServer.source(OverServer.users, OverServer.posts(), OverServer.comments())
        let server = OverServer()
        let whole = server.world()
        whole.add(nested)
        whole.open(try #require(nested.streams.first { $0.name == "comments" }))
        whole.run()
        let originals =
            try CheckpointTests.texts(whole) + [text(), text(CheckpointTests.styles[6].0), text("\"key\": \"id\"")]
        var taken = 0
        for _ in 0..<3000 {
            var bytes = Array(fuzz.pick(originals, else: "").utf8.dropLast(26))
            for _ in 0...fuzz.below(3) where !bytes.isEmpty {
                let place = fuzz.below(bytes.count)
                switch fuzz.below(4) {
                case 0: bytes.remove(at: place)
                case 1: bytes.insert(fuzz.pick(Array("0123456789-{}[]\",:eEnull".utf8), else: 0), at: place)
                case 2: bytes[place] = fuzz.pick(Array("0123456789-\"tfn".utf8), else: 0)
                default:
                    bytes.replaceSubrange(place..<min(bytes.count, place + 1), with: Array("9223372036854775807".utf8))
                }
            }
            let text = Checkpoint.sealed(bytes + [UInt8(ascii: "}")])
            guard let value = TestServices(.always(0)).decode(Array(text.utf8)) else { continue }
            for (source, name) in [(nested, "comments"), (nested, "posts")] {
                var stream = try #require(source.streams.first { $0.name == name })
                guard (try? stream.resume(at: text, value, in: source)) != nil else { continue }
                taken += 1
                let world = server.world()
                world.mostRequests = 2000
                world.add(source)
                world.open(stream)
                world.run()
                #expect(world.ended && world.violations.isEmpty, "\(text): \(world.violations)")
            }
        }
        #expect(taken > 50)
    }
}

extension TestServices {
    func decode(_ bytes: [UInt8]) -> JSONValue? { bytes.withUnsafeBytes { decode($0) } }
}
