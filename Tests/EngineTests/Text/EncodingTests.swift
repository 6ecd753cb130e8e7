import Engine
import Testing

@Suite struct EncodingTests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func base64OfRFC4648(text: String, encoded: String) {
        #expect(Base64.encode(text.utf8) == encoded)
    }

    @Test func base64OfAllBytes() {
        #expect(Base64.encode([0xFB, 0xEF, 0xFF, 0x00]) == "++//AA==")
    }

    @Test func percentEncodes() {
        #expect(PercentEncoding.encode("a b/ü~") == "a%20b%2F%C3%BC~")
        #expect(PercentEncoding.decode("a%20b%2f%C3%BC+%zz%4") == "a b/ü+%zz%4")
        #expect(PercentEncoding.decode("a+b", plusIsSpace: true) == "a b")
        #expect(PercentEncoding.decode("%FF") == "\u{FFFD}")
        #expect(PercentEncoding.formField("a b*~é") == "a+b*%7E%C3%A9")
        #expect(PercentEncoding.pathSegment("a/b ?#") == "a%2Fb%20%3F%23")
        for climbing in ["", ".", ".."] { #expect(PercentEncoding.pathSegment(climbing) == nil) }
    }

    @Test func headerRules() {
        #expect(HeaderRules.isToken("X-API-Key"))
        for name in ["", "a b", "a:", "a\r\n", "ü", "a(b)"] { #expect(!HeaderRules.isToken(name)) }
        for value in ["", "a b", "a\tb", "ü"] { #expect(HeaderRules.isSafeValue(value)) }
        for value in ["a\r\nb", "a\nb", "a\rb", "a\0b", "\u{1B}", "\u{7F}"] { #expect(!HeaderRules.isSafeValue(value)) }
    }

    @Test func asciiCase() {
        #expect(ASCII.equalsIgnoringCase("Retry-After", "rEtRy-aFtEr"))
        #expect(!ASCII.equalsIgnoringCase("k", "\u{212A}"))
        #expect(!ASCII.equalsIgnoringCase("[", "{"))
        #expect(ASCII.lowercased("ÀBC") == "Àbc")
        #expect(ASCII.trimmed(" \t a b\t ") == "a b")
        #expect(ASCII.trimmed(" \t ") == "")
    }
}
