/// Checks a URL's host and brings it to the one spelling that origins are compared by.
enum HostText {
    static func normalized(_ bytes: ArraySlice<UInt8>) throws(WebURLError) -> String {
        guard let first = bytes.first else { throw .emptyHost }
        if first == UInt8(ascii: "[") {
            guard let groups = IPv6Text.groups(bytes.dropFirst().dropLast()) else { throw .badIPv6 }
            return "[" + IPv6Text.canonical(groups) + "]"
        }
        guard bytes.allSatisfy({ $0 < 0x80 }) else { throw .hostNotASCII }
        if endsInNumber(bytes) {
            guard isIPv4(bytes) else { throw .badIPv4 }
        } else {
            guard isName(bytes) else { throw .badHost }
        }
        return String(decoding: bytes.map { ASCII.lowercased($0) }, as: UTF8.self)
    }

    /// Labels of letters, digits, hyphens and (DNS service names, containers) underscores; one trailing dot. RFC 3986
    /// lets a name hold percent-encoded and punctuation bytes too, but no host name does, and receivers differ over
    /// whether they decode them: an origin must mean one host.
    private static func isName(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard bytes.count <= 254 else { return false }
        let name = bytes.last == dot ? bytes.dropLast() : bytes
        return name.split(separator: dot, omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty && label.count <= 63 && label.allSatisfy(nameBytes.contains)
        }
    }

    /// Whether a resolver or curl could read the host as an IPv4 address in one of inet_aton's forms (`127.1`,
    /// `0x7f000001`, `0177.0.0.1`): the last label is a number (WHATWG URL, 3.5, "ends in a number").
    private static func endsInNumber(_ bytes: ArraySlice<UInt8>) -> Bool {
        let name = bytes.last == dot ? bytes.dropLast() : bytes
        let label = name.lastIndex(of: dot).map { name[($0 + 1)...] } ?? name
        guard let first = label.first else { return false }
        if label.allSatisfy(ASCII.isDigit) { return true }
        let second = label.dropFirst().first
        return first == UInt8(ascii: "0") && second.map { $0 | 0x20 } == UInt8(ascii: "x")
            && label.dropFirst(2).allSatisfy { ASCII.hexValue($0) != nil }
    }

    private static func isIPv4(_ bytes: ArraySlice<UInt8>) -> Bool { ipv4(bytes) != nil }

    /// Four decimal numbers without leading zeros (RFC 3986, 3.2.2, IPv4address).
    static func ipv4(_ bytes: ArraySlice<UInt8>) -> UInt32? {
        guard bytes.count <= 15 else { return nil }
        let parts = bytes.split(separator: dot, omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            guard let first = part.first, part.count <= 3, part.allSatisfy(ASCII.isDigit),
                part.count == 1 || first != UInt8(ascii: "0")
            else { return nil }
            let number = part.reduce(UInt32(0)) { $0 * 10 + UInt32($1 - 0x30) }
            guard number <= 255 else { return nil }
            address = address << 8 | number
        }
        return address
    }

    private static let dot = UInt8(ascii: ".")
    private static let nameBytes = ByteSet.alphanumeric(and: "-_")
}

/// RFC 4291, 2.2 in, RFC 5952, 4 out.
enum IPv6Text {
    /// The eight groups, or nil. A zone (`%eth0`) is no part of an address that a URL could name for others.
    static func groups(_ bytes: ArraySlice<UInt8>) -> [UInt16]? {
        guard bytes.count >= 2, bytes.count <= 45 else { return nil }
        var groups: [UInt16] = []
        var gap: Int?
        var index = bytes.startIndex
        if bytes.starts(with: [colon, colon]) {
            gap = 0
            index += 2
        }
        while index < bytes.endIndex {
            guard groups.count < 8 else { return nil }
            let end = bytes[index...].firstIndex(of: colon) ?? bytes.endIndex
            let part = bytes[index..<end]
            if part.contains(UInt8(ascii: ".")) {
                guard end == bytes.endIndex, let address = HostText.ipv4(part) else { return nil }
                groups.append(UInt16(truncatingIfNeeded: address >> 16))
                groups.append(UInt16(truncatingIfNeeded: address))
                break
            }
            guard !part.isEmpty, part.count <= 4 else { return nil }
            var group: UInt16 = 0
            for byte in part {
                guard let digit = ASCII.hexValue(byte) else { return nil }
                group = group << 4 | UInt16(digit)
            }
            groups.append(group)
            index = end
            guard index < bytes.endIndex else { break }
            index += 1
            if index < bytes.endIndex, bytes[index] == colon {
                guard gap == nil else { return nil }
                gap = groups.count
                index += 1
            } else if index == bytes.endIndex {
                return nil
            }
        }
        if let gap {
            // "::" stands for at least one group (RFC 5952, 4.2.2 forbids writing it for one, but it parses).
            guard groups.count < 8 else { return nil }
            groups.insert(contentsOf: [UInt16](repeating: 0, count: 8 - groups.count), at: gap)
        }
        return groups.count == 8 ? groups : nil
    }

    /// Lower case, no leading zeros, `::` for the first of the longest runs of two or more zero groups.
    static func canonical(_ groups: [UInt16]) -> String {
        var longest = 0..<0
        var start = 0
        for index in 0...groups.count where index == groups.count || groups[index] != 0 {
            if index - start > longest.count { longest = start..<index }
            start = index + 1
        }
        if longest.count < 2 { return hex(groups[...]) }
        return hex(groups[..<longest.lowerBound]) + "::" + hex(groups[longest.upperBound...])
    }

    private static func hex(_ groups: ArraySlice<UInt16>) -> String {
        groups.map { String($0, radix: 16) }.joined(separator: ":")
    }

    private static let colon = UInt8(ascii: ":")
}
