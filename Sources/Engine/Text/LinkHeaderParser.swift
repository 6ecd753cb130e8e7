/// Reads one `Link` field line by the algorithm of RFC 8288, B.2, one byte after the other. Regular expressions for
/// this are where denial of service came from (CVE-2021-23490).
enum LinkHeaderParser {
    static func read(_ line: String, into links: inout [LinkHeader.Link]) {
        var cursor = ByteCursor(unfolded(Array(line.utf8)))
        while true {
            // Empty list elements are allowed (RFC 9110, 5.6.1).
            cursor.skipWhile { isBlank($0) || $0 == comma }
            guard cursor.take(UInt8(ascii: "<")) else { return }
            let target = cursor.takeWhile { $0 != UInt8(ascii: ">") }
            guard cursor.take(UInt8(ascii: ">")) else { return }
            let attributes = attributes(&cursor)
            links.append(
                LinkHeader.Link(
                    target: String(decoding: target, as: UTF8.self), relations: relations(in: attributes),
                    attributes: attributes))
            // Up to the comma; whatever else stands there belongs to no link.
            cursor.skipWhile { $0 != comma }
        }
    }

    /// `*( OWS ";" OWS link-param )` (RFC 8288, 3), with empty parameters.
    private static func attributes(_ cursor: inout ByteCursor) -> [LinkHeader.Attribute] {
        var attributes: [LinkHeader.Attribute] = []
        var once = Set<String>()
        while true {
            cursor.skipWhile(isBlank)
            guard cursor.take(UInt8(ascii: ";")) else { return attributes }
            cursor.skipWhile(isBlank)
            let bytes = cursor.takeWhile { !nameEnds.contains($0) && !isBlank($0) }
            let name = ASCII.lowercased(String(decoding: bytes, as: UTF8.self))
            cursor.skipWhile(isBlank)
            var value = ""
            if cursor.take(UInt8(ascii: "=")) {
                cursor.skipWhile(isBlank)
                value = cursor.peek == quote ? quoted(&cursor) : bare(&cursor)
            }
            if name.isEmpty { continue }
            if countsOnce(name), !once.insert(name).inserted { continue }
            attributes.append(LinkHeader.Attribute(name: name, value: value))
        }
    }

    private static func bare(_ cursor: inout ByteCursor) -> String {
        let bytes = cursor.takeWhile { $0 != UInt8(ascii: ";") && $0 != comma && !isBlank($0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// RFC 9110, 5.6.4. A string that never ends takes the rest of the line.
    private static func quoted(_ cursor: inout ByteCursor) -> String {
        cursor.skip()
        var bytes: [UInt8] = []
        while let byte = cursor.next(), byte != quote {
            if byte == UInt8(ascii: "\\") {
                if let escaped = cursor.next() { bytes.append(escaped) }
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func relations(in attributes: [LinkHeader.Attribute]) -> [String] {
        guard let rel = attributes.first(where: { $0.name == "rel" }) else { return [] }
        return rel.value.utf8.split(whereSeparator: isBlank).map { String(Substring($0)) }
    }

    private static func countsOnce(_ name: String) -> Bool {
        switch name {
        case "rel", "rev", "media", "title", "title*", "type", "anchor": return true
        default: return false
        }
    }

    /// Removes obsolete line folding (RFC 9110, 5.5): some servers fold in the middle of a URL, so nothing is left in
    /// its place.
    private static func unfolded(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(lineFeed) else { return bytes }
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var folding = false
        for byte in bytes {
            if byte == lineFeed {
                if out.last == UInt8(ascii: "\r") { out.removeLast() }
                folding = true
            } else if !folding || !ASCII.isBlank(byte) {
                folding = false
                out.append(byte)
            }
        }
        return out
    }

    private static func isBlank(_ byte: UInt8) -> Bool { ASCII.isBlank(byte) || byte == UInt8(ascii: "\r") }

    private static let comma = UInt8(ascii: ",")
    private static let quote = UInt8(ascii: "\"")
    private static let lineFeed = UInt8(ascii: "\n")
    private static let nameEnds = ByteSet("=;,")
}
