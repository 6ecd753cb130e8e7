import Engine
import Foundation
import Testing

@Suite struct WebURLTests {
    @Test(.enabled(if: Vectors.exist("uri_rfc3986_5_4.json"), "needs the shared vectors"))
    func resolvesTheExamplesOfRFC3986() throws {
        let cases = try Vectors.cases("uri_rfc3986_5_4.json")
        #expect(cases.count >= 42)
        for example in cases {
            let base = try WebURL(try #require(example["base"] as? String))
            let reference = try #require(example["ref"] as? String)
            let expected = try #require(example["expect"] as? String)
            if expected == "g:h" || expected == "http:g" {
                #expect(throws: WebURLError.self) { try base.resolving(reference) }
            } else {
                #expect(try base.resolving(reference).text == expected, "\(reference)")
            }
        }
    }

    @Test(arguments: [
        ("", WebURLError.noScheme), ("/a", .noScheme), ("ftp://h/", .schemeNotHTTP),
        ("file:///etc/passwd", .schemeNotHTTP),
        ("javascript:alert(1)", .schemeNotHTTP), ("http:", .emptyHost), ("http:/a", .emptyHost),
        ("http://", .emptyHost), ("http:///a", .emptyHost), ("http://:80/", .emptyHost), ("http://?q", .emptyHost),
        ("http://user@h/", .userInfo), ("http://user:pw@h/", .userInfo), ("http://a.example@b.example/", .userInfo),
        ("http://a.example\\@b.example/", .userInfo), ("http://h:0/", .badPort), ("http://h:65536/", .badPort),
        ("http://h:x/", .badPort), ("http://h:-1/", .badPort), ("http://h:99999999999999999999/", .badPort),
        ("http://[::1]x/", .badPort), ("http://h /", .forbiddenByte), ("http://h/a b", .forbiddenByte),
        ("http://h/\r\nX: 1", .forbiddenByte), ("http://h/\0", .forbiddenByte), ("http://h/\u{7F}", .forbiddenByte),
        (" http://h/", .forbiddenByte), ("http://h\t/", .forbiddenByte), ("http://bücher.example/", .hostNotASCII),
        ("http://h%41/", .badHost), ("http://a..b/", .badHost), ("http://.a/", .badHost), ("http://./", .badHost),
        ("http://a\\b/", .badHost), ("http://a,b/", .badHost), ("http://a!b/", .badHost),
        ("http://127.1/", .badIPv4), ("http://2130706433/", .badIPv4), ("http://0x7f000001/", .badIPv4),
        ("http://0x7F.1/", .badIPv4), ("http://0177.0.0.1/", .badIPv4), ("http://127.0.0.01/", .badIPv4),
        ("http://1.2.3.256/", .badIPv4), ("http://1.2.3.4.5/", .badIPv4), ("http://1.2.3.4./", .badIPv4),
        ("http://a.0x/", .badIPv4), ("http://[::1/", .badIPv6), ("http://[]/", .badIPv6),
        ("http://[::1%25eth0]/", .badIPv6), ("http://[::1%eth0]/", .badIPv6), ("http://[1::2::3]/", .badIPv6),
        ("http://[1:2:3:4:5:6:7]/", .badIPv6), ("http://[1:2:3:4:5:6:7:8:9]/", .badIPv6), ("http://[:1]/", .badIPv6),
        ("http://[1:]/", .badIPv6), ("http://[12345::]/", .badIPv6), ("http://[::1.2.3]/", .badIPv6),
        ("http://[1.2.3.4::]/", .badIPv6), ("http://[v1.a]/", .badIPv6), ("http://[:::]/", .badIPv6),
    ])
    func refuses(text: String, error: WebURLError) {
        #expect(throws: error) { try WebURL(text) }
    }

    @Test func refusesWhatIsTooLong() {
        #expect(throws: WebURLError.tooLong) { try WebURL("https://h/" + String(repeating: "a", count: 65536)) }
    }

    @Test func reasonsRepeatNothingOfTheURL() {
        for text in ["https://canary:canary@h/", "canary://h?token=canary", "https://canary..h/", "https://h:canary/"] {
            do throws(WebURLError) {
                _ = try WebURL(text)
                Issue.record("accepted \(text)")
            } catch { #expect(!error.reason.contains("canary")) }
        }
    }

    @Test(arguments: [
        ("HTTP://EXAMPLE.com:80/", "http://example.com"), ("https://example.com:443", "https://example.com"),
        ("https://example.com:", "https://example.com"), ("https://example.com:0443", "https://example.com"),
        ("https://example.com:80", "https://example.com:80"), ("http://example.com.", "http://example.com."),
        ("http://a_b.example", "http://a_b.example"), ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"), ("http://[0:0:0:0:0:0:0:1]", "http://[::1]"),
        ("http://[2001:DB8:0:0:1:0:0:1]", "http://[2001:db8::1:0:0:1]"),
        ("http://[1:0:2:3:4:5:6:7]", "http://[1:0:2:3:4:5:6:7]"),
        ("http://[::ffff:192.0.2.1]", "http://[::ffff:c000:201]"), ("http://[1::]", "http://[1::]"),
        ("http://[::]", "http://[::]"),
        ("http://[1:2:3:4:5:6:7::]", "http://[1:2:3:4:5:6:7:0]"),
    ])
    func originIsOneSpelling(text: String, origin: String) throws {
        #expect(try WebURL(text).origin.text == origin)
    }

    @Test func originsDifferBySchemeHostAndPort() throws {
        let origin = try WebURL("https://h/a").origin
        #expect(try WebURL("https://H:443/b?c").origin == origin)
        for other in ["http://h/", "https://h:444/", "https://h.example/", "https://h./", "http://h:443/"] {
            #expect(try WebURL(other).origin != origin)
        }
    }

    @Test(arguments: [
        ("http://H", "http://h/"), ("http://h/a/./b/../c", "http://h/a/c"), ("http://h/%7euser", "http://h/~user"),
        ("http://h/a%2fb", "http://h/a%2Fb"), ("http://h/?q=%c3%a9", "http://h/?q=%C3%A9"),
        ("http://h/?q=é", "http://h/?q=%C3%A9"),
        ("http://h/#frag", "http://h/"), ("http://h/a/%2e%2E/b", "http://h/b"), ("http://h/?", "http://h/?"),
        ("http://h/100%", "http://h/100%"), ("http://h/%zz", "http://h/%zz"), ("http://h/%25%37%65", "http://h/%257e"),
        ("http://h/..;/x", "http://h/..;/x"), ("http://h/a//b", "http://h/a//b"), ("http://h/...", "http://h/..."),
    ])
    func normalizes(text: String, expected: String) throws {
        let once = try WebURL(text).normalized
        #expect(once == expected)
        #expect(try WebURL(once).normalized == once)
    }

    @Test func keepsBytes() throws {
        let text = "https://h/a%2fb;c=1/%7E?x=1&&y=a+b;z&flag&%5b%5D=%zz|{}#frag"
        let url = try WebURL(text)
        #expect(url.text == text)
        #expect(url.requestTarget == "/a%2fb;c=1/%7E?x=1&&y=a+b;z&flag&%5b%5D=%zz|{}")
        #expect(try WebURL("https://h").requestTarget == "/")
        #expect(try WebURL("https://h?a").requestTarget == "/?a")
    }

    @Test(arguments: [
        ("https://h/v1", "/users", "https://h/v1/users"), ("https://h/v1/", "/users", "https://h/v1/users"),
        ("https://h/v1", "users", "https://h/v1/users"), ("https://h", "users/", "https://h/users/"),
        ("https://h/v1", "", "https://h/v1"), ("https://h/v1", "/", "https://h/v1/"),
        ("https://h/v1", "?a=1", "https://h/v1?a=1"), ("https://h/v1?k=1", "/u?a=2", "https://h/v1/u?k=1&a=2"),
        ("https://h/v1?k=1", "/u", "https://h/v1/u?k=1"), ("https://h/v1", "https://o/x", "https://o/x"),
        ("https://h/v1", "HTTP://o/x", "http://o/x"), ("https://h/v1", "users:search", "https://h/v1/users:search"),
        ("https://h/v1", "/a/../b", "https://h/v1/b"), ("https://h/v1", "ü", "https://h/v1/%C3%BC"),
    ])
    func appendsPathsToABase(base: String, path: String, expected: String) throws {
        #expect(try WebURL(base).appending(path: path).text == expected)
    }

    @Test func appendingRefusesOtherHostsInDisguise() throws {
        let base = try WebURL("https://h/v1")
        #expect(throws: WebURLError.networkPath) { try base.appending(path: "//evil.example/x") }
        #expect(throws: WebURLError.schemeNotHTTP) { try base.appending(path: "ftp://evil.example/x") }
        #expect(throws: WebURLError.forbiddenByte) { try base.appending(path: "/a b") }
    }

    @Test func survivesRandomTexts() throws {
        let base = try WebURL("https://api.example.com/v1/items?page=1")
        let pieces = [
            "http", "https", ":", "//", "/", "?", "#", "@", "[", "]", "::", "1", "0x", ".", "..", "%2e", "%", "a.b",
            "h", "&", "=", "\\", "é", "127.0.0.1", "[::1]", "https://h/",
        ]
        TextFuzz.run(seed: 1, pieces: pieces) { text in
            guard let url = try? base.resolving(text) else { return }
            // What is accepted is accepted again, means the same, and names one origin.
            let again = try? WebURL(url.text)
            #expect(again == url, "\(text.debugDescription)")
            #expect(url.text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
            #expect((try? WebURL(url.normalized))?.normalized == url.normalized)
            #expect((try? WebURL(url.normalized))?.origin == url.origin)
            _ = url.redacted()
        }
    }

    @Test func isLinear() throws {
        let base = try WebURL("https://h/a/b")
        for text in TextFuzz.adversarial(
            ["/..", "/a/..", "%2e%2e/", "?&", "a=%zz&", "[", ":", "@", "//", "é"], size: 65_000)
        {
            let seconds = TextFuzz.seconds {
                guard let url = try? base.resolving(text) else { return }
                _ = url.normalized
                _ = url.queryValue("x")
                _ = url.redacted()
            }
            #expect(seconds < 2)
        }
    }
}
