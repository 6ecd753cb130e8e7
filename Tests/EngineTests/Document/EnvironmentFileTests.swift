import EngineTestKit
import Testing

@testable import Engine

@Suite struct EnvironmentFileTests {
    private func file(_ text: String) throws -> EnvironmentFile { try EnvironmentFile(Array(text.utf8)) }

    @Test(arguments: [
        ("A=b", "b"), ("A = b ", "b"), ("export A=b", "b"), ("\u{FEFF}A=b", "b"), ("A=b\r", "b"), ("A=b # c", "b"),
        ("A=b#c", "b#c"), ("A=\"b # c\" # d", "b # c"), ("A='b\\n$X'", "b\\n$X"),
        ("A=\"a\\nb\\\"\\\\\\$\"", "a\nb\"\\$"),
        ("A=b=c==", "b=c=="), ("A=", ""), ("# A=x\n\nA=${B}", "${B}"), ("A=ü", "ü"),
    ])
    func reads(_ text: String, _ value: String) throws { #expect(try file(text)["A"]?.reveal() == value) }

    @Test(arguments: [
        ("X=1\ncanary", "line 2 is not NAME=value"), ("1A=canary", "line 1 does not begin"),
        ("A=\"canary", "not closed"),
        ("A='b' canary", "behind the closing quote"), ("A=1\nA=canary", "line 2 gives a variable a second time"),
    ])
    func refuses(_ text: String, _ part: String) throws {
        #expect {
            try file(text)
        } throws: { error in
            guard let error = error as? ReferenceError else { return false }
            return error.reason.contains(part) && !error.reason.contains("canary")
        }
    }

    @Test func theEnvironmentItselfGoesFirstAndTheFileIsReadOnRequest() throws {
        var references = FakeReferences.usual
        references.files[".env"] = "TOKEN=from-file\nOTHER='canary-other'\n"
        let document = try json(
            #"{"base_url": "https://a.test", "auth": [{"type": "bearer", "token": {"env": "TOKEN"}}, {"type": "api_key", "value": "{env.OTHER}"}]}"#
        )
        let options = try ClientOptions.parse(json(#"{"env_file": ".env"}"#))
        let source = try Source.parse(document: document, options: options, references: references)
        #expect(source.auth.credentials.map { $0.secret.reveal() } == ["canary-token", "canary-other"])
        let without = try failure { try Source.parse(document: document, references: references) }
        #expect(without?.message.contains("\"OTHER\" is not set") == true)
        let gone = try ClientOptions.parse(json(#"{"env_file": "gone"}"#))
        let missing = try failure { try Source.parse(document: document, options: gone, references: references) }
        #expect(missing?.pointer == "/env_file" && missing?.message.contains("\"gone\" does not exist") == true)
    }

    @Test func nothingTraps() {
        var chance = Seeded(seed: 3)
        let whole = Array("export A=\"b\\n\" # c\nB='x'\r\n#\n=\nC=\\".utf8)
        for _ in 0..<3000 {
            var bytes = whole
            for _ in 0..<chance.below(5) { bytes[chance.below(bytes.count)] = UInt8(chance.below(256)) }
            _ = try? EnvironmentFile(Array(bytes.prefix(chance.below(bytes.count + 1))))
        }
    }
}
