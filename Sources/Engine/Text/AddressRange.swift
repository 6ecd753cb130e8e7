/// Addresses that no public API has: loopback, private, link-local (cloud metadata among them), shared, reserved,
/// multicast; and IPv6 addresses that lead to such an IPv4 address.
public enum AddressRange {
    /// - Parameter bytes: 4 of IPv4 or 16 of IPv6, in network order. Anything else is not public.
    public static func isPublic(_ bytes: some RandomAccessCollection<UInt8>) -> Bool {
        let bytes = Array(bytes)
        switch bytes.count {
        case 4: return !reserved4.contains { holds($0.0, $0.1, bytes) }
        case 16:
            // RFC 4291 section 2.5.5, RFC 6052, RFC 8215: an IPv4 address at the end.
            if holds([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], 96, bytes) || holds(nat64, 96, bytes) {
                return isPublic(bytes[12...])
            }
            // RFC 3056: one behind 2002.
            if holds([0x20, 0x02], 16, bytes) { return isPublic(bytes[2..<6]) }
            // 2000::/3 is all that is given out (RFC 4291 section 2.4).
            return holds([0x20], 3, bytes) && !reserved6.contains { holds($0.0, $0.1, bytes) }
        default: return false
        }
    }

    private static func holds(_ prefix: [UInt8], _ bits: Int, _ bytes: [UInt8]) -> Bool {
        for (index, byte) in bytes.enumerated() where index * 8 < bits {
            let mask = bits - index * 8 >= 8 ? 0xFF : UInt8(truncatingIfNeeded: 0xFF00 >> (bits - index * 8))
            let wanted = index < prefix.count ? prefix[index] : 0
            if byte & mask != wanted & mask { return false }
        }
        return true
    }

    private static let nat64: [UInt8] = [0, 0x64, 0xFF, 0x9B]
    /// The IANA registries of special-purpose addresses.
    private static let reserved4: [([UInt8], Int)] = [
        ([0], 8), ([10], 8), ([100, 64], 10), ([127], 8), ([169, 254], 16), ([172, 16], 12), ([192, 0, 0], 24),
        ([192, 0, 2], 24), ([192, 88, 99], 24), ([192, 168], 16), ([198, 18], 15), ([198, 51, 100], 24),
        ([203, 0, 113], 24), ([224], 4), ([240], 4),
    ]
    private static let reserved6: [([UInt8], Int)] = [
        ([0x20, 0x01, 0x00, 0x00], 23), ([0x20, 0x01, 0x0D, 0xB8], 32), ([0x3F, 0xFF], 20),
    ]
}
