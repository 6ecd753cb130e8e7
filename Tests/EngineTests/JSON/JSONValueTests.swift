import Engine
import Testing

@Suite struct JSONValueTests {
    private let value = JSONValue.object([
        .init(name: "a", value: .int(1)), .init(name: "b", value: .array([.string("x"), .null])),
    ])

    @Test func membersAndElementsAreFoundOrNil() {
        #expect(value["a"] == .int(1))
        #expect(value["c"] == nil)
        #expect(value["b"]?[0]?.string == "x")
        #expect(value["b"]?[2] == nil)
        #expect(value["b"]?[-1] == nil)
        #expect(value[0] == nil)
        #expect(JSONValue.null["a"] == nil)
    }

    @Test func numbersConvertOnlyWithoutLoss() {
        #expect(JSONValue.int(3).int == 3)
        #expect(JSONValue.real(3.0).int == 3)
        #expect(JSONValue.real(3.5).int == nil)
        #expect(JSONValue.real(1e300).int == nil)
        #expect(JSONValue.number("12345678901234567890").int == nil)
        #expect(JSONValue.number("12345678901234567890").double == 12345678901234567168)
        #expect(JSONValue.number("1e400").double == nil)
        #expect(JSONValue.string("3").int == nil)
    }

    @Test func kindsHaveNamesForMessages() {
        #expect("\(value.kind) \(JSONValue.bool(true).kind) \(JSONValue.number("1").kind)" == "object boolean number")
    }
}
