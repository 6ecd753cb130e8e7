import Engine

/// A small seeded generator: the same seed gives the same texts everywhere.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    mutating func below(_ bound: Int) -> Int { Int(truncatingIfNeeded: next() % UInt64(bound)) }
    mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }
}

/// Writes right JSON with everything in it that is easy to get wrong, and spoils it.
struct JSONGenerator {
    var random: SplitMix
    /// Few, so that selectors meet them and names repeat.
    static let names = [
        "a", "b", "id", "data", "items", "0", "1", "", "a.b", "é", "次", "longer_name_than_eight", "longer_name_thaN",
    ]

    mutating func text() -> [UInt8] {
        var out: [UInt8] = []
        space(&out)
        value(&out, depth: 0)
        space(&out)
        return out
    }

    private mutating func space(_ out: inout [UInt8]) {
        guard random.below(4) == 0 else { return }
        for _ in 0..<random.below(random.below(5) == 0 ? 40 : 3) {
            out.append(random.pick([0x20, 0x20, 0x0A, 0x09, 0x0D]))
        }
    }

    private mutating func value(_ out: inout [UInt8], depth: Int) {
        let roll = random.below(depth == 0 ? 12 : depth > 5 ? 8 : 14)
        switch depth == 0 && roll > 0 ? 10 + roll % 4 : roll {
        case 0...2: number(&out)
        case 3...5: string(&out, of: nil)
        case 6: out += Array("true".utf8)
        case 7: out += Array(random.pick(["false", "null"]).utf8)
        case 8...10: array(&out, depth: depth)
        default: object(&out, depth: depth)
        }
    }

    private mutating func array(_ out: inout [UInt8], depth: Int) {
        out.append(0x5B)
        space(&out)
        for i in 0..<random.below(5) {
            if i > 0 { out.append(0x2C) }
            space(&out)
            value(&out, depth: depth + 1)
            space(&out)
        }
        out.append(0x5D)
    }

    private mutating func object(_ out: inout [UInt8], depth: Int) {
        out.append(0x7B)
        space(&out)
        for i in 0..<random.below(6) {
            if i > 0 { out.append(0x2C) }
            space(&out)
            string(&out, of: random.pick(Self.names))
            space(&out)
            out.append(0x3A)
            space(&out)
            value(&out, depth: depth + 1)
            space(&out)
        }
        out.append(0x7D)
    }

    private mutating func number(_ out: inout [UInt8]) {
        let whole = random.pick(["0", "-0", "7", "-12", "345678", "9007199254740993", "9223372036854775807"])
        out += Array((whole + random.pick(["", "", "", ".5", ".10", "e2", "E-3", ".25e+1"])).utf8)
    }

    /// A string that stands for `wanted`, or for anything.
    private mutating func string(_ out: inout [UInt8], of wanted: String?) {
        let content =
            wanted
            ?? (0..<random.below(random.below(4) == 0 ? 40 : 6))
            .map { _ in
                random.pick(["a", "bc", " ", "/", "\"", "\\", "\n", "\t", "\u{1}", "é", "次", "😀", "\u{7F}", "\u{0}"])
            }
            .joined()
        out.append(0x22)
        for scalar in content.unicodeScalars {
            let mustEscape = scalar == "\"" || scalar == "\\" || scalar.value < 0x20
            if mustEscape || random.below(12) == 0 {
                for unit in String(Character(scalar)).utf16 {
                    let hex = String(unit, radix: 16, uppercase: random.below(2) == 0)
                    out += Array(("\\u" + String(repeating: "0", count: 4 - hex.count) + hex).utf8)
                }
            } else {
                out += Array(String(Character(scalar)).utf8)
            }
        }
        out.append(0x22)
    }

    /// Changes a few bytes: to ones that matter to the grammar, to any, away, twice, or cuts the rest off.
    mutating func spoil(_ text: inout [UInt8]) {
        let telling =
            Array("{}[]\",:\\u0123456789abfntrDdEe+-. \n\t".utf8) + [0x00, 0x1F, 0x7F, 0x80, 0xBF, 0xC0, 0xC3]
            + [0xE0, 0xED, 0xA0, 0xEF, 0xBB, 0xF0, 0xF4, 0x90, 0xF5, 0xFF]
        for _ in 0...random.below(3) {
            guard !text.isEmpty else { return }
            let at = random.below(text.count)
            switch random.below(7) {
            case 0: text.remove(at: at)
            case 1: text.insert(random.pick(telling), at: at)
            case 2: text[at] = random.pick(telling)
            case 3: text[at] = UInt8(truncatingIfNeeded: random.next())
            case 4: text.insert(contentsOf: text[at..<min(text.count, at + random.below(12))], at: at)
            case 5: text.swapAt(at, random.below(text.count))
            default: text.removeSubrange(at...)
            }
        }
    }
}
