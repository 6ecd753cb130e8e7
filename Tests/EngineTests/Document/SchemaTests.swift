import Foundation
import Testing

@testable import Engine

@Suite struct SchemaTests {
    static let root = SchemaText.value
    /// The texts that functions take, with the shape that each is checked against.
    static let roots: [(name: String?, shape: Shape)] =
        [(nil, .object(Vocabulary.source))] + Vocabulary.otherTexts.map { ($0.0, $0.1) }

    @Test func isOneLineAndTheSameEveryTime() {
        var writer = JSONWriter()
        writer.value(SchemaText.value)
        #expect(SchemaText.text == writer.text)
        #expect(!SchemaText.text.contains("\n"))
        #expect(SchemaText.text.hasPrefix("{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\""))
    }

    @Test func hasTheDefinitionsThatTheHeaderNames() {
        for name in ["client_options", "request", "paginator_options", "limiter", "job"] {
            #expect(Self.root["$defs"]?[name] != nil, "\(name)")
        }
    }

    @Test func describesEveryKeyAndItsDefaultsAndExamplesAreValid() throws {
        var keys = 0
        func walk(_ schema: JSONValue, _ place: String) throws {
            for property in schema["properties"]?.members ?? [] where property.value["const"] == nil {
                keys += 1
                #expect(property.value["description"]?.string?.isEmpty == false, "\(place)/\(property.name)")
                for value in [property.value["default"]].compactMap({ $0 }) + (property.value["examples"]?.array ?? [])
                {
                    let isValid = try SchemaVerdict(root: Self.root).accepts(value, property.value)
                    #expect(isValid, "\(place)/\(property.name): \(value)")
                }
            }
            for member in schema.members ?? [] where !["default", "examples"].contains(member.name) {
                try walk(member.value, place + "/" + member.name)
            }
            for element in schema.array ?? [] { try walk(element, place) }
        }
        try walk(Self.root, "")
        #expect(keys > 100)
        #expect(try SchemaVerdict(root: Self.root).accepts(Vocabulary.example))
        _ = try Source.parse(
            document: Vocabulary.example, references: FakeReferences(variables: ["EXAMPLE_TOKEN": "t"]))
    }

    @Test func givesTheVerdictOfTheCheck() throws {
        let verdict = SchemaVerdict(root: Self.root)
        var maker = DocumentMaker(root: Self.root, fuzz: TextFuzz(seed: 7))
        var lines: [String] = []
        var accepted = 0
        var refused = 0
        for round in 0..<900 {
            let (name, shape) = Self.roots[round % Self.roots.count]
            var document = maker.make(name.flatMap { Self.root["$defs"]?[$0] } ?? Self.root)
            for step in 0..<4 {
                if step > 0 { document = maker.mutate(document) }
                let problem = shape.problem(in: document)
                let bySchema = try verdict.accepts(document, as: name)
                let text = Self.line(document)
                if let problem {
                    refused += 1
                    #expect(!bySchema || problem.beyondSchema, "\(name ?? "source") \(problem): \(text)")
                } else {
                    accepted += 1
                    #expect(bySchema, "\(name ?? "source"): \(text)")
                }
                lines.append(
                    "{\"as\":\"\(name ?? "")\",\"accepted\":\(problem == nil),"
                        + "\"beyond\":\(problem?.beyondSchema ?? false),\"document\":\(text)}")
            }
        }
        // A check that refuses or accepts everything would pass, too.
        #expect(accepted > 400 && refused > 400, "\(accepted) accepted, \(refused) refused")
        try Self.handOver(lines)
    }

    private static func line(_ value: JSONValue) -> String {
        var writer = JSONWriter()
        writer.value(value)
        return writer.text
    }

    /// For a validator of somebody else's: see Tests/schema_tests.
    private static func handOver(_ lines: [String]) throws {
        guard let directory = ProcessInfo.processInfo.environment["PENSTOCK_SCHEMA_OUT"] else { return }
        try SchemaText.text.write(toFile: directory + "/schema.json", atomically: true, encoding: .utf8)
        try lines.joined(separator: "\n").write(
            toFile: directory + "/verdicts.jsonl", atomically: true, encoding: .utf8)
    }
}
