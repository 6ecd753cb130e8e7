import Engine
import Foundation
import Testing

@testable import struct Engine.JSONWriter
@testable import enum Engine.SchemaText

/// Documents changed at random: never a trap, every refusal names a place, and nothing that is parsed prints a secret.
@Suite struct DocumentFuzzTests {
    private static let canary = "canary-7f3a"

    private static let documents = [
        """
        {"base_url": {"param": "base_url", "default": "https://api.example.com"}, "name": "n",
         "auth": [{"type": "bearer", "token": {"env": "TOKEN"}},
                  {"type": "api_key", "query": "key", "value": {"param": "key"}, "prefix": "p "}],
         "headers": {"X-A": {"file": "/run/key"}, "Authorisation": "x"}, "query": {"a": [1, true, {"env": "TOKEN"}]},
         "limits": ["10/s", {"requests": 5, "per": "1m", "burst": 9}, {"concurrent": 3}],
         "retry": {"attempts": 2, "base": "1s", "cap": "2s", "statuses": [500]}, "timeouts": {"total": "9s"},
         "caps": {"max_body_bytes": "1MiB"}, "connections": {"idle": 1, "proxy": "http://p:1"},
         "other_origins": ["https://b.example"],
         "streams": {
           "a": "/a/{id}",
           "b": {"path": "/b", "method": "POST", "json": {"v": {"after": null}}, "idempotent": true, "key": "id",
             "records": "data[*].node", "pagination": {"type": "cursor", "slot": {"in": "json", "name": ["v", "after"]},
             "from": {"or": ["x.y", {"query_param": "c", "of": {"link": "next", "attribute": "a"}},
                             {"last_record": "id"}, {"header": "X-N"}]}, "has_more": "m", "size":
             {"value": 5, "param": "limit"}}},
           "c": {"path": "/c/{n}", "pagination": {"type": "page", "slot": {"in": "path", "name": "n"}, "size": 3,
             "total_pages": "t", "stop_on_empty_page": false}, "read_ahead": {"pages": 1, "bytes": 5}},
           "e": {"path": "/e/{page.token}", "method": "POST", "idempotent": true,
             "query": {"q": "a:{param.who} {page.size} {{x.y}} {", "w": {"value": ["{env.TOKEN}", {"body": "s.id",
             "default": 1}], "when": "next_pages", "omit_empty": true}}, "headers": {"X-P": "{header.X-Q}"},
             "json": {"k": "{env.TOKEN}", "n": ["{page.index}", {"a": "{last_record.id}"}]},
             "fields": [{"in": "json", "name": ["a", "b"], "value": {"add": ["n", 1]}, "when": "first_page"}],
             "pagination": {"type": "cursor", "start": "*", "from": {"find": "links", "where": {"rel": "next"},
             "format": "text", "encode": "percent"}, "size": 5, "stop": [{"source": "x", "is": "this_url"},
             {"source": {"page": "received"}, "at_least": "total"}, {"source": "n", "equals": {"page": "token"}}]}},
           "f": {"path": "/f", "graphql": {"query": "{ a(n: {page.size}) { b } }", "variables": {"c": "{page.token}"}},
             "pagination": {"type": "cursor", "from": "data.c", "size": 2}},
           "d": {"path": "/d", "parallel": 4, "order": "any", "form": {"f": "1"}, "pagination": {"type": "offset", "empty_pages": 2}}}}
        """,
        "{\"base_url\": \"https://a.example\", \"auth\": {\"type\": \"basic\", \"username\": {\"env\": \"TOKEN\"}}}",
    ]

    private static let references = FakeReferences(
        variables: ["TOKEN": canary], files: ["/run/key": canary + "\n"],
        documents: ["s.json": "{\"base_url\": \"https://a.example\", \"streams\": {\"a\": \"/a\"}}"])

    @Test func mutatedDocumentsNeverTrapAndRefusalsNameAPlace() throws {
        var maker = DocumentMaker(root: SchemaText.value, fuzz: TextFuzz(seed: 11))
        let options = try ClientOptions.parse(json("{\"params\": {\"key\": \"\(Self.canary)\", \"who\": \"me\"}}"))
        let originals = try Self.documents.map(json)
        var parsed = 0
        try Self.rounds(4000) { round in
            var document = originals[round % originals.count]
            for _ in 0...maker.fuzz.below(3) { document = maker.mutate(document) }
            let refused = try failure {
                let source = try Source.parse(document: document, options: options, references: Self.references)
                parsed += 1
                try Self.checkOptions(of: source, &maker)
            }
            if let refused { Self.check(refused, document) }
        }
        #expect(parsed > 50)
    }

    @Test func madeJobsAndLimitersNeverTrap() throws {
        var maker = DocumentMaker(root: SchemaText.value, fuzz: TextFuzz(seed: 12))
        let definitions = try #require(SchemaText.value["$defs"])
        try Self.rounds(1500) { _ in
            let job = maker.make(definitions["job"] ?? .null)
            if let refused = try failure({ try JobPlan.parse(job, references: Self.references) }) {
                #expect([.config, .auth].contains(refused.code) && !refused.message.isEmpty)
            }
            let limits = maker.make(definitions["limiter"] ?? .null)
            if let refused = try failure({ try LimitPlan.parse(limits) }) { Self.check(refused, limits) }
        }
    }

    private static func checkOptions(of source: Source, _ maker: inout DocumentMaker) throws {
        for (name, kind) in [("paginator_options", 0), ("request", 1)] {
            let options = maker.make(SchemaText.value["$defs"]?[name] ?? .null)
            let refused = try failure {
                if kind == 0 { _ = try Stream.parse(options: options, source: source, references: references) }
                if kind == 1 { _ = try RequestPlan.parse(options, source: source, references: references) }
            }
            if let refused { #expect(refused.pointer != nil && !refused.message.contains("\n")) }
        }
    }

    private static func check(_ failure: Failure, _ document: JSONValue) {
        #expect([.config, .auth].contains(failure.code))
        #expect(!failure.message.contains(canary) && !failure.message.contains("\n"), "\(failure.message)")
        guard let pointer = failure.pointer else {
            Issue.record("no pointer: \(failure.message)")
            return
        }
        // The place is there, or it is what is missing from a place that is there; parameters are not of the document.
        if failure.message.contains("/params/") { return }
        let parts = pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
            String($0).replacing("~1", with: "/").replacing("~0", with: "~")
        }
        var value: JSONValue? = document
        for (index, part) in parts.enumerated() {
            let next = value?[part] ?? Int(part).flatMap { value?[$0] }
            if next == nil {
                #expect(index == parts.count - 1 && value?.members != nil, "\(pointer): \(failure.message)")
            }
            value = next
        }
    }

    private static func rounds(_ count: Int, _ body: (Int) throws -> Void) rethrows {
        let seconds = ProcessInfo.processInfo.environment["PENSTOCK_FUZZ_SECONDS"].flatMap(Double.init) ?? 0
        let end = Date().addingTimeInterval(seconds)
        repeat { for round in 0..<count { try body(round) } } while Date() < end
    }

    @Test func nothingThatIsParsedPrintsASecret() throws {
        let options = try ClientOptions.parse(json("{\"params\": {\"key\": \"\(Self.canary)\", \"who\": \"me\"}}"))
        let source = try Source.parse(document: json(Self.documents[0]), options: options, references: Self.references)
        // The secret is there, or this test would show nothing.
        guard case .fixed(let credentials) = source.auth else { throw VectorError() }
        #expect(credentials.map { $0.secret.reveal() } == [Self.canary, Self.canary])
        #expect(source.headers.first?.value.reveal() == Self.canary)

        for value in [source, options, source.streams, source.auth, source.headers] as [Any] {
            var dumped = ""
            dump(value, to: &dumped)
            for text in [
                dumped, String(describing: value), String(reflecting: value), "\(value)", Self.mirrored(value),
            ] {
                #expect(!text.contains(Self.canary))
            }
        }
    }

    private static func mirrored(_ value: Any, depth: Int = 0) -> String {
        guard depth < 12 else { return "" }
        return Mirror(reflecting: value).children.map { child in
            "\(child.label ?? "")=\(child.value)" + mirrored(child.value, depth: depth + 1)
        }.joined(separator: ";")
    }
}
