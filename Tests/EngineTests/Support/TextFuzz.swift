import Foundation

/// Seeded random texts for parsers: bytes from an alphabet that the parser cares about, pieces of valid texts, and
/// now and then any byte at all. Short by default; `PENSTOCK_FUZZ_SECONDS` gives each loop that long.
struct TextFuzz {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(bound, 1))) }

    mutating func text(of pieces: [String], longest: Int) -> String {
        var bytes: [UInt8] = []
        let count = below(longest)
        while bytes.count < count {
            switch below(12) {
            case 0: bytes.append(UInt8(truncatingIfNeeded: next()))
            case 1: bytes.append(UInt8(0x20 + below(0x5F)))
            case 2: if !bytes.isEmpty { bytes.remove(at: below(bytes.count)) }
            default: bytes.append(contentsOf: pieces[below(pieces.count)].utf8)
            }
            if below(40) == 0 { break }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func run(seed: UInt64, pieces: [String], longest: Int = 60, _ body: (String) throws -> Void) rethrows {
        let seconds = ProcessInfo.processInfo.environment["PENSTOCK_FUZZ_SECONDS"].flatMap(Double.init) ?? 0
        let end = Date().addingTimeInterval(seconds)
        var fuzz = TextFuzz(seed: seed)
        var rounds = 0
        repeat {
            for _ in 0..<2000 { try body(fuzz.text(of: pieces, longest: longest)) }
            rounds += 1
        } while Date() < end
    }

    /// 64 KiB texts that backtracking or quadratic parsers choke on, each piece repeated.
    static func adversarial(_ pieces: [String], size: Int = 64 * 1024) -> [String] {
        pieces.map { piece in
            var text = ""
            while text.utf8.count + piece.utf8.count <= size { text += piece }
            return text
        }
    }

    /// Seconds of this thread's processor time, which a busy machine doesn't stretch; linear parsers take milliseconds
    /// in a debug build, quadratic ones minutes.
    static func seconds(_ body: () throws -> Void) rethrows -> Double {
        func spent() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
        let start = spent()
        try body()
        return spent() - start
    }
}
