// A libFuzzer target: any bytes must be accepted or refused without a trap, and what is accepted must be found.
// Built with the engine's own files in one module by Tests/fuzz/run.

private let scanner: JSONScanner? = try? JSONScanner([
    .elements(JSONPath("data"), fields: [JSONPath("id"), JSONPath("a.b"), JSONPath("[-1]")]),
    .value(JSONPath("*.id")), .value(JSONPath("[-1].a")), .value(JSONPath("/0")), .elements(JSONPath("*")),
    .value(JSONPath("")),
])
nonisolated(unsafe) private var matches = JSONMatches()

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // A copy of exactly that size, so that one byte read too many is seen.
    let body = Array(UnsafeBufferPointer(start: start, count: count))
    body.withUnsafeBytes { body in
        let accepted = (try? JSONScanner.validate(body)) != nil
        let scanned = (try? scanner?.scan(body, into: &matches)) != nil
        precondition(accepted == scanned, "one verdict without targets, another with them")
        let outline = try? JSONOutline(body)
        precondition(accepted == (outline != nil), "one verdict for the scan, another for the outline")
        guard accepted else { return }
        precondition(matches[5].first == outline?.root)
        for target in 0..<6 {
            for span in matches[target].values.map(\.span) + matches[target].elements {
                precondition((try? JSONScanner.validate(span.bytes(in: body))) != nil, "a range that is no value")
            }
        }
        _ = try? JSONValue(body) { _ in .string("") }
    }
    return 0
}
