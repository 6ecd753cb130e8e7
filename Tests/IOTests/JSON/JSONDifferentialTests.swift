import CJansson
import Engine
import Glibc
import IO
import Testing

/// Generated and spoiled texts: the scanner and jansson must agree on each, and on what stands where.
///
/// `PENSTOCK_FUZZ_SECONDS` sets how long (2 by default), `PENSTOCK_SEED` which texts; the seed is printed.
@Suite struct JSONDifferentialTests {
    static let paths = [
        "", "a", "data", "data.items", "data[*].id", "*.id", "items[0]", "items[-1]", "[-1].a", "[*][*]", "/data/0",
        "/0",
        "[\"a.b\"]", "/", "é.次", "longer_name_than_eight", "*.*", "a[-1].b", "data.*.items.*", "items[1].id",
    ]
    static let fieldPaths = [
        "id", "a.b", "data[0]", "[-1]", "[\"a.b\"].id", "", "items[-1].a", "longer_name_thaN", "/0",
    ]

    private static func environment(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }

    @Test func scannerAndJanssonAgree() throws {
        let seed = Self.environment("PENSTOCK_SEED") ?? UInt64.random(in: 0...UInt64.max)
        let seconds = Self.environment("PENSTOCK_FUZZ_SECONDS") ?? 2
        print("JSON differential seed: PENSTOCK_SEED=\(seed)")
        var generator = JSONGenerator(random: SplitMix(state: seed))
        let paths = try Self.paths.map { try JSONPath($0) }
        let fields = try Self.fieldPaths.map { try JSONPath($0) }
        // All in one automaton, and each alone, must find the same.
        let together = try JSONScanner(paths.map { .elements($0, fields: fields) })
        var matches = JSONMatches()
        var accepted = 0
        var refused = 0
        let start = time(nil)
        while time(nil) - start < Int(seconds) {
            var text = generator.text()
            if generator.random.below(3) > 0 { generator.spoil(&text) }
            let error = scannerError(text)
            let verdict = janssonVerdict(text)
            let shown = String(decoding: text, as: UTF8.self)
            if (error == nil) != (verdict == nil) {
                #expect(Self.isWritten(text, error, verdict), "verdicts differ: \(shown.debugDescription) \(text)")
                continue
            }
            guard error == nil else {
                refused += 1
                continue
            }
            accepted += 1
            try text.withUnsafeBytes { body in
                let root = try Document.decode(body)
                try together.scan(body, into: &matches)
                for (i, path) in paths.enumerated() {
                    let found = matches[i]
                    try Self.compare(found, path, fields, root, body)
                }
                let i = generator.random.below(paths.count)
                let single = try JSONScanner([.value(paths[i])])
                var alone = JSONMatches()
                try single.scan(body, into: &alone)
                #expect(alone[0].values.map(\.span) == matches[i].values.map(\.span), "\(paths[i]) in \(shown)")
            }
        }
        print("JSON differential: \(accepted) accepted, \(refused) refused by both")
        #expect(accepted > 0 && refused > 0)
    }

    /// The differences that are meant; the table of the suite's files has the same ones.
    private static func isWritten(_ text: [UInt8], _ error: JSONError?, _ verdict: Int32?) -> Bool {
        if let verdict {
            let isOverflow = verdict == Int32(json_error_numeric_overflow.rawValue)
            return error == nil && (isOverflow || text.starts(with: [0xEF, 0xBB, 0xBF]))
        }
        return text.contains(0)
    }

    private static func compare(
        _ found: JSONMatches.Found, _ path: JSONPath, _ fields: [JSONPath], _ root: JSONValue,
        _ body: UnsafeRawBufferPointer
    ) throws {
        let shown = String(decoding: body, as: UTF8.self)
        let values = try found.values.map { try Document.decode($0.span, in: body) }
        let expected = JSONModel.select(path, in: root)
        // Of a repeated name jansson keeps the first one's place, the scanner the last one's: the same values.
        #expect(sorted(values) == sorted(expected), "\(path) in \(shown)")
        #expect(values.map(\.kind) == found.values.map(\.kind))
        let elements = try found.elements.map { try Document.decode($0, in: body) }
        #expect(sorted(elements) == sorted(JSONModel.elements(path, in: root)), "elements of \(path) in \(shown)")
        for match in found.values {
            let own = try found.elements[match.elements].map { try Document.decode($0, in: body) }
            #expect(
                own == JSONModel.elements(.body, in: try Document.decode(match.span, in: body)), "\(path) in \(shown)")
        }
        for (e, element) in elements.enumerated() {
            for (f, field) in fields.enumerated() {
                let value = try found.field(f, of: e).map { try Document.decode($0, in: body) }
                #expect(value == JSONModel.select(field, in: element).first, "\(field) of \(path)[\(e)] in \(shown)")
            }
        }
    }

    private static func sorted(_ values: [JSONValue]) -> [String] { values.map { "\($0)" }.sorted() }
}
