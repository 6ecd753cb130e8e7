extension SignaturePlan {
    /// Adds date, token and signature. What stands in the query is written in the one way that can't be read twice,
    /// since the server puts it into that form before it checks.
    func sign(_ request: inout TransferRequest, notary: some Notary) throws(Failure) {
        guard let url = try? WebURL(request.url) else { throw Failure(.internalFault, "a URL that can't be signed") }
        let date = Self.digits(notary.date)
        let day = String(date.prefix(8))
        let query = Self.query(url)
        request.url = url.origin.text + (url.path.isEmpty ? "/" : url.path) + (query.isEmpty ? "" : "?" + query)

        let payload = ASCII.hex(notary.sha256(request.body ?? []))
        var added = [(name: "X-Amz-Date", value: date)]
        if let sessionToken { added.append((name: "X-Amz-Security-Token", value: sessionToken.reveal())) }
        if isS3 { added.append((name: "X-Amz-Content-SHA256", value: payload)) }
        let names = added.map { ASCII.lowercased($0.name) } + ["authorization"]
        request.headers.removeAll { names.contains(ASCII.lowercased($0.name)) }
        request.headers += added

        let signed = Self.signedHeaders(request.headers, host: url.origin.authority)
        let list = signed.map(\.name).joined(separator: ";")
        let canonical = [
            request.method, path(url), query, signed.map { "\($0.name):\($0.value)\n" }.joined(), list, payload,
        ].joined(separator: "\n")
        let scope = "\(day)/\(region)/\(service)/aws4_request"
        let text = ["AWS4-HMAC-SHA256", date, scope, ASCII.hex(notary.sha256(Array(canonical.utf8)))]
        var derived = Array("AWS4\(key.reveal())".utf8)
        for part in [day, region, service, "aws4_request"] {
            derived = notary.hmacSHA256(Array(part.utf8), key: derived)
        }
        let signature = notary.hmacSHA256(Array(text.joined(separator: "\n").utf8), key: derived)
        guard !payload.isEmpty, !signature.isEmpty else {
            throw Failure(.internalFault, "libcrypto gives no SHA-256: the request can't be signed")
        }
        let value =
            "AWS4-HMAC-SHA256 Credential=\(keyID.reveal())/\(scope), SignedHeaders=\(list), Signature=\(ASCII.hex(signature))"
        request.headers.append((name: "Authorization", value: value))
    }

    private var isS3: Bool { ["s3", "s3express", "s3-outposts"].contains(service) }

    /// Encoded once more than it goes out, but for S3, whose keys are taken as they are.
    private func path(_ url: WebURL) -> String {
        if isS3 { return url.path.isEmpty ? "/" : url.path }
        // Two slashes in a row are one for AWS; dots are gone already.
        let segments = url.path.split(separator: "/", omittingEmptySubsequences: true)
        let isOpen = url.path.utf8.last == UInt8(ascii: "/") && !segments.isEmpty
        let path = "/" + segments.joined(separator: "/") + (isOpen ? "/" : "")
        return PercentEncoding.encode(path, keeping: Self.pathBytes)
    }

    private static func query(_ url: WebURL) -> String {
        let pairs = url.queryItems.map {
            (name: PercentEncoding.encode($0.name), value: PercentEncoding.encode($0.value ?? ""))
        }
        // By bytes, not as people sort.
        return pairs.sorted { a, b in
            a.name == b.name
                ? a.value.utf8.lexicographicallyPrecedes(b.value.utf8)
                : a.name.utf8.lexicographicallyPrecedes(b.name.utf8)
        }.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }

    /// Host, type, and all of AWS's own; others may change on the way.
    private static func signedHeaders(
        _ headers: [(name: String, value: String)], host: String
    ) -> [(name: String, value: String)] {
        var found = [(name: "host", value: host)]
        for (name, value) in headers {
            let name = ASCII.lowercased(name)
            guard name == "content-type" || name.hasPrefix("x-amz-") else { continue }
            let words = value.utf8.split { $0 == 0x20 || $0 == 0x09 }.map { String(decoding: $0, as: UTF8.self) }
            let joined = words.joined(separator: " ")
            if let index = found.firstIndex(where: { $0.name == name }) {
                found[index].value += "," + joined
            } else {
                found.append((name: name, value: joined))
            }
        }
        return found.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// `20261121T120000Z`
    private static func digits(_ date: WallTime) -> String {
        let text = ISO8601.format(WallTime(epochSeconds: date.seconds))
        return String(decoding: text.utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: ":") }, as: UTF8.self)
    }

    private static let pathBytes = ByteSet.alphanumeric(and: "-._~/")
}
