import EngineTestKit
import Testing

@testable import Engine
@testable import IO

@Suite struct ByteHashTests {
    private func add(_ text: String, to hash: inout ByteHash) {
        Array(text.utf8).withUnsafeBytes { hash.add($0) }
    }

    /// FIPS 180-4's example, in pieces; what comes next begins anew.
    @Test func knownAnswers() throws {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        var hash = ByteHash()
        let none = try hash.takeHex()
        #expect(none == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        for _ in 0..<2 {
            for piece in ["a", "", "bc"] { add(piece, to: &hash) }
            let taken = try hash.takeHex()
            #expect(taken == abc)
        }
    }

    /// What the engine's tests go by says the same, and so does a hash of its own.
    @Test(arguments: [1, 55, 56, 63, 64, 65, 1000]) func bothAreOne(_ count: Int) throws {
        let text = String(repeating: "x", count: count)
        var own = SHA256()
        Array(text.utf8).withUnsafeBytes { own.add($0) }
        var hash = ByteHash()
        add(text, to: &hash)
        let taken = try hash.takeHex()
        #expect(taken == ASCII.hex(own.digest))
        #expect(Array(text.utf8).withUnsafeBytes { ByteHash.of($0) } == own.digest)
    }
}
