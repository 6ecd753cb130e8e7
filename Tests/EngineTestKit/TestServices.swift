public import Engine

/// What the engine asks of the world, from a seed: a plain decoder, an unkeyed hash, repeatable chance.
public struct TestServices: Services, Sendable {
    public enum Chance: Sendable {
        case seeded(Seeded)
        /// Always that number: the bounds of jitter.
        case always(UInt64)
    }
    public var chance: Chance
    public init(_ chance: Chance) { self.chance = chance }

    public func decode(_ bytes: UnsafeRawBufferPointer) -> JSONValue? {
        try? JSONValue(bytes) { TestServices.scalar($0) }
    }

    /// FNV-1a, twice from different starts.
    public func fingerprint(_ bytes: UnsafeRawBufferPointer) -> Fingerprint {
        var low: UInt64 = 0xCBF2_9CE4_8422_2325
        var high: UInt64 = 0x6C62_272E_07BB_0142
        for byte in bytes {
            low = (low ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
            high = (high ^ UInt64(byte ^ 0x5A)) &* 0x0000_0100_0000_01B3
        }
        return Fingerprint(low: low, high: high)
    }

    public func sha256(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var hash = SHA256()
        hash.add(bytes)
        return hash.digest
    }

    public mutating func random() -> UInt64 {
        switch chance {
        case .always(let number): return number
        case .seeded(var generator):
            defer { chance = .seeded(generator) }
            return generator.next()
        }
    }

    private static func scalar(_ bytes: UnsafeRawBufferPointer) -> JSONValue {
        let text = String(decoding: bytes, as: UTF8.self)
        switch text.utf8.first {
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "t"): return .bool(true)
        case UInt8(ascii: "f"): return .bool(false)
        case UInt8(ascii: "\""): return .string(unescaped(text.dropFirst().dropLast()))
        default:
            if let number = Int64(text) { return .int(number) }
            if !text.contains(where: { ".eE".contains($0) }) { return .number(text) }
            if let number = Double(text), number.isFinite { return .real(number) }
            return .number(text)
        }
    }

    /// Enough for tests: no surrogate pairs.
    private static func unescaped(_ text: Substring) -> String {
        var result = ""
        var rest = text
        while let character = rest.popFirst() {
            guard character == "\\", let escape = rest.popFirst() else {
                result.append(character)
                continue
            }
            switch escape {
            case "n": result.append("\n")
            case "r": result.append("\r")
            case "t": result.append("\t")
            case "b": result.append("\u{8}")
            case "f": result.append("\u{C}")
            case "u":
                let scalar = UInt32(rest.prefix(4), radix: 16).flatMap(Unicode.Scalar.init)
                result.unicodeScalars.append(scalar ?? "\u{FFFD}")
                rest = rest.dropFirst(4)
            default: result.append(escape)
            }
        }
        return result
    }
}
