internal import CCurl
internal import Engine
internal import Glibc

/// The header fields of a request as libcurl takes them. Pages of one stream carry the same ones, so the list is made
/// once and shared by all of them.
final class RequestHeaders {
    private let fields: [(name: String, value: String)]
    let list: UnsafeMutablePointer<curl_slist>?

    init(_ request: TransferRequest) throws(TransferFailure) {
        fields = request.headers
        var lines: [String] = []
        lines.reserveCapacity(fields.count + 3)
        for (name, value) in fields {
            if let problem = Self.problem(name: name, value: value) {
                throw TransferFailure(kind: .other, code: 0, detail: problem, mayHaveReachedServer: false)
            }
            // "Name:" alone removes a field in libcurl, "Name;" sends it empty (CURLOPT_HTTPHEADER).
            lines.append(value.utf8.allSatisfy(Self.isBlank) ? "\(name);" : "\(name): \(value)")
        }
        // What libcurl would invent: these fields go out only when the request has them.
        for invented in ["Accept", "Content-Type", "Expect"] where !Self.contains(fields, invented) {
            lines.append("\(invented):")
        }
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines {
            guard let longer = curl_slist_append(list, line) else {
                curl_slist_free_all(list)
                throw TransferFailure(
                    kind: .outOfMemory, code: Int32(CURLE_OUT_OF_MEMORY.rawValue),
                    detail: "no memory for the request's headers", mayHaveReachedServer: false)
            }
            list = longer
        }
        self.list = list
    }

    deinit {
        // Credentials stand in it.
        var next = list
        while let line = next {
            if let text = line.pointee.data { explicit_bzero(text, strlen(text)) }
            next = line.pointee.next
        }
        curl_slist_free_all(list)
    }

    /// Whether that request would give the same list.
    func serve(_ request: TransferRequest) -> Bool {
        guard fields.count == request.headers.count else { return false }
        for index in fields.indices where fields[index] != request.headers[index] { return false }
        return true
    }

    /// The engine has looked already; a line break here would be another header or another request, so look again.
    private static func problem(name: String, value: String) -> String? {
        guard !name.isEmpty, name.utf8.allSatisfy(isTokenByte) else { return "a header name is not a token" }
        if value.utf8.contains(where: { $0 == 0x0D || $0 == 0x0A || $0 == 0 }) {
            return "the value of header \(name) has a line break or a NUL"
        }
        // Their truth is the transport's: a wrong one would split or merge requests on the wire.
        for framing in ["content-length", "transfer-encoding"] where name.lowercased() == framing {
            return "header \(name) is set by the transport"
        }
        return nil
    }

    private static func contains(_ fields: [(name: String, value: String)], _ name: String) -> Bool {
        fields.contains { $0.name.lowercased() == name.lowercased() }
    }

    /// What libcurl skips after the colon.
    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    /// RFC 9110 section 5.6.2.
    static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60, 0x7C, 0x7E: true
        default: false
        }
    }
}
