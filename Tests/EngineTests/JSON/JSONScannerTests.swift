import Engine
import Testing

/// Scans `text` and gives, per target, the texts of what it matched.
func scan(_ text: String, _ targets: [JSONTarget]) throws -> [[String]] {
    let scanner = try JSONScanner(targets)
    var matches = JSONMatches()
    return try Array(text.utf8).withUnsafeBytes { body in
        try scanner.scan(body, into: &matches)
        return targets.indices.map { target in matches[target].values.map { $0.span.text(in: body) } }
    }
}

func values(_ text: String, _ path: String) throws -> [String] { try scan(text, [.value(JSONPath(path))])[0] }

/// Scans `text` for the elements at `path` and gives them with their fields.
func elements(_ text: String, _ path: String, fields: [String] = []) throws -> [[String?]] {
    let scanner = try JSONScanner([.elements(JSONPath(path), fields: fields.map { try JSONPath($0) })])
    var matches = JSONMatches()
    return try Array(text.utf8).withUnsafeBytes { body in
        try scanner.scan(body, into: &matches)
        let found = matches[0]
        return found.elements.indices.map { element in
            [found.elements[element].text(in: body)]
                + fields.indices.map { found.field($0, of: element)?.text(in: body) }
        }
    }
}

@Suite struct JSONScannerTests {
    @Test func everySelectorFormFindsItsValues() throws {
        let body = #"{"data":{"items":[{"id":1},{"id":2}],"a.b":3,"x":{"id":4},"y":{"id":5}},"n":null}"#
        #expect(try values(body, "") == [body])
        #expect(try values(body, "$") == [body])
        #expect(try values(body, "n") == ["null"])
        #expect(try values(body, "data.items") == [#"[{"id":1},{"id":2}]"#])
        #expect(try values(body, "data.items[*].id") == ["1", "2"])
        #expect(try values(body, "data.items.*.id") == ["1", "2"])
        #expect(try values(body, "data.items[0]") == [#"{"id":1}"#])
        #expect(try values(body, "data.items[1].id") == ["2"])
        #expect(try values(body, "data.items[-1].id") == ["2"])
        #expect(try values(body, "data.items[2]") == [])
        #expect(try values(body, #"data["a.b"]"#) == ["3"])
        #expect(try values(body, "data.*.id") == ["4", "5"])
        #expect(try values(body, "/data/items/1/id") == ["2"])
        #expect(try values(body, "/data/a.b") == ["3"])
        #expect(try values(body, "data.items.id") == [])
        #expect(try values(#"{"":1,"/":2,"~":3,"0":4}"#, "/") == ["1"])
        #expect(try values(#"{"":1,"/":2,"~":3,"0":4}"#, "/~1") == ["2"])
        #expect(try values(#"{"":1,"/":2,"~":3,"0":4}"#, "/~0") == ["3"])
        #expect(try values(#"{"":1,"/":2,"~":3,"0":4}"#, "/0") == ["4"])
    }

    @Test func manyTargetsAreFoundInOnePass() throws {
        let body = #" {"data" : [ {"id":1,"t":"a"} , {"id":2} ] , "next" : "abc" , "more":true} "#
        let found = try scan(
            body,
            [
                .value(JSONPath("next")), .value(JSONPath("more")), .value(JSONPath("data[*].id")),
                .value(JSONPath("data[-1].id")), .value(JSONPath("data[0]")), .value(JSONPath("nothing")),
            ])
        #expect(found == [["\"abc\""], ["true"], ["1", "2"], ["2"], [#"{"id":1,"t":"a"}"#], []])
    }

    @Test func elementsComeWithTheirFields() throws {
        let body = #"{"data":[{"id":1,"at":{"s":"x"}},{"at":{"s":"y"},"id":"two"},[],7,{"at":{}}]}"#
        #expect(
            try elements(body, "data", fields: ["id", "at.s", ""]) == [
                [#"{"id":1,"at":{"s":"x"}}"#, "1", "\"x\"", #"{"id":1,"at":{"s":"x"}}"#],
                [#"{"at":{"s":"y"},"id":"two"}"#, "\"two\"", "\"y\"", #"{"at":{"s":"y"},"id":"two"}"#],
                ["[]", nil, nil, "[]"], ["7", nil, nil, "7"], [#"{"at":{}}"#, nil, nil, #"{"at":{}}"#],
            ])
    }

    @Test func anObjectIsOneElementAndAScalarNone() throws {
        #expect(try elements(#"{"d":{"id":3}}"#, "d", fields: ["id", ""]) == [[#"{"id":3}"#, "3", #"{"id":3}"#]])
        #expect(try elements(#"{"d":null}"#, "d", fields: ["id"]) == [])
        #expect(try elements("[]", "") == [])
        #expect(try elements("[[1],[2,3]]", "[*]") == [["1"], ["2"], ["3"]])
    }

    @Test func escapedNamesMatchSelectors() throws {
        #expect(try values(#"{"\u0061b":1}"#, "ab") == ["1"])
        #expect(try values(#"{"\ud83d\ude00\n\/":1}"#, "[\"😀\n/\"]") == ["1"])
        #expect(try values(#"{"ab":1,"\u0061b":2}"#, "ab") == ["2"])
    }

    @Test func theLastOfARepeatedNameCounts() throws {
        #expect(try values(#"{"a":1,"a":2}"#, "a") == ["2"])
        #expect(try values(#"{"a":{"b":1},"a":{"b":2}}"#, "a.b") == ["2"])
        #expect(try values(#"{"a":{"b":1},"a":5}"#, "a.b") == [])
        #expect(try values(#"{"a":{"b":1},"c":{"b":9},"a":{"b":2}}"#, "*.b") == ["9", "2"])
        #expect(try values(#"[{"a":1,"a":2},{"a":3}]"#, "[*].a") == ["2", "3"])
        #expect(try values(#"[{"a":1},{"b":3}]"#, "[-1].a") == [])
        #expect(try elements(#"{"a":[1,2],"a":[3]}"#, "a") == [["3"]])
        #expect(try elements(#"[{"k":{"i":1},"k":2},{"k":{"i":1}}]"#, "", fields: ["k.i"]).map { $0[1] } == [nil, "1"])
        #expect(
            try elements(#"{"a":[{"i":1}],"b":[{"i":2}],"a":[{"i":3},{"i":4}]}"#, "*", fields: ["i"])
                == [[#"{"i":2}"#, "2"], [#"{"i":3}"#, "3"], [#"{"i":4}"#, "4"]])
    }

    @Test func matchesAreReusedBetweenPages() throws {
        let scanner = try JSONScanner([.elements(JSONPath("d"), fields: [JSONPath("i")])])
        var matches = JSONMatches()
        for count in [3, 0, 1] {
            let body = #"{"d":["# + (0..<count).map { #"{"i":\#($0)}"# }.joined(separator: ",") + "]}"
            try Array(body.utf8).withUnsafeBytes { try scanner.scan($0, into: &matches) }
            #expect(matches[0].elements.count == count)
            #expect(matches[0].values.count == 1)
        }
        #expect(throws: JSONError.self) {
            try Array(#"{"d":[1"#.utf8).withUnsafeBytes { try scanner.scan($0, into: &matches) }
        }
        #expect(matches[0].elements.isEmpty)
    }

    @Test func aByteOrderMarkIsSkippedAndCounted() throws {
        #expect(try values("\u{FEFF}{\"a\":1}", "a") == ["1"])
    }
}

@Suite struct JSONScannerSizeTests {
    @Test func aBodyOf64MegabytesIsCutIntoItsRecords() throws {
        let record = Array(#"{"id":7,"text":""#.utf8) + [UInt8](repeating: 0x78, count: 64_000) + Array("\"}".utf8)
        let count = 64 * 1_048_576 / record.count + 1
        var body = Array("{\"data\":[".utf8)
        body.reserveCapacity(count * (record.count + 1) + 64)
        for i in 0..<count {
            if i > 0 { body.append(0x2C) }
            body += record
        }
        body += Array("],\"next\":\"n\"}".utf8)
        let scanner = try JSONScanner([.elements(JSONPath("data"), fields: [JSONPath("id")]), .value(JSONPath("next"))])
        var matches = JSONMatches()
        try body.withUnsafeBytes { body in
            try scanner.scan(body, into: &matches)
            #expect(matches[0].elements.count == count)
            #expect(matches[0].elements.allSatisfy { $0.count == record.count })
            #expect(matches[0].field(0, of: count - 1)?.text(in: body) == "7")
            #expect(matches[1].first?.text(in: body) == "\"n\"")
        }
    }

    @Test func moreThanTwoGibibytesAreRefusedUnread() throws {
        let byte: [UInt8] = [0x31]
        let error = #expect(throws: JSONError.self) {
            try byte.withUnsafeBytes { real in
                // Never read: the length alone is refused.
                try JSONScanner.validate(UnsafeRawBufferPointer(start: real.baseAddress, count: 1 << 31))
            }
        }
        #expect(error?.kind == .tooLarge)
    }

    @Test func spacesOfEveryLengthBetweenTokensAreSkipped() throws {
        for count in 0..<40 {
            let space = String(repeating: " ", count: count)
            for gap in [space, "\n" + space, space + "\t", "\r\n" + space + "\n" + space] {
                let text = "\(gap){\(gap)\"a\"\(gap):\(gap)[\(gap)1\(gap),\(gap)\"x\"\(gap)]\(gap)}\(gap)"
                #expect(try values(text, "a[1]") == ["\"x\""])
                #expect(try values(text, "a[0]") == ["1"])
            }
        }
    }
}
