import Engine
import IO
import Testing

private func decode(_ text: String) throws -> JSONValue {
    try Array(text.utf8).withUnsafeBytes { try Document.decode($0) }
}

@Suite struct DocumentTests {
    @Test func everyKindIsDecoded() throws {
        #expect(
            try decode(
                #"{"n":null,"t":true,"f":false,"i":-5,"r":1.5,"s":"\u00e9\ud83d\ude00\u0000","a":[1,[]],"o":{}}"#)
                == .object([
                    .init(name: "n", value: .null), .init(name: "t", value: .bool(true)),
                    .init(name: "f", value: .bool(false)), .init(name: "i", value: .int(-5)),
                    .init(name: "r", value: .real(1.5)), .init(name: "s", value: .string("é😀\u{0}")),
                    .init(name: "a", value: .array([.int(1), .array([])])), .init(name: "o", value: .object([])),
                ]))
        #expect(try decode("\"x\"") == .string("x"))
        #expect(try decode("\u{FEFF}[1]") == .array([.int(1)]))
    }

    @Test func numbersBeyondJanssonsRangeKeepTheirText() throws {
        #expect(try decode("12345678901234567890") == .number("12345678901234567890"))
        #expect(
            try decode(#"{"a":[1e400,-9223372036854775809,7],"b":"\u0062","a2":{"x":0.5},"b":1}"#)
                == .object([
                    .init(name: "a", value: .array([.number("1e400"), .number("-9223372036854775809"), .int(7)])),
                    .init(name: "b", value: .int(1)),
                    .init(name: "a2", value: .object([.init(name: "x", value: .real(0.5))])),
                ]))
    }

    @Test func aScalarsTextIsWhatTheServerWrote() throws {
        let text = #"{"a":1.10,"b":"\u0061\/","c":true,"d":null,"e":[1],"f":12345678901234567890,"g":1E2}"#
        let scanner = try JSONScanner("abcdefg".map { .value(JSONPath(member: String($0))) })
        var matches = JSONMatches()
        try Array(text.utf8).withUnsafeBytes { body in
            try scanner.scan(body, into: &matches)
            let texts = try (0..<7).map { i in
                try matches[i].first.flatMap { try Document.scalarText($0, in: body) }
            }
            #expect(texts == ["1.10", "a/", "true", nil, nil, "12345678901234567890", "1E2"])
        }
    }

    @Test func aSpanOutsideTheBodyIsRefusedNotRead() {
        let body: [UInt8] = Array("[1]".utf8)
        #expect(throws: DocumentError.self) {
            try body.withUnsafeBytes { try Document.decode(JSONSpan(start: 1, end: 9, kind: .number), in: $0) }
        }
    }

    @Test func aDocumentMayNotRepeatANameOrBeAScalar() throws {
        #expect(try Document.decodeDocument(#"{"a":1}"#) == .object([.init(name: "a", value: .int(1))]))
        #expect(throws: DocumentError.self) { try Document.decodeDocument("1") }
        #expect(throws: DocumentError.self) { try Document.decodeDocument(#"{"a":"\u0000"}"#) }
        let error = #expect(throws: DocumentError.self) {
            try Document.decodeDocument("{\n  \"a\": 1,\n  \"a\": 2\n}")
        }
        #expect(error?.line == 3)
        #expect(error?.message.hasPrefix("duplicate object key") == true)
    }

    @Test func aDocumentsErrorNamesThePlace() {
        let error = #expect(throws: DocumentError.self) { try Document.decodeDocument("{\n  \"a\": ,\n}") }
        #expect(error?.description == "unexpected ',' at line 2, column 8 (byte 9)")
    }

    @Test func theDeepestTextIsDecodedAndADeeperOneRefused() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        var value = try decode(nested(512))
        var depth = 0
        while let inner = value.array {
            depth += 1
            value = inner.first ?? .null
        }
        #expect(depth == 512)
        #expect(throws: DocumentError.self) { try decode(nested(513)) }
        #expect(throws: DocumentError.self) { try decode(nested(100_000)) }
    }
}
