/// What the engine asks of the world while it decides: pure functions of bytes, and chance. IO answers with jansson,
/// xxHash, libcrypto and getentropy; a simulation with whatever its seed says.
public protocol Services {
    /// The value that these bytes are, decoded by jansson. Nil when they are no JSON value.
    func decode(_ bytes: UnsafeRawBufferPointer) -> JSONValue?
    /// A keyed 128-bit fingerprint.
    func fingerprint(_ bytes: UnsafeRawBufferPointer) -> Fingerprint
    /// 32 bytes, the same in every run; none where there is no memory for it.
    func sha256(_ bytes: UnsafeRawBufferPointer) -> [UInt8]
    mutating func random() -> UInt64
}

/// 128 bits that stand for a text. Keyed by run, so that nobody can make two texts collide on purpose.
public struct Fingerprint: Hashable, Sendable {
    public var low: UInt64
    public var high: UInt64
    public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }
    /// It is a hash already.
    public func hash(into hasher: inout Hasher) { hasher.combine(low) }
}

extension Services {
    /// A number from 0 up to and including `most`, uniform enough for jitter.
    mutating func random(upTo most: Int64) -> Int64 {
        guard most > 0 else { return 0 }
        return Int64(bitPattern: random() & 0x7FFF_FFFF_FFFF_FFFF) % (most &+ (most == .max ? 0 : 1))
    }

    func fingerprint(_ text: String) -> Fingerprint {
        var text = text
        return text.withUTF8 { fingerprint(UnsafeRawBufferPointer($0)) }
    }
}
