import Engine
import Testing

@Suite struct WebURLQueryTests {
    @Test func readsValues() throws {
        let url = try WebURL(
            "https://h/?a=1&b=x+y%20z&a=2&flag&e=&created%5Bgte%5D=5&types[]=t&%C3%A9=%C3%A9&p=a%2Bb&=v")
        #expect(url.queryValue("a") == "1")
        #expect(url.queryValue("b") == "x y z")
        #expect(url.queryValue("flag") == "")
        #expect(url.queryValue("e") == "")
        #expect(url.queryValue("created[gte]") == "5")
        #expect(url.queryValue("types[]") == "t")
        #expect(url.queryValue("é") == "é")
        #expect(url.queryValue("p") == "a+b")
        #expect(url.queryValue("") == "v")
        #expect(url.queryValue("A") == nil)
        #expect(url.queryItems.count == 10)
        #expect(url.queryItems[3] == QueryItem(name: "flag", value: nil))
        #expect(try WebURL("https://h/").queryValue("a") == nil)
        #expect(try WebURL("https://h/?").queryValue("") == nil)
    }

    @Test(arguments: [
        ("", "a", "1", "?a=1"), ("?", "a", "1", "?a=1"), ("?b=2", "a", "1", "?b=2&a=1"), ("?a=0", "a", "1", "?a=1"),
        ("?a=0&b=%zz&&a=3&c;d", "a", "1", "?a=1&b=%zz&&c;d"), ("?x&a", "a", "1", "?x&a=1"),
        ("?created%5bgte%5d=1", "created[gte]", "2", "?created%5bgte%5d=2"), ("?b&", "a", "1", "?b&a=1"),
        ("", "created[gte]", "2024-01-01T00:00:00Z", "?created[gte]=2024-01-01T00:00:00Z"),
        ("", "types[]", "a,b", "?types[]=a,b"), ("", "DateSent>", "2024-01-01", "?DateSent%3E=2024-01-01"),
        ("", "$filter", "a eq 'b'", "?$filter=a%20eq%20'b'"), ("", "c", "a+b/c==", "?c=a%2Bb/c%3D%3D"),
        ("", "c", "x&y=z;#%é\r\n", "?c=x%26y%3Dz%3B%23%25%C3%A9%0D%0A"), ("", "a&b", "[]", "?a%26b=%5B%5D"),
        ("?a=1#f", "a", "2", "?a=2#f"),
    ])
    func sets(query: String, name: String, value: String, expected: String) throws {
        var url = try WebURL("https://h/p" + query)
        url.setQuery(name, value)
        #expect(url.text == "https://h/p" + expected)
        #expect(url.queryValue(name) == value)
        #expect(try WebURL(url.text) == url)
    }

    @Test func appendsRepeatedNames() throws {
        var url = try WebURL("https://h/?types[]=a")
        url.appendQuery("types[]", "b")
        #expect(url.text == "https://h/?types[]=a&types[]=b")
    }

    @Test(arguments: [
        ("?a=1", ""), ("?a=1&b=2", "?b=2"), ("?b=2&a=1", "?b=2"), ("?a&a=2&b&%61=3", "?b"), ("?b&&c", "?b&&c"),
        ("?", "?"), ("", ""),
    ])
    func removes(query: String, expected: String) throws {
        var url = try WebURL("https://h/" + query)
        url.removeQuery("a")
        #expect(url.text == "https://h/" + expected)
    }

    @Test func redactsValues() throws {
        let url = try WebURL("https://h/v1/u?api_key=canary&page=2&canary&limit=10&to%6ben=canary#canary")
        #expect(url.redacted() == "https://h/v1/u?api_key=…&page=…&…&limit=…&to%6ben=…")
        #expect(url.redacted(harmless: ["page", "limit"]) == "https://h/v1/u?api_key=…&page=2&…&limit=10&to%6ben=…")
        #expect("\(url)".contains("canary") == false)
        #expect(try WebURL("https://h/v1").redacted() == "https://h/v1")
    }
}
