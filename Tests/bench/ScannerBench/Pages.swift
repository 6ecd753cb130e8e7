/// Pages of 100 records like those of common APIs, the same bytes in every run. Sixteen of each sort, with other
/// contents, because a branch predictor learns one page by heart and then flatters the scanner.
let pages: [(name: String, bodies: [[UInt8]])] = [
    ("compact", some { page($0, text: "The quick brown fox jumps over the lazy dog", pretty: false) }),
    ("pretty", some { page($0, text: "The quick brown fox jumps over the lazy dog", pretty: true) }),
    ("escapes", some { page($0, text: #"C:\\temp\\x \"quoted\" \u00e9\n"#, pretty: false) }),
    ("cyrillic", some { page($0, text: "Съешь же ещё этих мягких французских булок", pretty: false) }),
    ("cjk", some { page($0, text: "敏捷的棕色狐狸跳过了懒狗敏捷的棕色狐狸", pretty: false) }),
    ("long text", some { page($0, text: String(repeating: "Lorem ipsum dolor sit amet. ", count: 60), pretty: false) }),
    ("numbers", some { numbers($0) }),
]

func some(_ make: (UInt64) -> [UInt8]) -> [[UInt8]] { (1...16).map(make) }

struct Generator {
    var state: UInt64
    mutating func next(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(truncatingIfNeeded: state >> 33) % bound
    }
}

func page(_ seed: UInt64, text: String, pretty: Bool) -> [UInt8] {
    let words = ["amber", "basalt", "cedar", "dune", "ember", "fjord", "glacier", "harbour", "iris", "juniper"]
    var random = Generator(state: seed &* 7_919)
    let line = pretty ? "\n      " : ""
    let space = pretty ? " " : ""
    let records = (0..<100).map { i -> String in
        let first = words[random.next(10)]
        let members = [
            ("id", "\(1_000_000 + i * 37)"), ("name", "\"\(first) \(words[random.next(10)])\""),
            ("email", "\"\(first)\(random.next(10_000))@example.com\""),
            ("amount", "\(random.next(100_000)).\(10 + random.next(90))"),
            ("currency", "\"EUR\""), ("active", random.next(3) > 0 ? "true" : "false"),
            ("created_at", "\"2024-0\(1 + random.next(9))-1\(random.next(10))T0\(random.next(10)):12:33Z\""),
            ("note", random.next(4) > 0 ? "\"\(text)\"" : "null"),
            ("tags", "[\"\(words[random.next(10)])\",\(space)\"\(words[random.next(10)])\"]"),
            (
                "address",
                "{\"city\":\(space)\"\(words[random.next(10)])\",\(space)\"zip\":\(space)\(random.next(90_000))}"
            ),
        ]
        return "{" + members.map { "\(line)\"\($0)\":\(space)\($1)" }.joined(separator: ",")
            + (pretty ? "\n    }" : "}")
    }
    let separator = pretty ? ",\n    " : ","
    let body =
        "{\(pretty ? "\n  " : "")\"data\":\(space)[\(pretty ? "\n    " : "")\(records.joined(separator: separator))"
        + "],\(space)\"has_more\":\(space)true,\(space)\"next_cursor\":\(space)\"YWJjZGVmZ2hpag\"}"
    return Array(body.utf8)
}

func numbers(_ seed: UInt64) -> [UInt8] {
    var random = Generator(state: seed &* 7_919)
    let rows = (0..<400).map { _ in
        "[\(random.next(1000)),\(random.next(90)).\(random.next(100_000)),-\(random.next(9))e3]"
    }
    return Array("{\"data\":[\(rows.joined(separator: ","))]}".utf8)
}
