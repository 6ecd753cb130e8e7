/// A URI reference taken apart into its five components (RFC 3986, appendix B), each as it stood, but bytes above
/// ASCII in path, query and fragment percent-encoded (RFC 3987, 3.1): that is how they go over the wire.
struct URLReference {
    var scheme: ArraySlice<UInt8>?
    var authority: ArraySlice<UInt8>?
    var path: String
    var query: String?
    var fragment: String?

    init(_ text: String) throws(WebURLError) {
        guard text.utf8.count <= URLReference.longest else { throw .tooLong }
        let bytes = Array(text.utf8)
        guard bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { throw .forbiddenByte }
        var rest = bytes[...]

        if let first = rest.first, ASCII.isAlpha(first),
            let end = rest.firstIndex(where: { !ByteSet.scheme.contains($0) }), rest[end] == UInt8(ascii: ":")
        {
            scheme = rest[..<end]
            rest = rest[(end + 1)...]
        }
        if rest.starts(with: [URLReference.slash, URLReference.slash]) {
            let body = rest.dropFirst(2)
            let end = body.firstIndex(where: { URLReference.authorityEnds.contains($0) }) ?? body.endIndex
            authority = body[..<end]
            rest = body[end...]
        }
        if let hash = rest.firstIndex(of: UInt8(ascii: "#")) {
            fragment = URLReference.encodingNonASCII(rest[(hash + 1)...])
            rest = rest[..<hash]
        }
        if let mark = rest.firstIndex(of: UInt8(ascii: "?")) {
            query = URLReference.encodingNonASCII(rest[(mark + 1)...])
            rest = rest[..<mark]
        }
        path = URLReference.encodingNonASCII(rest)
    }

    static func encodingNonASCII(_ bytes: ArraySlice<UInt8>) -> String {
        guard bytes.contains(where: { $0 >= 0x80 }) else { return String(decoding: bytes, as: UTF8.self) }
        var out: [UInt8] = []
        for byte in bytes {
            if byte < 0x80 { out.append(byte) } else { PercentEncoding.append(byte, to: &out) }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// RFC 3986, 5.2.4 for a path that is empty or begins with a slash, in one pass over its segments. `%2e` counts as
    /// a dot: receivers (and newer libcurls before they send) decode it.
    static func removingDotSegments(_ path: String) -> String {
        let bytes = Array(path.utf8)
        guard bytes.contains(UInt8(ascii: ".")) || bytes.contains(UInt8(ascii: "%")), bytes.first == slash else {
            return path
        }
        var kept: [ArraySlice<UInt8>] = []
        var dropped = false
        var endsInDots = false
        for segment in bytes.dropFirst().split(separator: slash, omittingEmptySubsequences: false) {
            switch dots(segment) {
            case 1:
                endsInDots = true
                dropped = true
            case 2:
                _ = kept.popLast()
                endsInDots = true
                dropped = true
            default:
                endsInDots = false
                kept.append(segment)
            }
        }
        guard dropped else { return path }
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        for segment in kept {
            out.append(slash)
            out.append(contentsOf: segment)
        }
        if endsInDots { out.append(slash) }
        return String(decoding: out, as: UTF8.self)
    }

    /// 1 for `.`, 2 for `..`, each dot perhaps written `%2e`; 0 for any other segment.
    private static func dots(_ segment: ArraySlice<UInt8>) -> Int {
        guard segment.count <= 6 else { return 0 }
        var index = segment.startIndex
        var count = 0
        while index < segment.endIndex {
            if segment[index] == UInt8(ascii: ".") {
                index += 1
            } else if PercentEncoding.escape(in: segment, at: index) == UInt8(ascii: ".") {
                index += 3
            } else {
                return 0
            }
            count += 1
        }
        return count <= 2 ? count : 0
    }

    private static let longest = 64 * 1024
    private static let slash = UInt8(ascii: "/")
    private static let authorityEnds = ByteSet("/?#")
}
