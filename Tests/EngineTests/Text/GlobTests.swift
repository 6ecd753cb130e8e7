import Testing

@testable import Engine

@Suite struct GlobTests {
    @Test(arguments: [
        ("/search/*", "/search/users", true), ("/search/*", "/search/a/b", true), ("/search/*", "/search", false),
        ("/search*", "/search", true), ("*", "", true), ("", "", true), ("", "a", false), ("a", "", false),
        ("*.example.com", "api.example.com", true), ("*.example.com", "example.com", false),
        ("/repos/*/issues", "/repos/a/b/issues", true), ("/repos/*/issues", "/repos/a/issues/1", false),
        ("a*b*c", "aXbXbXc", true), ("a*b*c", "aXbXb", false), ("**", "x", true), ("é*", "éa", true),
    ])
    func matches(pattern: String, text: String, expected: Bool) {
        #expect(Glob(pattern).matches(text) == expected)
    }

    @Test func manyStarsTakeNoLonger() {
        let pattern = Glob(String(repeating: "*a", count: 60) + "*b")
        #expect(!pattern.matches(String(repeating: "a", count: 3000)))
    }
}
