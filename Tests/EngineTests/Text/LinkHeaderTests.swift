import Engine
import Foundation
import Testing

@Suite struct LinkHeaderTests {
    @Test(.enabled(if: Vectors.exist("link_header.json"), "needs the shared vectors"))
    func readsAllVectors() throws {
        let cases = try Vectors.cases("link_header.json")
        #expect(cases.count >= 51)
        for example in cases {
            let input = try #require(example["input"] as? String)
            let expected = try #require(example["links"] as? [[String: Any]])
            let header = LinkHeader(input)
            let found = header.links.flatMap(flattened)
            #expect(found as NSArray == expected as NSArray, "\(input.prefix(200))")

            guard let next = example["next"] else { continue }
            let base = try WebURL(example["base"] as? String ?? "https://base.example/")
            #expect(try header.next(relativeTo: base)?.text == next as? String, "\(input.prefix(200))")
        }
    }

    /// The vectors' form: one entry for each relation, a repeated attribute as an array.
    private func flattened(_ link: LinkHeader.Link) -> [[String: Any]] {
        var entry: [String: Any] = ["uri": link.target]
        for attribute in link.attributes {
            var value: Any = attribute.value
            if attribute.name.hasSuffix("*"), let extended = ExtendedValue(attribute.value) {
                value = [
                    "language": extended.language, "value": extended.text ?? extended.encoded,
                    "encoding": extended.text == nil ? extended.charset as Any : NSNull(),
                ]
            }
            if let earlier = entry[attribute.name] {
                entry[attribute.name] = (earlier as? [Any] ?? [earlier]) + [value]
            } else {
                entry[attribute.name] = value
            }
        }
        if link.relations.isEmpty { return [entry] }
        return link.relations.map { relation in
            var one = entry
            one["rel"] = relation
            return one
        }
    }

    @Test func readsSeveralLines() throws {
        let header = LinkHeader(["</a>; rel=prev", "nonsense", "</b>; REL=\"Next\"; title*=UTF-8''n%C3%A4; title=n"])
        #expect(header.links.count == 2)
        #expect(header.first("next")?.title == "nä")
        #expect(try header.next(relativeTo: WebURL("https://h/x"))?.text == "https://h/b")
    }

    @Test func passesOverLinksAboutOtherPages() throws {
        let header = LinkHeader("</evil>; rel=next; anchor=\"/other\", </b>; rel=next")
        #expect(header.first("next")?.target == "/b")
    }

    @Test func nextThatIsNoURLIsAnError() throws {
        let base = try WebURL("https://h/x")
        for target in ["ftp://h/", "https://u:p@h/", "a b", "https://h:0/"] {
            #expect(throws: WebURLError.self) { try LinkHeader("<\(target)>; rel=next").next(relativeTo: base) }
        }
    }

    @Test func survivesRandomTexts() {
        let pieces = [
            "<", ">", ";", ",", "\"", "\\", "=", "rel", "next", "</a>", " ", "\r\n ", "title*", "UTF-8''%C3", "é",
        ]
        TextFuzz.run(seed: 2, pieces: pieces) { text in
            for link in LinkHeader(text).links { _ = link.title }
        }
    }

    @Test func isLinear() {
        for text in TextFuzz.adversarial([
            "<", "<>", "<>,", "<>;", "<>;a=\"\\", ";", " ", "<a>;rel=\" ", "\r\n ", "<>;rel=a,",
        ]) {
            #expect(TextFuzz.seconds { _ = LinkHeader(["<>;" + text.dropLast(3), text]).first("next") } < 2)
        }
        #expect(LinkHeader(String(repeating: "<>,", count: 65536)).links.isEmpty)
    }
}
