import Engine
import Testing

@Suite struct HeaderFieldsLinesTests {
    private func fields(_ head: String) -> [[String]] {
        let fields = Array(head.utf8).withUnsafeBytes { HeaderFields(head: $0) }
        #expect(
            fields.size
                == (0..<fields.count).reduce(0) {
                    $0 + fields.name(at: $1).utf8.count + fields.value(at: $1).utf8.count
                })
        return (0..<fields.count).map { [fields.name(at: $0), fields.value(at: $0)] }
    }

    @Test func aHeadGivesItsFieldsInOrder() {
        let head = "HTTP/1.1 200 OK: fine\r\nA: 1\r\nb:\t2 3 \t\r\nC:\r\nA:x:y\r\n"
        #expect(fields(head) == [["A", "1"], ["b", "2 3"], ["C", ""], ["A", "x:y"]])
    }

    @Test func bareLineEndsAndNoLineEndAreLines() {
        #expect(fields("HTTP/2 200\nA: 1\nB: 2") == [["A", "1"], ["B", "2"]])
    }

    @Test func whatIsNoFieldIsPassedOver() {
        #expect(fields("") == [])
        #expect(fields("HTTP/1.1 200 OK") == [])
        #expect(fields("HTTP/1.1 200 OK\r\n\r\nno colon\r\n:empty\r\nA: 1\r\n") == [["", "empty"], ["A", "1"]])
    }
}
