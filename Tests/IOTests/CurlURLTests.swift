import CCurl
import Engine
import Testing

/// Origins are judged by our parser and reached by libcurl's. Where the two read a URL differently, credentials could
/// go to another host than the one that was checked, so: whatever we accept, curl must see as we do.
@Suite struct CurlURLTests {
    private struct Parts: Equatable {
        var scheme: String
        var host: String
        var port: String
        var path: String
        var query: String
    }

    /// What curl makes of a URL; nil when it refuses.
    private static func curlParts(_ text: String, _ flags: Int32) -> Parts? {
        guard let handle = curl_url() else { return nil }
        defer { curl_url_cleanup(handle) }
        guard curl_url_set(handle, CURLUPART_URL, text, UInt32(flags)) == CURLUE_OK else { return nil }
        func part(_ what: CURLUPart, _ flags: UInt32 = 0) -> String? {
            var value: UnsafeMutablePointer<CChar>?
            guard curl_url_get(handle, what, &value, flags) == CURLUE_OK, let value else { return nil }
            defer { curl_free(value) }
            return String(cString: value)
        }
        guard let scheme = part(CURLUPART_SCHEME), let host = part(CURLUPART_HOST),
            let port = part(CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT)), let path = part(CURLUPART_PATH),
            part(CURLUPART_USER) == nil, part(CURLUPART_PASSWORD) == nil
        else { return nil }
        return Parts(scheme: scheme, host: host, port: port, path: path, query: part(CURLUPART_QUERY) ?? "")
    }

    private static func parts(_ url: WebURL) -> Parts {
        // Versions of libcurl differ over whether an empty query is reported; all send the "?".
        Parts(
            scheme: url.origin.scheme.rawValue, host: url.origin.host, port: String(url.origin.port),
            path: url.path.isEmpty ? "/" : url.path, query: url.query ?? "")
    }

    /// Curl's spelling of a host brought to ours: letters and IPv6 addresses as curl keeps them.
    private static func respelled(_ parts: Parts) -> Parts {
        var parts = parts
        if let url = try? WebURL("http://" + parts.host) { parts.host = url.origin.host }
        return parts
    }

    private static func check(_ text: String) {
        guard let url = try? WebURL(text) else { return }
        let ours = parts(url)
        // What we send is what curl gets: it must agree to the byte.
        // Dot segments are gone, so it makes no difference whether curl removes them.
        for flags in [0, CURLU_PATH_AS_IS] {
            let sent = curlParts(url.withoutFragment, flags).map(respelled)
            #expect(sent == ours, "\(text.debugDescription)")
        }
        // The text as it came must name the same origin to curl, should it ever be given that.
        if let raw = curlParts(text, 0).map(respelled) {
            #expect(
                raw.host == ours.host && raw.port == ours.port && raw.scheme == ours.scheme, "\(text.debugDescription)")
        }
    }

    @Test(arguments: [
        "http://h", "HTTPS://H.example:8443/a/b?c=d#e", "http://h:/", "http://h:0080/", "http://h:1/?", "http://h/?#",
        "http://[::1]:80/", "http://[2001:DB8::0:1]/", "http://[::ffff:1.2.3.4]/", "http://1.2.3.4/", "http://h./",
        "http://h/a b", "http://h/%2e%2e/x", "http://h/a/../../b", "http://h//a//", "http://h/\\evil.example",
        "http://h?x@evil.example/", "http://h#@evil.example/", "http://h/@evil.example", "http://h/;a?b;c",
        "http://h/ü?ü",
        "http://a_b.example/", "http://h/%00", "http://h/[]{}|^`\"<>", "http://-h-/", "http://h:65535/",
        "https://1.2.3.4.example/",
    ])
    func agreesOn(text: String) {
        Self.check(text)
    }

    @Test func agreesOnRandomTexts() {
        let pieces = [
            "http://", "https://", ":", "/", "//", "?", "#", "@", "[", "]", "::", "::1", "1", "80", "0x7f", ".", "..",
            "%2e",
            "%", "%41", "h", "a.b", "evil.example", "&", "=", "\\", ";", "é", "127.0.0.1", "[::1]", "_", "-", "~", "!",
            "\t",
        ]
        var state: UInt64 = 7
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        var accepted = 0
        for _ in 0..<20_000 {
            let text =
                ["http://", "https://", "HTTP://h"][random(3)]
                + (0...random(8)).map { _ in pieces[random(pieces.count)] }.joined()
            if (try? WebURL(text)) != nil { accepted += 1 }
            Self.check(text)
        }
        #expect(accepted > 1000)
    }
}
