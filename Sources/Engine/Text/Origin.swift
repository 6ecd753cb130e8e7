/// Scheme, host and effective port (RFC 6454): the boundary that credentials never cross.
public struct Origin: Hashable, Sendable, CustomStringConvertible {
    public enum Scheme: String, Hashable, Sendable {
        case http
        case https

        var defaultPort: UInt16 { self == .https ? 443 : 80 }
    }

    public let scheme: Scheme
    /// Lower case; an IPv6 address with its brackets, in one spelling.
    public let host: String
    public let port: UInt16

    init(scheme: Scheme, host: String, port: UInt16?) {
        self.scheme = scheme
        self.host = host
        self.port = port ?? scheme.defaultPort
    }

    /// Host, and port if it is not the scheme's own: the `Host` field's form.
    public var authority: String { port == scheme.defaultPort ? host : "\(host):\(port)" }
    /// `https://api.example.com`
    public var text: String { "\(scheme.rawValue)://\(authority)" }
    public var description: String { text }
}

extension Origin {
    /// Reads what stands between `//` and the path (RFC 3986, 3.2).
    init(scheme: Scheme, authority bytes: ArraySlice<UInt8>) throws(WebURLError) {
        guard !bytes.contains(UInt8(ascii: "@")) else { throw .userInfo }
        var hostEnd = bytes.endIndex
        if bytes.first == UInt8(ascii: "[") {
            guard let close = bytes.firstIndex(of: UInt8(ascii: "]")) else { throw .badIPv6 }
            hostEnd = close + 1
        } else if let colon = bytes.firstIndex(of: UInt8(ascii: ":")) {
            hostEnd = colon
        }
        let host = try HostText.normalized(bytes[bytes.startIndex..<hostEnd])
        self.init(scheme: scheme, host: host, port: try Origin.port(bytes[hostEnd...]))
    }

    /// Nothing, or a colon and a number; RFC 3986, 3.2.3 allows the number to be missing.
    private static func port(_ bytes: ArraySlice<UInt8>) throws(WebURLError) -> UInt16? {
        guard let colon = bytes.first else { return nil }
        let digits = bytes.dropFirst()
        guard colon == UInt8(ascii: ":"), digits.count <= 5 else { throw .badPort }
        if digits.isEmpty { return nil }
        var number: UInt32 = 0
        for digit in digits {
            guard ASCII.isDigit(digit) else { throw .badPort }
            number = number * 10 + UInt32(digit - 0x30)
        }
        guard let port = UInt16(exactly: number), port > 0 else { throw .badPort }
        return port
    }
}
