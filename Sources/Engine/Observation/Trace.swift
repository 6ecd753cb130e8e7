/// The last requests, waits and errors of a client, for whoever looks for what went wrong.
public enum Trace {
    /// - Parameter withCurl: each request also as a line for a shell.
    public static func text(_ snapshot: Snapshot, withCurl: Bool) -> String {
        let events = EventWriter(snapshot)
        var writer = JSONWriter()
        writer.array { list in
            for entry in snapshot.entries {
                list.object { one in
                    events.write(entry.event, entry.number, snapshot.names, to: &one)
                    if withCurl, case .answered(let note) = entry.event.kind {
                        one.member("curl", events.clean(CurlLine.text(note, snapshot.plan), most: 20_000))
                    }
                }
            }
        }
        return writer.text
    }
}

/// A request as a line for a POSIX shell, with variables for what is secret.
enum CurlLine {
    private static let mark = "PENSTOCKSECRET"

    static func text(_ note: RequestNote, _ source: Source) -> String {
        var count = 0
        func placeholder() -> Secret {
            count += 1
            return Secret("\(mark)\(count)X")
        }
        // Credentials are put where they belong by the one function that does so, only that they are marks.
        var source = source
        var credentials = source.auth.credentials
        for index in credentials.indices { credentials[index].secret = placeholder() }
        if !credentials.isEmpty { source.auth = .fixed(credentials) }
        var request = note.request
        for index in request.tokens.indices { request.tokens[index].secret = placeholder() }
        for index in request.secretQuery.indices { request.secretQuery[index].secret = placeholder() }
        for index in request.headers.indices {
            let header = request.headers[index]
            guard header.value.isSecret || SecretNames.contains(header.name) else { continue }
            request.headers[index].value = .secret(placeholder())
        }
        let signed = request.signed(for: source)
        var words = ["curl"]
        if signed.method != "GET" { words.append("-X \(quoted(signed.method))") }
        words.append(quoted(withoutNamed(signed.url, placeholder)))
        for header in signed.headers {
            let text = header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)"
            words.append("-H \(quoted(text))")
        }
        if let body = signed.body, !body.isEmpty {
            let text = SecretNames.redacted(String(decoding: body, as: UTF8.self))
            words.append("--data-binary \(quoted(text))")
        } else if note.isBodyLeftOut {
            words.append("--data-binary @body")
        }
        return words.joined(separator: " ")
    }

    /// Values of the URL's query that go by the name of a secret.
    private static func withoutNamed(_ text: String, _ placeholder: () -> Secret) -> String {
        guard let mark = text.utf8.firstIndex(of: UInt8(ascii: "?")) else { return text }
        let pairs = text.utf8[text.utf8.index(after: mark)...].split(
            separator: UInt8(ascii: "&"), omittingEmptySubsequences: false)
        let shown = pairs.map { pair -> String in
            let whole = String(decoding: pair, as: UTF8.self)
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")) else { return whole }
            let name = String(decoding: pair[..<equals], as: UTF8.self)
            guard SecretNames.contains(name), !whole.utf8.elementsEqual((name + "=").utf8),
                !isMark(pair[pair.index(after: equals)...])
            else { return whole }
            return name + "=" + placeholder().reveal()
        }
        return String(text[...mark]) + shown.joined(separator: "&")
    }

    private static func isMark(_ text: Substring.UTF8View) -> Bool { text.starts(with: mark.utf8) }

    /// In single quotes, which nothing inside ends but a quote; marks as variables in double quotes.
    private static func quoted(_ text: String) -> String {
        let bytes = Array(text.utf8)
        let mark = Array(mark.utf8)
        var result = Array("'".utf8)
        var index = 0
        while index < bytes.count {
            if bytes[index...].starts(with: mark) {
                var end = index + mark.count
                while end < bytes.count, ASCII.isDigit(bytes[end]) { end += 1 }
                if end > index + mark.count, end < bytes.count, bytes[end] == UInt8(ascii: "X") {
                    result += Array("'\"$SECRET_".utf8) + bytes[(index + mark.count)..<end] + Array("\"'".utf8)
                    index = end + 1
                    continue
                }
            }
            if bytes[index] == UInt8(ascii: "'") { result += Array("'\\''".utf8) } else { result.append(bytes[index]) }
            index += 1
        }
        return String(decoding: result + Array("'".utf8), as: UTF8.self)
    }
}
