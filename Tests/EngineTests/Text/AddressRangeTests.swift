import Engine
import Testing

@Suite struct AddressRangeTests {
    @Test(arguments: [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255", "169.254.169.254",
        "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.0.0.8", "198.18.0.1", "198.19.255.255", "224.0.0.1",
        "239.255.255.255", "240.0.0.1", "255.255.255.255",
    ])
    func notPublic(_ text: String) { #expect(!AddressRange.isPublic(four(text))) }

    @Test(arguments: [
        "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1",
        "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
    ])
    func isPublic(_ text: String) {
        #expect(AddressRange.isPublic(four(text)))
        // Wherever it stands in IPv6.
        #expect(AddressRange.isPublic([UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + four(text)))
    }

    @Test func addressesOfVersionSix() {
        func six(_ groups: [UInt16]) -> [UInt8] {
            groups.flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)] }
        }
        let privates: [[UInt16]] = [
            [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 1], [0xFC00, 0, 0, 0, 0, 0, 0, 1],
            [0xFDFF, 1, 2, 3, 4, 5, 6, 7],
            [0xFE80, 0, 0, 0, 0, 0, 0, 1], [0xFF02, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0xFFFF, 0x7F00, 1],
            [0, 0, 0, 0, 0, 0xFFFF, 0xA9FE, 0xA9FE], [0x64, 0xFF9B, 0, 0, 0, 0, 0x7F00, 1],
            [0x2002, 0x7F00, 1, 0, 0, 0, 0, 1], [0x2002, 0xC0A8, 1, 0, 0, 0, 0, 1], [0x2001, 0, 0, 0, 0, 0, 0, 1],
            [0x2001, 0xDB8, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0x7F00, 1], [0x4000, 0, 0, 0, 0, 0, 0, 1],
        ]
        for address in privates { #expect(!AddressRange.isPublic(six(address)), "\(address)") }
        for address: [UInt16] in [
            [0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111], [0x2A00, 0x1450, 0, 0, 0, 0, 0, 1],
            [0x64, 0xFF9B, 0, 0, 0, 0, 0x0101, 0x0101], [0x2002, 0x0101, 0x0101, 0, 0, 0, 0, 1],
        ] { #expect(AddressRange.isPublic(six(address)), "\(address)") }
    }

    @Test func whatIsNoAddressIsNotPublic() {
        for count in [0, 1, 3, 5, 15, 17] { #expect(!AddressRange.isPublic([UInt8](repeating: 8, count: count))) }
    }

    private func four(_ text: String) -> [UInt8] { text.split(separator: ".").compactMap { UInt8($0) } }
}
