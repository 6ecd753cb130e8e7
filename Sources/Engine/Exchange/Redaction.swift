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
        var forms: Set<String> = []
        for secret in secrets where !secret.isEmpty {
            let plain = secret.reveal()
            forms.formUnion([plain, WebURL.encodeQueryValue(plain), PercentEncoding.formField(plain)])
        }
        // The longest first: one may be a part of another.
        let needles = forms.map { Array($0.utf8) }.sorted { ($0.count, $1[0]) > ($1.count, $0[0]) }
        var hay = Array(bytes.prefix(mostBytes))
        // What the cut may have left of one at the end.
        if bytes.count > mostBytes, let longest = needles.first { hay.removeLast(min(hay.count, longest.count)) }
        for needle in needles { hay = replacing(needle, in: hay) }
        return String(decoding: hay, as: UTF8.self)
    }

    private static func replacing(_ needle: [UInt8], in hay: [UInt8]) -> [UInt8] {
        guard let first = needle.first, hay.count >= needle.count else { return hay }
        var result: [UInt8] = []
        result.reserveCapacity(hay.count)
        var index = 0
        while index < hay.count {
            let end = index + needle.count
            if hay[index] == first, end <= hay.count, hay[index..<end].elementsEqual(needle) {
                result.append(contentsOf: "(secret)".utf8)
                index = end
            } else {
                result.append(hay[index])
                index += 1
            }
        }
        return result
    }
}

extension Source {
    /// All that this source knows.
    var secrets: [Secret] {
        var secrets: [Secret] = []
        if case .fixed(let credentials) = auth { secrets += credentials.map(\.secret) }
        secrets += (headers + query).flatMap(\.value.secrets) + streams.flatMap(\.request.secrets)
        return secrets
    }
}

extension PreparedRequest {
    /// What this one request carries besides the source's.
    var secrets: [Secret] {
        secretQuery.map(\.secret)
            + headers.flatMap(\.value.secrets) + bodySecrets
    }
}
