/// Takes secrets out of text that comes from a server: servers repeat what they were sent.
enum Redaction {
    /// More than any message shows.
    private static let mostBytes = 64 << 10

    /// Every secret in it as `(secret)`, also as it stands in a query or form.
    static func text(_ text: String, _ secrets: [Secret]) -> String {
        var text = text
        return text.withUTF8 { Redaction.text(UnsafeRawBufferPointer($0), secrets) }
    }

    static func text(_ bytes: UnsafeRawBufferPointer, _ secrets: [Secret]) -> String {
        self.text(bytes, needles: needles(secrets))
    }

    /// What to look for; for those who look more than once.
    static func needles(_ secrets: [Secret]) -> [[UInt8]] {
        var forms: Set<String> = []
        for secret in secrets where !secret.isEmpty { forms.formUnion(Redaction.forms(of: secret.reveal())) }
        // The longest first: one may be a part of another.
        return forms.map { Array($0.utf8) }.sorted { ($0.count, $1[0]) > ($1.count, $0[0]) }
    }

    static func text(_ bytes: UnsafeRawBufferPointer, needles: [[UInt8]]) -> String {
        var hay = Array(bytes.prefix(mostBytes))
        // What the cut may have left of one at the end.
        if bytes.count > mostBytes, let longest = needles.first { hay.removeLast(min(hay.count, longest.count)) }
        for needle in needles { hay = replacing(needle, in: hay) }
        // A server may have encoded what was encoded already, as often as it likes.
        let flat = flattened(hay)
        guard flat.count < hay.count else { return String(decoding: hay, as: UTF8.self) }
        let found = needles.reduce(flat) { replacing(flattened($1), in: $0) }
        return String(decoding: found == flat ? hay : found, as: UTF8.self)
    }

    /// `%252520` and the like as `%20`: what was percent-encoded more than once as if it had been once.
    private static func flattened(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(UInt8(ascii: "%")) else { return bytes }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            result.append(bytes[index])
            index += 1
            guard result.last == UInt8(ascii: "%") else { continue }
            var end = index
            while end + 1 < bytes.count, bytes[end] == 0x32, bytes[end + 1] == 0x35 { end += 2 }
            guard end > index else { continue }
            let isEncoded = end + 1 < bytes.count && isHex(bytes[end]) && isHex(bytes[end + 1])
            if !isEncoded { result += [0x32, 0x35] }
            index = end
        }
        return result
    }

    private static func isHex(_ byte: UInt8) -> Bool { ASCII.hexValue(byte) != nil }

    /// A secret as it may stand in what comes back: URL-encoded, as a JSON text, in base64.
    private static func forms(of plain: String) -> [String] {
        var forms = [plain]
        for encoded in [
            WebURL.encodeQueryValue(plain), PercentEncoding.formField(plain), PercentEncoding.encode(plain),
        ] where encoded != plain {
            forms.append(encoded)
        }
        let quoted = Redaction.quoted(plain)
        var texts = [quoted, Redaction.replacing("/", by: "\\/", in: quoted), Redaction.htmlSafe(quoted)]
        texts.append(Redaction.asciiOnly(quoted))
        // And a JSON text within another one.
        texts += texts.filter { $0 != plain }.map(Redaction.quoted)
        forms += texts
        // A short one would be found in texts that have nothing to do with it.
        if plain.utf8.count >= 6 { forms += Redaction.base64(of: Array(plain.utf8)) }
        return forms
    }

    /// Wherever it begins in what was encoded: three texts, since base64 takes three bytes at a time; in both alphabets.
    private static func base64(of bytes: [UInt8]) -> [String] {
        (0..<3).flatMap { shift -> [String] in
            // The first and last characters hold bits of neighbours, too.
            let encoded = Base64.encode(repeatElement(0, count: shift) + bytes)
            let begin = shift == 0 ? 0 : shift + 1
            let whole = (shift + bytes.count) * 8 / 6
            let core = String(encoded.prefix(whole).dropFirst(begin))
            let urlSafe = replacing("/", by: "_", in: replacing("+", by: "-", in: core))
            return [core, urlSafe]
        }
    }

    private static func replacing(_ character: Character, by text: String, in whole: String) -> String {
        whole.reduce(into: "") { $0 += $1 == character ? text : String($1) }
    }

    private static func quoted(_ text: String) -> String {
        var writer = JSONWriter()
        writer.string(text)
        return String(writer.text.dropFirst().dropLast())
    }

    /// As Python writes JSON unless it is told otherwise.
    private static func asciiOnly(_ text: String) -> String {
        text.utf16.reduce(into: "") { result, unit in
            if let scalar = Unicode.Scalar(unit), scalar.isASCII {
                result.unicodeScalars.append(scalar)
            } else {
                let digits = String(unit, radix: 16)
                result += "\\u" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
            }
        }
    }

    /// As Go and others write JSON.
    private static func htmlSafe(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "<": result += "\\u003c"
            case ">": result += "\\u003e"
            case "&": result += "\\u0026"
            default: result.append(character)
            }
        }
    }

    private static func replacing(_ needle: [UInt8], in hay: [UInt8]) -> [UInt8] {
        guard let first = needle.first.map(ASCII.lowercased), hay.count >= needle.count else { return hay }
        var result: [UInt8] = []
        result.reserveCapacity(hay.count)
        var index = 0
        while index < hay.count {
            let end = index + needle.count
            if ASCII.lowercased(hay[index]) == first, end <= hay.count, matches(hay[index..<end], needle) {
                result.append(contentsOf: "(secret)".utf8)
                index = end
            } else {
                result.append(hay[index])
                index += 1
            }
        }
        return result
    }

    /// In either case: the digits behind a percent sign have both, and what stood where a host stands comes in lower case.
    private static func matches(_ part: ArraySlice<UInt8>, _ needle: [UInt8]) -> Bool {
        zip(part, needle).allSatisfy { ASCII.lowercased($0) == ASCII.lowercased($1) }
    }
}

extension Source {
    /// All that this source knows.
    var secrets: [Secret] {
        var secrets: [Secret] = []
        for credential in auth.credentials { secrets += [credential.secret] + credential.parts }
        secrets += tokens.flatMap(\.secrets)
        secrets += (headers + query).flatMap(\.value.secrets) + streams.flatMap(\.request.secrets)
        return secrets
    }
}

extension PreparedRequest {
    /// What this one request carries besides the source's.
    var secrets: [Secret] {
        secretQuery.map(\.secret)
            + headers.flatMap(\.value.secrets) + bodySecrets + tokens.map(\.secret)
    }
}
