// The scanner beside jansson on one page of records, in one process. Arguments: a case's name (all when absent) and
// "once", which runs each case a few times only, for callgrind.
import CJansson
import Engine
import Glibc

func seconds() -> Double {
    var t = timespec()
    clock_gettime(CLOCK_MONOTONIC, &t)
    return Double(t.tv_sec) + Double(t.tv_nsec) / 1e9
}

let arguments = CommandLine.arguments.dropFirst()
let once = arguments.contains("once")
let wanted = arguments.first { $0 != "once" }

/// The best of several rounds, in seconds a call: noise only ever adds.
func measure(_ body: () -> Void) -> Double {
    if once {
        for _ in 0..<20 { body() }
        return .infinity
    }
    var best = Double.infinity
    var calls = 1
    var rounds = 0
    while rounds < 15 {
        let start = seconds()
        for _ in 0..<calls { body() }
        let took = seconds() - start
        if took < 0.02 {
            calls *= 2
            continue
        }
        best = min(best, took / Double(calls))
        rounds += 1
    }
    return best
}

func report(_ name: String, _ size: Int, _ took: Double, against jansson: Double) {
    if once { return }
    func fixed(_ value: Double, _ digits: Int) -> String {
        let scale = [1.0, 10.0, 100.0][digits]
        return "\((value * scale).rounded() / scale)"
    }
    let rate = fixed(Double(size) / took / 1e6, 0)
    print("  \(name): \(rate) MB/s, \(fixed(took * 1e6, 1)) us, \(fixed(jansson / took, 1))x json_loadb")
}

do {
    let cases: [(name: String, scanner: JSONScanner)] = [
        ("validate only", try JSONScanner([])),
        ("records", try JSONScanner([.elements(JSONPath("data")), .value(JSONPath("next_cursor"))])),
        (
            "records, key, time",
            try JSONScanner([
                .elements(JSONPath("data"), fields: [JSONPath("id"), JSONPath("created_at")]),
                .value(JSONPath("next_cursor")), .value(JSONPath("has_more")),
            ])
        ),
        ("every id by path", try JSONScanner([.value(JSONPath("data[*].id"))])),
    ]
    for (name, bodies) in pages where wanted == nil || wanted == name {
        let size = bodies.reduce(0) { $0 + $1.count } / bodies.count
        print("\(name): \(size) bytes a page")
        let jansson = measure {
            for body in bodies {
                body.withUnsafeBytes { body in
                    let text = body.baseAddress?.assumingMemoryBound(to: CChar.self)
                    var error = json_error_t()
                    json_decref(json_loadb(text, body.count, Int(JSON_DECODE_ANY) | Int(JSON_ALLOW_NUL), &error))
                }
            }
        }
        report("json_loadb", size, jansson / Double(bodies.count), against: jansson / Double(bodies.count))
        for (name, scanner) in cases {
            var matches = JSONMatches()
            let took = measure {
                for body in bodies {
                    body.withUnsafeBytes { body in
                        do { try scanner.scan(body, into: &matches) } catch { print(error) }
                    }
                }
            }
            report(name, size, took / Double(bodies.count), against: jansson / Double(bodies.count))
        }
    }
} catch {
    print(error)
}
