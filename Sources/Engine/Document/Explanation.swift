/// What a source document means, in plain words: what is sent where, how pages follow each other, what ends a walk. For
/// people who wrote one or are about to run one; made of the same plans that the walks are made of.
///
/// No value that came as a secret or parameter is in it, and no literal under a name that a credential usually has.
public struct Explanation: Sendable {
    let source: Source
    let document: JSONValue

    /// Reads and checks a document as a client would, and says what it means, as JSON text.
    public static func text(
        of document: JSONValue, options: ClientOptions = ClientOptions(), references: some References
    ) throws(Failure) -> String {
        let source = try Source.parse(document: document, options: options, references: references)
        return Explanation(source: source, document: document).text
    }

    var text: String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("source", source.name)
            writer.member("description", document["description"]?.string)
            writer.member("base_url", source.baseURL.redacted())
            writer.sentences("credentials", credentials)
            writer.sentences("sends", sends(document))
            writer.sentences("limits", limits)
            writer.sentences("errors", RecordsExplanation.errors(source.errors))
            writer.sentences("retries", retries)
            writer.member("timeouts", Self.timeouts(source.transfer))
            writer.member("redirects", redirects)
            writer.name("streams")
            writer.array { list in
                for stream in source.streams {
                    list.object { StreamExplanation(stream, in: self).write(to: &$0) }
                }
            }
            writer.sentences("notes", notes)
        }
        return writer.text
    }

    // MARK: credentials

    private var credentials: [String] {
        guard case .fixed(let credentials) = source.auth else { return ["none"] }
        let origin = source.baseURL.origin
        return credentials.map { credential in
            let prefix = credential.prefix.isEmpty ? "" : "\(MessageText.quoted(credential.prefix)) and "
            if credential.isSignature {
                let how =
                    credential.slot == .placeholder
                    ? "by \(credential.origin)" : "(AWS Signature Version 4) with a secret from \(credential.origin)"
                return "each request to \(origin), and to no other, is signed \(how)"
            }
            let what = credential.token == nil ? "a secret from \(credential.origin)" : credential.origin
            return "\(Words.slot(credential.slot)) carries \(prefix)\(what), to \(origin) only"
        }
    }

    /// Headers and query parameters that the document sets, at the top or in a stream.
    func sends(_ owner: JSONValue) -> [String] {
        var result: [String] = []
        for member in owner["headers"]?.members ?? [] {
            result.append("header \(Words.name(member.name)): \(Words.configured(member.value, under: member.name))")
        }
        for member in owner["query"]?.members ?? [] {
            result.append(
                "query parameter \(Words.name(member.name)): \(Words.configured(member.value, under: member.name))")
        }
        return result
    }

    // MARK: pace

    private var limits: [String] {
        let rules = source.limits.rules
        let told = Words.serverLimits(source.serverLimits)
        let found = source.limits.mostAdaptive.map { Words.adaptiveConcurrency($0) }
        if rules.isEmpty, found == nil {
            return [
                "none given: one request after the other, as fast as the server answers; what it says in its own "
                    + "headers and by 429 is obeyed"
            ] + told
        }
        let sentences = rules.map { Words.limit($0) } + [found].compactMap { $0 }
        return (sentences.count > 1 ? sentences + ["all of these hold at once"] : sentences) + told
    }

    private var retries: [String] {
        let plan = source.retry
        if plan.maxAttempts <= 1 { return ["a request is sent once: nothing is tried again"] }
        let statuses = plan.statuses.sorted().map { String($0) }.joined(separator: ", ")
        return [
            "a request is sent \(plan.maxAttempts) times at most, within \(plan.maxElapsed.documentText) without the "
                + "waits that the server asks for",
            "tried again: connection errors and time-outs, "
                + (statuses.isEmpty ? "no HTTP status" : "HTTP \(statuses)")
                + ", refusals because of a limit, and twice at most an answer of 2xx that is not JSON",
            "before each new try a random wait of up to \(plan.base.documentText), doubled each time, "
                + "\(plan.cap.documentText) at most; up to \(max(plan.cap, .seconds(60)).documentText) when a limit was "
                + "hit and the server names no time",
            "a wait that the server asks for is kept, up to \(plan.maxRetryAfter.documentText) each and "
                + "\(plan.maxThrottleWait.documentText) a request; above that the request fails and says when to come "
                + "back",
            Words.breaker(source.breaker),
        ]
    }

    static func timeouts(_ limits: TransferLimits) -> String {
        "\(limits.connect.documentText) to connect, \(limits.firstByte.documentText) to the first byte, "
            + "\(limits.idle.documentText) of silence, \(limits.total.documentText) for one attempt as a whole"
    }

    private var redirects: String {
        let home = source.baseURL.origin
        let others = source.otherOrigins.filter { $0 != home }
        var text =
            source.maxRedirects == 0
            ? "none is followed; next links are followed within \(home)"
            : "up to \(source.maxRedirects) a request, and next links, are followed within \(home)"
        text +=
            others.isEmpty
            ? ", to no other origin"
            : " and, without credentials and the document's headers, to "
                + others.map(\.text).joined(separator: ", ")
        if home.scheme == .https { text += "; from https to http never" }
        return text
    }

    // MARK: notes

    private var notes: [String] {
        var notes: [String] = []
        if source.streams.isEmpty { notes.append("there are no streams: only single requests can be made") }
        if case .fixed(let credentials) = source.auth {
            if source.baseURL.origin.scheme == .http, !Self.isLoopback(source.baseURL.origin.host) {
                notes.append("the credentials go over http, readable on the way: use https")
            }
            for credential in credentials where credential.origin == DocumentParser.literalOrigin {
                notes.append("a secret stands in the document itself: {\"env\": …} or {\"file\": …} keeps it out")
            }
        }
        if source.context.hasUnreadSecrets {
            notes.append("the secrets were not read (\"secrets\": \"skip\")")
        }
        if source.transport.insecureSkipVerify {
            notes.append("certificates are not checked (\"insecure_skip_verify\"): whoever is on the way reads all")
        }
        if source.transport.insecureSkipVerify, source.transport.caFile != nil {
            notes.append("\"ca_file\" counts for nothing beside \"insecure_skip_verify\"")
        }
        for case .concurrent(let count) in source.limits.rules.map(\.kind) where count > source.transport.maxConnections
        {
            notes.append(
                "the limit of \(count) requests under way is above the \(source.transport.maxConnections) connections "
                    + "(\"connections\": {\"total\"})")
        }
        if source.retry.maxAttempts > 1, source.retry.maxThrottleWait < source.retry.maxRetryAfter {
            notes.append(
                "\"max_throttle_wait\" is below \"max_retry_after\", so no wait above "
                    + "\(source.retry.maxThrottleWait.documentText) is kept")
        }
        if source.transfer.total < max(source.transfer.connect, source.transfer.firstByte) {
            notes.append("the timeout \"total\" is the shortest of all, so the others never count")
        }
        let fixed = Set(source.query.map(\.name))
        for stream in source.streams {
            if stream.parallel > 1, stream.pagesAhead < stream.parallel {
                notes.append(
                    "stream \"\(stream.name)\": \"read_ahead\" lets no more than "
                        + "\(Words.count(max(1, stream.pagesAhead), "page")) be under way, \"parallel\" asks for "
                        + "\(stream.parallel)")
            }
            for name in Set(stream.request.query.map(\.name)).intersection(fixed).sorted() {
                notes.append(
                    "stream \"\(stream.name)\": the query parameter \(Words.name(name)) is sent twice, the source's "
                        + "and the stream's")
            }
        }
        return notes
    }

    private static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "[::1]" || host.hasPrefix("127.")
    }
}

extension JSONWriter {
    /// Nothing for an empty list.
    mutating func sentences(_ name: String, _ sentences: [String]) {
        if sentences.isEmpty { return }
        self.name(name)
        array { list in for sentence in sentences { list.string(sentence) } }
    }
}
