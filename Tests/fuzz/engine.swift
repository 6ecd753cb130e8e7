// libFuzzer targets for what comes from outside: servers' headers, links, redirects and token answers, hosts' documents
// and checkpoints. Any bytes must be read or refused without a trap, and what is read keeps its promises. One binary,
// built by Tests/fuzz/run with the engine and its test kit in one module; PENSTOCK_FUZZ_TARGET says which.

private typealias Target = @Sendable (UnsafeRawBufferPointer) -> Void

private let targets: [String: Target] = [
    "url": fuzzURL, "link": fuzzLink, "headers": fuzzHeaders, "waits": fuzzWaits, "token": fuzzToken,
    "redirect": fuzzRedirect, "checkpoint": fuzzCheckpoint, "document": fuzzDocument, "zone": fuzzZone,
]

private let target: Target = {
    let name = getenv("PENSTOCK_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let found = targets[name] else { fatalError("PENSTOCK_FUZZ_TARGET is none of \(targets.keys.sorted())") }
    return found
}()

@_silgen_name("getenv") private func getenv(_ name: UnsafePointer<CChar>) -> UnsafePointer<CChar>?

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // A copy of exactly that size, so that one byte read too many is seen.
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    input.withUnsafeBytes { target($0) }
    return 0
}

private func text(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }

/// The part up to the first line feed, and the rest.
private func cut(_ bytes: UnsafeRawBufferPointer) -> (UnsafeRawBufferPointer, UnsafeRawBufferPointer) {
    guard let end = bytes.firstIndex(of: 0x0A) else { return (bytes, UnsafeRawBufferPointer(rebasing: bytes[..<0])) }
    return (UnsafeRawBufferPointer(rebasing: bytes[..<end]), UnsafeRawBufferPointer(rebasing: bytes[(end + 1)...]))
}

private let base: WebURL? = try? WebURL("https://api.example.com/v1/users?page=2&api_key=k")

// MARK: URLs and links

/// What is taken for a URL can be sent as one: no byte in it begins a line, a header or user information.
private func check(_ url: WebURL) {
    precondition(!url.text.utf8.contains { $0 <= 0x20 || $0 == 0x7F }, "a control character in a URL")
    precondition(!url.origin.text.utf8.contains(UInt8(ascii: "@")), "user information in an origin")
    guard let again = try? WebURL(url.text) else { return precondition(false, "a URL that can't be read again") }
    precondition(again == url && again.text == url.text, "a URL that is read as another one")
    _ = url.normalized
    for item in url.queryItems { _ = url.queryValue(item.name) }
    var changed = url
    changed.setQuery("a&b=c#d", "é\n#&")
    guard let set = try? WebURL(changed.text) else { return precondition(false, "a query that makes no URL") }
    precondition(set.queryValue("a&b=c#d") == "é\n#&", "a query value that comes back as another one")
    precondition(set.origin == url.origin && set.path == url.path, "a query value that changes the rest")
}

@Sendable private func fuzzURL(_ bytes: UnsafeRawBufferPointer) {
    let (first, second) = cut(bytes)
    if let url = try? WebURL(text(first)) {
        check(url)
        if let target = try? url.resolving(text(second)) { check(target) }
        if let joined = try? url.appending(path: text(second)) { check(joined) }
    }
    if let base, let target = try? base.resolving(text(bytes)) { check(target) }
}

@Sendable private func fuzzLink(_ bytes: UnsafeRawBufferPointer) {
    let header = LinkHeader(text(bytes).split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
    for link in header.links {
        _ = link.title
        for relation in link.relations { precondition(link.isRelated(as: relation)) }
        for attribute in link.attributes {
            precondition(attribute.name == ASCII.lowercased(attribute.name), "an attribute that is not in lower case")
        }
    }
    if let base, let next = try? header.next(relativeTo: base) { check(next) }
}

// MARK: headers

private func head(_ bytes: UnsafeRawBufferPointer, status: Int = 200) -> ResponseHead {
    var head = ResponseHead()
    head.status = status
    head.headers = HeaderFields(head: bytes)
    head.receivedAtEpoch = 1_800_000_000
    return head
}

@Sendable private func fuzzHeaders(_ bytes: UnsafeRawBufferPointer) {
    let fields = HeaderFields(head: bytes)
    for index in 0..<fields.count {
        let (name, value) = (fields.name(at: index), fields.value(at: index))
        precondition(!name.utf8.contains { $0 == 0x0A || $0 == 0x3A }, "a header's name with a line break or colon")
        precondition(!value.utf8.contains(0x0A), "a header's value with a line break")
        // A name that is no text is shown with stand-ins for its bytes.
        if !name.unicodeScalars.contains("\u{FFFD}") {
            precondition(fields.contains(name) && fields.first(name) != nil, "a header that is not found by its name")
        }
        _ = fields.joined(name)
        _ = StructuredFields.list([value])
        _ = StructuredFields.dictionary([value])
        _ = HTTPDate.parse(value, now: WallTime(epochSeconds: 1_800_000_000))
    }
}

/// Every wait that a server can cause is none or one that ends.
@Sendable private func fuzzWaits(_ bytes: UnsafeRawBufferPointer) {
    let (lines, body) = bytes.split(at: "\n\n")
    for status in [200, 403, 429, 503] {
        let feedback = RateLimitFeedback(
            head: head(lines, status: status), body: body, services: TestServices(.always(0)))
        for wait in [feedback.retryAfter, feedback.resetAfter, feedback.wait, feedback.spacing] {
            if let wait { precondition(wait >= .zero, "a wait before now") }
        }
        if let remaining = feedback.remaining { precondition(remaining >= 0, "less than nothing left") }
    }
    if let wait = RetryAfter.parse(text(bytes), now: WallTime(epochSeconds: 1_800_000_000)) {
        precondition(wait >= .zero, "a wait before now")
    }
    if let span = DurationText.parse(text(bytes)) { precondition(span >= .zero) }
    _ = ISO8601.parse(text(bytes))
}

extension UnsafeRawBufferPointer {
    fileprivate func split(at mark: String) -> (UnsafeRawBufferPointer, UnsafeRawBufferPointer) {
        let mark = Array(mark.utf8)
        var index = 0
        while index + mark.count <= count {
            if self[index..<(index + mark.count)].elementsEqual(mark) {
                return (
                    UnsafeRawBufferPointer(rebasing: self[..<index]),
                    UnsafeRawBufferPointer(rebasing: self[(index + mark.count)...])
                )
            }
            index += 1
        }
        return (self, UnsafeRawBufferPointer(rebasing: self[..<0]))
    }
}

// MARK: tokens

/// Headers, an empty line, the body; then as a whole walk that lives on that answer.
@Sendable private func fuzzToken(_ bytes: UnsafeRawBufferPointer) {
    let (lines, body) = bytes.split(at: "\n\n")
    for (status, form) in zip([200, 400, 302], [TokenPlaces.Expiry.auto, .date, .seconds]) {
        var places = TokenPlaces()
        places.expiry = form
        let answer = try? TokenAnswer.read(
            head(lines, status: status), body, places, services: TestServices(.always(0)))
        guard let answer else { continue }
        precondition(status == 200, "a token out of an error")
        precondition(!answer.token.isEmpty, "a token of nothing")
        precondition(!answer.token.reveal().utf8.contains { $0 < 0x20 || $0 == 0x7F }, "a token with a line break")
        if let life = answer.life { precondition(life >= .zero, "a life before now") }
    }
    guard let source = tokenSource, let stream = source.streams.first else { return }
    let fields = head(lines).headers
    let pairs = (0..<fields.count).map { (fields.name(at: $0), fields.value(at: $0)) }
    var answers = 0
    let world = World(services: TestServices(.seeded(Seeded(seed: 1)))) { request, _ in
        if request.url.hasSuffix("/token") {
            answers += 1
            return Reply(.response(status: 200, headers: pairs, body: Array(body)), latency: .milliseconds(10))
        }
        for header in request.headers {
            precondition(HeaderRules.isSafeValue(header.value), "a header of the server's choice")
        }
        return Reply.json("{\"data\":[1]}", latency: .milliseconds(20))
    }
    world.mostRequests = 100
    world.add(source)
    world.open(stream)
    world.run(for: .seconds(600))
    precondition(world.violations.isEmpty, "\(world.violations)")
    precondition(world.ended, "a walk without an end")
}

private let tokenSource: Source? = parsed(
    #"""
    {"base_url": "https://api.example.com", "auth": {"type": "oauth2_refresh_token", "token_url": "/token",
     "refresh_token": "canary-refresh"}, "streams": {"s": {"path": "/s", "records": "data", "pagination": "page", "max_pages": 3}}}
    """#)

// MARK: redirects and next links

/// As a whole: parts of it are what the fuzzer makes of its seeds.
private func holdsSecret(_ text: String) -> Bool {
    let text = ASCII.lowercased(text)
    return ["canary-token+/=", "canary key&1", "canary-secret"].contains { secret in
        [secret, PercentEncoding.formField(secret), PercentEncoding.encode(secret)].contains {
            ASCII.contains(text, ASCII.lowercased($0))
        }
    }
}

private let roaming: Source? = parsed(
    #"""
    {"base_url": "https://api.example.com/v1", "auth": [{"type": "bearer", "token": "canary-token+/="},
     {"type": "api_key", "query": "key", "value": "canary key&1"}], "headers": {"X-Own": {"env": "SECRET"}},
     "other_origins": ["https://files.example.com"], "max_redirects": 8,
     "streams": {"s": {"path": "/s", "records": "data", "max_pages": 8, "pagination": {"type": "next_url", "from": "next"}}}}
    """#)

/// Each line is what the server answers: a status digit (3 redirects, 4 fails, others give a next link), then the text.
@Sendable private func fuzzRedirect(_ bytes: UnsafeRawBufferPointer) {
    guard let source = roaming, let stream = source.streams.first else { return }
    var lines = text(bytes).split(separator: "\n", maxSplits: 30).map(String.init)[...]
    let world = World(services: TestServices(.seeded(Seeded(seed: 1)))) { request, _ in
        guard let line = lines.popFirst() else { return .json("{\"data\":[1]}") }
        let target = String(line.dropFirst())
        switch line.first {
        case "3": return .status([301, 302, 303, 307, 308][line.utf8.count % 5], [("Location", target)])
        case "4": return .status([400, 401, 429, 500][line.utf8.count % 4], body: target + request.url)
        case "5":
            return .json("{\"data\":[1]}", headers: [("Link", "<\(target)>; rel=next")])
        default:
            var writer = JSONWriter()
            writer.object { object in
                object.name("data")
                object.literal("[\(lines.count)]")
                object.member("next", target)
            }
            return .json(writer.text)
        }
    }
    world.mostRequests = 200
    world.add(source)
    world.open(stream)
    world.run(for: .seconds(86_400))
    precondition(world.ended && world.violations.isEmpty, "\(world.violations)")
    for sent in world.sent {
        guard let url = try? WebURL(sent.request.url) else { preconditionFailure("a request to no URL") }
        for header in sent.request.headers { precondition(HeaderRules.isSafeValue(header.value)) }
        if url.origin == source.baseURL.origin { continue }
        precondition(url.origin.text == "https://files.example.com", "a request to \(url.origin)")
        let shown = sent.request.url + sent.request.headers.map(\.value).joined()
        precondition(!holdsSecret(shown), "a secret on its way to another origin")
    }
    for ending in world.endings {
        let said = "\(ending.failure?.message ?? "") \(ending.failure?.url ?? "") \(ending.failure?.body ?? "")"
        precondition(!holdsSecret(said), "a secret in a message")
        precondition(!said.utf8.contains { $0 < 0x20 }, "a message of several lines")
    }
}

// MARK: documents

private struct NoReferences: References {
    func environment(_ name: String) -> [UInt8]? { Array("canary-secret".utf8) }
    func file(_ path: String) throws(ReferenceError) -> [UInt8] { throw ReferenceError("does not exist") }
    func zone(_ name: String) throws(ReferenceError) -> [UInt8] { ZoneBytes.berlin }
    func document(_ path: String) throws(ReferenceError) -> JSONValue { throw ReferenceError("does not exist") }
    func decode(_ text: String) -> JSONValue? {
        var text = text
        return text.withUTF8 { TestServices(.always(0)).decode(UnsafeRawBufferPointer($0)) }
    }
}

/// What is a zone tells a time for every text, the first that it is the text of, and bounds that no text runs across.
@Sendable private func fuzzZone(_ bytes: UnsafeRawBufferPointer) {
    _ = ZoneRule(text(bytes))
    guard let table = try? ZoneFile.read(Array(bytes), name: "Fuzz/Zone") else { return }
    let zone = Zone(table)
    var seconds: [Int64] = [.min, .max, 0, 253_402_300_799, -62_167_219_200]
    for start in table.starts.prefix(40) + table.starts.suffix(40) {
        for span in [-93_600, -3600, -1, 0, 1, 1800, 93_600] as [Int64] { seconds.append(start + span) }
    }
    for second in seconds {
        let time = WallTime(epochSeconds: second)
        _ = (zone.lowered(time), zone.raised(time), zone.change(at: time), zone.offset(at: time))
        let first = zone.time(ofLocal: zone.local(time))
        guard second.magnitude < 1 << 60 else { continue }
        precondition(first <= time, "a text that is read as a later time than it was written at")
        precondition(zone.local(first) == zone.local(time), "a text that is read as another one")
        precondition(zone.lowered(time) <= time && zone.raised(time) >= time, "a bound that moves the wrong way")
    }
}

private func parsed(_ text: String) -> Source? {
    guard let document = NoReferences().decode(text) else { return nil }
    return try? Source.parse(document: document, references: NoReferences())
}

/// What is a document is explained, walked a step, and shows no secret; what is none is refused in one line.
@Sendable private func fuzzDocument(_ bytes: UnsafeRawBufferPointer) {
    guard let document = TestServices(.always(0)).decode(bytes) else { return }
    do throws(Failure) {
        let source = try Source.parse(document: document, references: NoReferences())
        let shown = Explanation(source: source, document: document).text
        precondition(!ASCII.contains(shown, "canary-secret"), "a secret in an explanation")
        let world = World(services: TestServices(.seeded(Seeded(seed: 1)))) { _, _ in
            .json("{\"data\":[{\"id\":1}],\"next\":\"a\",\"access_token\":\"t\"}")
        }
        world.mostRequests = 20
        world.add(source)
        for (index, stream) in source.streams.prefix(4).enumerated() { world.open(stream, walk: UInt64(index) + 1) }
        world.run(for: .seconds(5))
    } catch {
        precondition(!error.message.utf8.contains { $0 < 0x20 }, "a message of several lines")
        precondition(!ASCII.contains(error.message, "canary-secret"), "a secret in a message")
    }
}

@Sendable private func fuzzCheckpoint(_ bytes: UnsafeRawBufferPointer) {
    let value = TestServices(.always(0)).decode(bytes)
    guard let source = roaming, var stream = source.streams.first else { return }
    do throws(Failure) {
        try stream.resume(at: text(bytes), value, of: source)
    } catch {
        precondition(!error.message.utf8.contains { $0 < 0x20 }, "a message of several lines")
    }
    // Behind the checksum, which no fuzzer gets past.
    guard let value else { return }
    do throws(CheckpointProblem) {
        let checkpoint = try Checkpoint(part: value, depth: 8)
        guard let again = NoReferences().decode(checkpoint.text) else {
            preconditionFailure("a checkpoint that is written as no JSON")
        }
        _ = again
        stream.start = checkpoint
        let world = World(services: TestServices(.seeded(Seeded(seed: 1)))) { _, _ in
            .json("{\"data\":[{\"id\":1}],\"next\":\"/v1/s?p=2\"}")
        }
        world.mostRequests = 20
        world.add(source)
        world.open(stream)
        world.run(for: .seconds(5))
        precondition(world.violations.isEmpty, "\(world.violations)")
    } catch {}
}
