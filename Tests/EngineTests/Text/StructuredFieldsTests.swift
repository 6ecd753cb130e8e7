import Engine
import Foundation
import Testing

/// The public test suite of the HTTP working group, parsing half; we serialise no structured field, so
/// `serialisation-tests` and `canonical` have nothing to test.
@Suite struct StructuredFieldsTests {
    static let files = [
        "binary", "boolean", "date", "dictionary", "display-string", "examples", "item", "key-generated",
        "large-generated", "list", "listlist", "number", "number-generated", "param-dict", "param-list",
        "param-listlist", "string", "string-generated", "token", "token-generated",
    ]

    @Test(.enabled(if: Vectors.exist("structured-field-tests"), "needs the shared vectors"), arguments: files)
    func agreesWithThePublicSuite(file: String) throws {
        let records = try #require(try Vectors.json("structured-field-tests/\(file).json") as? [[String: Any]])
        #expect(!records.isEmpty)
        for record in records {
            let name = "\(file): \(record["name"] ?? "")"
            let raw = try #require(record["raw"] as? [String])
            let found: Any? =
                switch record["header_type"] as? String {
                case "item": StructuredFields.item(raw).map(Self.plain)
                case "list": StructuredFields.list(raw).map { $0.map(Self.plain) }
                case "dictionary":
                    StructuredFields.dictionary(raw).map { $0.entries.map { [$0.key, Self.plain($0.value)] } }
                default: throw VectorError()
                }
            if record["must_fail"] as? Bool == true {
                #expect(found == nil, "\(name)")
            } else if found != nil || record["can_fail"] as? Bool != true {
                let expected = try #require(record["expected"] as? [Any], "\(name)")
                let got = try #require(found as? [Any], "\(name)")
                #expect(got as NSArray == expected as NSArray, "\(name)")
            }
        }
    }

    private static func plain(_ member: StructuredFields.Member) -> [Any] {
        switch member {
        case .item(let item): return plain(item)
        case .innerList(let list): return [list.items.map { plain($0) }, plain(list.parameters)]
        }
    }

    private static func plain(_ item: StructuredFields.Item) -> [Any] { [plain(item.value), plain(item.parameters)] }

    private static func plain(_ parameters: StructuredFields.Keyed<StructuredFields.BareItem>) -> [Any] {
        parameters.entries.map { [$0.key, plain($0.value)] }
    }

    private static func plain(_ value: StructuredFields.BareItem) -> Any {
        switch value {
        case .integer(let number): return number
        case .decimal(let thousandths): return Double(thousandths) / 1000
        case .string(let text): return text
        case .token(let text): return ["__type": "token", "value": text]
        case .bytes(let bytes): return ["__type": "binary", "value": base32(bytes)]
        case .boolean(let flag): return flag
        case .date(let seconds): return ["__type": "date", "value": seconds]
        case .displayString(let text): return ["__type": "displaystring", "value": text]
        }
    }

    /// RFC 4648, 6.
    private static func base32(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        var bits = bytes.map { byte in
            String(repeating: "0", count: byte.leadingZeroBitCount == 8 ? 7 : byte.leadingZeroBitCount)
                + String(byte, radix: 2)
        }.joined()
        while bits.count % 5 != 0 { bits += "0" }
        var out = ""
        var rest = bits[...]
        while !rest.isEmpty {
            out.append(alphabet[Int(rest.prefix(5), radix: 2) ?? 0])
            rest = rest.dropFirst(5)
        }
        while out.count % 8 != 0 { out += "=" }
        return out
    }

    @Test func survivesRandomTexts() {
        let pieces = [
            "a", "\"", "\\", "(", ")", ";", "=", ",", " ", "\t", ":", "aGk=", "?1", "@", "%\"", "%c3", "1", "-", ".",
            "9999999", "*",
        ]
        TextFuzz.run(seed: 8, pieces: pieces) { text in
            _ = StructuredFields.item([text])
            _ = StructuredFields.list([text, text])
            _ = StructuredFields.dictionary([text])
        }
    }

    @Test func isLinear() {
        var keys = ""
        for index in 0..<9000 { keys += ";a\(index)" }
        for text in TextFuzz.adversarial(["(", "a,", "a;a", "\"\\\"", "1 ", "(a ", "%\"%c3", ":", "a=1,", "("]) + [
            "a" + keys
        ] {
            let seconds = TextFuzz.seconds {
                _ = StructuredFields.item([text])
                _ = StructuredFields.list([text])
                _ = StructuredFields.dictionary([text])
            }
            #expect(seconds < 2)
        }
    }
}
