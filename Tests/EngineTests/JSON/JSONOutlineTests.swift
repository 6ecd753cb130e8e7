import Engine
import Testing

@Suite struct JSONOutlineTests {
    private func outline(_ text: String) throws -> JSONOutline {
        try Array(text.utf8).withUnsafeBytes { try JSONOutline($0) }
    }

    @Test func membersAreListedWithKindAndCount() throws {
        let shape = try outline(
            #"{"meta":{"page":{"next":null,"deep":{"er":1}},"a.b":true},"data":[{"id":1},2],"none":[],"n\u0061me":"x"}"#
        )
        #expect(shape.kind == .object)
        #expect(shape.count == 4)
        let paths = shape.members.indices.map { shape.path(to: $0) }
        #expect(
            paths == [
                "meta", "meta.page", "meta.page.next", "meta.page.deep", #"meta["a.b"]"#, "data", "none", "name",
            ])
        #expect(shape.members.map(\.kind) == [.object, .object, .null, .object, .bool, .array, .array, .string])
        #expect(shape.members.map(\.count) == [2, 2, 0, 1, 0, 2, 0, 0])
        #expect(shape.members[5].firstElement?.kind == .object)
        #expect(shape.members[6].firstElement == nil)
    }

    @Test func everyPathOfAnOutlineFindsItsMember() throws {
        let text = #"{"a.b":{"*":[1],"":{"$":2}},"/x":{"c]d":null},"e":{"f":{"g":1}}}"#
        let shape = try outline(text)
        for (i, member) in shape.members.enumerated() {
            try Array(text.utf8).withUnsafeBytes { body in
                let scanner = try JSONScanner([.value(JSONPath(shape.path(to: i)))])
                var matches = JSONMatches()
                try scanner.scan(body, into: &matches)
                #expect(matches[0].first == member.span, "\(shape.path(to: i))")
            }
        }
    }

    @Test func topLevelArraysAndScalarsAreTold() throws {
        #expect(try outline(" [ {} , 1 , [2] ] ").count == 3)
        #expect(try outline("[\"a\"]").firstElement?.kind == .string)
        #expect(try outline("12").kind == .number)
        #expect(throws: JSONError.self) { try outline("{\"a\":[1,]}") }
    }

    @Test func theLastOfARepeatedNameCounts() throws {
        let shape = try outline(#"{"a":{"x":1},"b":2,"a":{"y":1}}"#)
        #expect(shape.members.map(\.name) == ["b", "a", "y"])
        #expect(shape.members.map(\.parent) == [nil, nil, 1])
    }

    @Test func aWideBodyIsCut() throws {
        let shape = try outline("{" + (0..<1500).map { "\"m\($0)\":{}" }.joined(separator: ",") + "}")
        #expect(shape.members.count == JSONOutline.maximumMembers)
        #expect(shape.isCut)
        #expect(shape.count == 1500)
    }
}
