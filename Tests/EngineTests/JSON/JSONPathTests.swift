import Engine
import Testing

@Suite struct JSONPathTests {
    @Test func everyTextFormCompilesToItsSteps() throws {
        #expect(try JSONPath("").steps == [])
        #expect(try JSONPath("$").steps == [])
        #expect(try JSONPath("data.items").steps == [.member("data"), .member("items")])
        #expect(try JSONPath("$.data[0]").steps == [.member("data"), .index(0)])
        #expect(try JSONPath("data[*].node").steps == [.member("data"), .wildcard, .member("node")])
        #expect(try JSONPath("data.*.id").steps == [.member("data"), .wildcard, .member("id")])
        #expect(try JSONPath("items[-1]").steps == [.member("items"), .last])
        #expect(
            try JSONPath(#"["a.b"]['c"d']["e\"f\\"]"#).steps == [.member("a.b"), .member("c\"d"), .member("e\"f\\")])
        #expect(try JSONPath("@odata").steps == [.member("@odata")])
        #expect(try JSONPath("$ref").steps == [.member("$ref")])
        #expect(
            try JSONPath("/data/0/a~1b~0c//01").steps == [
                .token("data", index: nil), .token("0", index: 0), .token("a/b~c", index: nil), .token("", index: nil),
                .token("01", index: nil),
            ])
    }

    @Test func theDescriptionGivesTheTextBack() throws {
        for text in ["", "a.b[0]", "/a/b", "$.x", #"["a.b"]"#] { #expect(try JSONPath(text).description == text) }
        for name in ["a.b", "*", "", "q\"\\", "$"] {
            let path = JSONPath(member: name)
            #expect(try JSONPath(path.description) == path)
        }
    }

    @Test(arguments: [
        ("a..b", JSONPathError.Kind.emptyName, 2), ("a.", .expectedName, 2), (".a", .emptyName, 0),
        ("a[0]b", .expectedSeparator, 4),
        ("a[0", .unclosedBracket, 1), ("a[", .unclosedBracket, 1), ("a[\"b]", .unclosedQuote, 2),
        ("a[-2]", .invalidIndex, 2),
        ("a[01]", .invalidIndex, 2), ("a[99999999999]", .invalidIndex, 2), ("a[]", .invalidIndex, 2),
        ("[\"a\\n\"]", .invalidEscape, 4), ("/a~2", .invalidEscape, 2), ("/a~", .invalidEscape, 2),
        ("a]", .unexpectedCharacter, 1),
        ("a.[0]", .emptyName, 2), ("[\"a\"x]", .unclosedBracket, 0),
    ])
    func aWrongTextSaysWhere(_ text: String, _ kind: JSONPathError.Kind, _ offset: Int) {
        let error = #expect(throws: JSONPathError.self) { try JSONPath(text) }
        #expect(error?.kind == kind)
        #expect(error?.offset == offset)
    }

    @Test func tooManyStepsAreRefused() {
        let most = Array(repeating: "a", count: JSONPath.maximumSteps).joined(separator: ".")
        #expect(throws: Never.self) { try JSONPath(most) }
        #expect(throws: JSONPathError.self) { try JSONPath(most + ".a") }
    }

    @Test func aMessageIsOneLine() {
        let error = #expect(throws: JSONPathError.self) { try JSONPath("a..b") }
        #expect(error?.description == "invalid path \"a..b\": a name is empty at byte 2")
    }
}
