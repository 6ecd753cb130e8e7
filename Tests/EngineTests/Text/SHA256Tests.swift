import Engine
import EngineTestKit
import Testing

@Suite struct SHA256Tests {
    static func hex(_ text: String, pieces: Int = 1_000_000) -> String {
        var hash = SHA256()
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + pieces)
            bytes[start..<end].withUnsafeBytes { hash.add($0) }
            start = end
        }
        return ASCII.hex(hash.digest)
    }

    /// FIPS 180-4's examples.
    @Test func knownAnswers() {
        #expect(Self.hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(Self.hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        let two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
        #expect(Self.hex(two) == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
        let many = String(repeating: "a", count: 1_000_000)
        #expect(Self.hex(many) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test func piecesMakeNoDifference() {
        let text = String(repeating: "0123456789", count: 40)
        for pieces in [1, 7, 63, 64, 65, 128] { #expect(Self.hex(text, pieces: pieces) == Self.hex(text)) }
    }
}
