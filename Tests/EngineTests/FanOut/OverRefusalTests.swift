import Engine
import Testing

/// What "over" is refused for, and where.
@Suite struct OverRefusalTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var over: String
        var path = "/x/{a}"
        var more = ""
        let pointer: String
        let part: String
        var testDescription: String { over }
    }

    @Test(arguments: cases) func refused(_ wanted: Case) throws {
        let failure = try failure {
            try source(
                "\"streams\": {\"users\": \"/users\", \"s\": {\"path\": \"\(wanted.path)\"\(wanted.more), "
                    + "\"over\": \(wanted.over)}}")
        }
        #expect(failure?.pointer == wanted.pointer, "\(String(describing: failure?.message))")
        #expect(failure?.message.contains(wanted.part) == true, "\(String(describing: failure?.message))")
        #expect(failure?.code == .config)
    }

    private static func users(_ more: String = "") -> String {
        "{\"stream\": \"users\", \"key\": \"id\", \"as\": \"a\"\(more)}"
    }

    static let cases: [Case] = [
        Case(
            over: "{}", pointer: "/streams/s/over",
            part: "expected a key \"stream\", \"streams\", \"items\" or \"product\""),
        Case(over: "[]", pointer: "/streams/s/over", part: "the list is empty"),
        Case(over: "{\"streem\": \"users\"}", pointer: "/streams/s/over/streem", part: "did you mean \"stream\"?"),
        Case(over: "{\"stream\": \"users\"}", pointer: "/streams/s/over/key", part: "missing key \"key\""),
        Case(
            over: "{\"stream\": \"users\", \"key\": \"id\"}", pointer: "/streams/s/over/as", part: "missing key \"as\""),
        Case(
            over: "{\"stream\": \"user\", \"key\": \"id\", \"as\": \"a\"}", pointer: "/streams/s/over/stream",
            part: "the source has no stream \"user\"; did you mean \"users\"?"),
        Case(
            over: "{\"stream\": \"s\", \"key\": \"id\", \"as\": \"a\"}", pointer: "/streams/s/over/stream",
            part: "a stream is its own parent: \"s\", \"s\""),
        Case(over: users(", \"items\": [1]"), pointer: "/streams/s/over/items", part: "exclude each other"),
        Case(over: users(", \"batch\": 0"), pointer: "/streams/s/over/batch", part: "from 1 to 10000"),
        Case(over: users(", \"separator\": \";\""), pointer: "/streams/s/over/separator", part: "needs \"batch\""),
        Case(
            over: users(", \"batch\": 2, \"carry\": {\"n\": \"name\"}"), pointer: "/streams/s/over/batch",
            part: "exclude each other"),
        Case(
            over: users(", \"batch\": 2, \"repeat\": true"), pointer: "/streams/s/path",
            part: "only query parameters and form fields"),
        Case(
            over: users(", \"batch\": 2, \"repeat\": true"), path: "/x",
            more: ", \"headers\": {\"A\": {\"over\": \"a\"}}", pointer: "/streams/s/headers/A",
            part: "only query parameters and form fields"),
        Case(
            over: users(", \"carry\": {\"a\": \"name\"}"), pointer: "/streams/s/over/as",
            part: "the name \"a\" has two values"),
        Case(
            over: "[\(users()), {\"items\": [1], \"as\": \"a\"}]", pointer: "/streams/s/over/1/as",
            part: "the name \"a\" has two values"),
        Case(
            over: "[\(users()), {\"items\": [1], \"as\": \"b\"}]", pointer: "/streams/s/over/1/as",
            part: "no request has {b} or {\"over\": \"b\"}"),
        Case(over: users(), path: "/x", pointer: "/streams/s/over/as", part: "no request has {a}"),
        Case(
            over: "[\(users(", \"at_once\": 2"))]", pointer: "/streams/s/over/0/at_once", part: "unknown key"),
        Case(over: users(", \"on_error\": \"ignore\""), pointer: "/streams/s/over/on_error", part: "\"skip\""),
        Case(
            over: users(), more: ", \"query\": {\"q\": {\"over\": \"b\"}}", pointer: "/streams/s/query/q",
            part: "\"over\" gives no value \"b\""),
        Case(
            over: users(), more: ", \"query\": {\"q\": \"x{over.b}\"}", pointer: "/streams/s/query/q",
            part: "\"over\" gives no value \"b\""),
        Case(over: users(), path: "/x/{over.b}", pointer: "/streams/s/path", part: "\"over\" gives no value \"b\""),
        Case(
            over: users(", \"batch\": 2, \"repeat\": true"), path: "/x", more: ", \"query\": {\"q\": \"x{over.a}\"}",
            pointer: "/streams/s/query/q", part: "only query parameters and form fields"),
        Case(
            over: "{\"items\": [1], \"as\": \"a\", \"else\": {\"stream\": \"users\", \"key\": \"id\"}}",
            pointer: "/streams/s/over/else", part: "\"else\" is for a parameter"),
        Case(
            over: "{\"items\": [true], \"as\": \"a\"}", pointer: "/streams/s/over/items/0", part: "found true or false"),
        Case(
            over: users(),
            more: ", \"pagination\": {\"type\": \"page\", \"slot\": {\"in\": \"path\", \"name\": \"a\"}}",
            pointer: "/streams/s/over/as", part: "the pagination has the placeholder {a}"),
    ]

    @Test func namesElsewhere() throws {
        for members in [
            "\"query\": {\"q\": {\"over\": \"a\"}}",
            "\"streams\": {\"s\": {\"path\": \"/\", \"query\": {\"q\": {\"over\": \"a\"}}}}",
        ] {
            let failure = try failure { try source(members) }
            #expect(failure?.message.contains("nothing here is walked over anything") == true)
        }
        let secret = try failure {
            try source("\"auth\": {\"type\": \"bearer\", \"token\": {\"over\": \"a\"}}")
        }
        #expect(secret?.pointer == "/auth/token/over")
    }

    @Test func circlesAndTowers() throws {
        func stream(_ name: String, over parent: String) -> String {
            "\"\(name)\": {\"path\": \"/{\(name)}\", \"over\": "
                + "{\"stream\": \"\(parent)\", \"key\": \"id\", \"as\": \"\(name)\"}}"
        }
        let circle = try failure {
            try source("\"streams\": {\(stream("a", over: "b")), \(stream("b", over: "c")), \(stream("c", over: "a"))}")
        }
        #expect(circle?.pointer == "/streams/c/over/stream")
        #expect(circle?.message.contains("\"a\", \"b\", \"c\", \"a\"") == true)
        // Each over the one before, twice: 2^40 walks.
        var tower = ["\"t0\": \"/t0\""]
        for level in 1...40 {
            let parent = "\"stream\": \"t\(level - 1)\", \"key\": \"id\""
            tower.insert(
                "\"t\(level)\": {\"path\": \"/{a\(level)}/{b\(level)}\", \"over\": [{\(parent), \"as\": \"a\(level)\", "
                    + "\"batch\": 2}, {\(parent), \"as\": \"b\(level)\", \"batch\": 2}]}", at: 0)
        }
        let high = try failure { try source("\"streams\": {\(tower.joined(separator: ", "))}") }
        #expect(high?.message.contains("more than 100 parents above one stream") == true)
    }

    @Test func namesOfBothParentsAreTakenOnce() throws {
        func over(_ parent: String, _ name: String) -> String {
            "{\"stream\": \"\(parent)\", \"key\": \"id\", \"as\": \"\(name)\"}"
        }
        let failure = try failure {
            try source(
                "\"streams\": {\"u\": \"/u\", \"p\": {\"path\": \"/{uid}/p\", \"over\": \(over("u", "uid"))}, "
                    + "\"q\": {\"path\": \"/{uid}/q\", \"over\": \(over("u", "uid"))}, "
                    + "\"s\": {\"path\": \"/{pid}/{qid}\", \"over\": [\(over("p", "pid")), \(over("q", "qid"))]}}")
        }
        #expect(failure?.pointer == "/streams/s/over/1/as")
        #expect(failure?.message.contains("the name \"uid\" has two values") == true)
    }
}
