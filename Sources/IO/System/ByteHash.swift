internal import CCrypto
internal import Engine

/// SHA-256 of bytes that come piece by piece, by libcrypto: it knows the processor's own instructions, and files are hashed
/// as fast as they are written.
struct ByteHash: ~Copyable {
    private let context: OpaquePointer?
    private var isSound: Bool

    init() {
        _ = CurlLibrary.start
        context = EVP_MD_CTX_new()
        isSound = context != nil && EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Of these bytes alone; none when there is no memory for it.
    static func of(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var hash = ByteHash()
        hash.add(bytes)
        return (try? hash.take()) ?? []
    }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        isSound = isSound && EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1
    }

    /// 32 bytes, of what came since the last time.
    mutating func take() throws(Failure) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        guard isSound, EVP_DigestFinal_ex(context, &digest, nil) == 1 else {
            throw Failure(.noMemory, "libcrypto could not hash with SHA-256")
        }
        isSound = EVP_DigestInit_ex(context, nil, nil) == 1
        return digest
    }

    /// The same as 64 digits.
    mutating func takeHex() throws(Failure) -> String { ASCII.hex(try take()) }
}

extension CanonicalBatch {
    static func byLibcrypto() -> CanonicalBatch {
        let hash = Shared()
        return CanonicalBatch { bytes throws(Failure) in
            hash.hash.add(bytes)
            return try hash.hash.take()
        }
    }

    /// One context for all records of a batch.
    private final class Shared { var hash = ByteHash() }
}
