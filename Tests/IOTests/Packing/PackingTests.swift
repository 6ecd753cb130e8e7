import Engine
import EngineTestKit
import Testing

@testable import IO

@Suite struct PackingTests {
    static let kinds: [Compression] = {
        if case .success = Zstd.shared { return [.gzip, .zstd] }
        return [.gzip]
    }()

    private func members(_ texts: [String], _ kind: Compression) throws -> [UInt8] {
        let packer = try #require(try kind.packer())
        var packed: [UInt8] = []
        for text in texts {
            for part in text.utf8.split(separator: 0x20, omittingEmptySubsequences: false) {
                Array(part).withUnsafeBytes { bytes in
                    #expect(throws: Never.self) { try packer.add(bytes) { packed += $0 } }
                }
            }
            try packer.end { packed += $0 }
        }
        return packed
    }

    private func unpacked(_ packed: [UInt8], by size: Int, _ kind: Compression) throws -> [UInt8]? {
        let unpacker = try #require(try kind.unpacker())
        var out: [UInt8] = []
        for start in stride(from: 0, to: packed.count, by: size) {
            let part = Array(packed[start..<min(packed.count, start + size)])
            guard part.withUnsafeBytes({ unpacker.add($0) { out += $0 } }) else { return nil }
        }
        return out
    }

    @Test(arguments: kinds)
    func membersOneBehindTheOther(_ kind: Compression) throws {
        let long = String(repeating: "0123456789abcdef", count: 40_000)
        let packed = try members(["one\n", "", long, "two\n"], kind)
        let wanted = Array(("one\n" + long + "two\n").utf8)
        #expect(packed.count < wanted.count / 10)
        for size in [1, 7, 4096, packed.count] { #expect(try unpacked(packed, by: size, kind) == wanted) }
        // What is there of the first member can be unpacked by itself.
        let first = try members(["one\n"], kind)
        #expect(Array(packed.prefix(first.count)) == first)
        #expect(try unpacked(first, by: first.count, kind) == Array("one\n".utf8))
    }

    /// More than a library takes at once.
    @Test(arguments: kinds)
    func muchThatCannotBePacked(_ kind: Compression) throws {
        var chance = Seeded(seed: 7)
        let wanted = (0..<500_000).flatMap { _ in withUnsafeBytes(of: chance.next()) { Array($0) } }
        let packer = try #require(try kind.packer())
        var packed: [UInt8] = []
        wanted.withUnsafeBytes { bytes in
            #expect(throws: Never.self) { try packer.add(bytes) { packed += $0 } }
        }
        try packer.end { packed += $0 }
        #expect(packed.count > wanted.count)
        #expect(try unpacked(packed, by: packed.count, kind) == wanted)
    }

    @Test(arguments: kinds)
    func whatIsNoMember(_ kind: Compression) throws {
        #expect(try unpacked(Array("{\"id\": 1}\n".utf8), by: 4, kind) == nil)
        var packed = try members(["some lines\n"], kind)
        packed[packed.count - 6] ^= 1
        #expect(try unpacked(packed, by: packed.count, kind) == nil)
    }
}
