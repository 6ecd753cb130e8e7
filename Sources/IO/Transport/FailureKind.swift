internal import CCurl
internal import Engine

/// libcurl's error codes in our own words.
enum FailureKind {
    /// - Parameters:
    ///   - sends: how often the request was about to be sent; at zero there was no connection yet.
    ///   - responseBegan: whether any byte of a response has come.
    static func of(
        _ code: CURLcode, text: String, sends: Int, responseBegan: Bool, headComplete: Bool
    ) -> TransferFailure.Kind {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .resolve
        case CURLE_COULDNT_CONNECT, CURLE_PROXY, CURLE_INTERFACE_FAILED: .connect
        case CURLE_OPERATION_TIMEDOUT: sends == 0 ? .connectTimeout : .totalTimeout
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_SHUTDOWN_FAILED, CURLE_USE_SSL_FAILED:
            isCertificate(text) ? .certificate : .tls
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_CRL_BADFILE, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_CLIENTCERT:
            .certificate
        case CURLE_SSL_CIPHER, CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_ENGINE_INITFAILED:
            .tls
        case CURLE_GOT_NOTHING: responseBegan ? .truncated : .closedBeforeResponse
        case CURLE_PARTIAL_FILE: .truncated
        case CURLE_SEND_ERROR, CURLE_SEND_FAIL_REWIND: sends == 0 ? .connect : .sending
        case CURLE_RECV_ERROR: receiving(text, sends: sends, responseBegan: responseBegan)
        case CURLE_HTTP2, CURLE_HTTP2_STREAM: .http2Stream
        case CURLE_BAD_CONTENT_ENCODING: .contentEncoding
        case CURLE_WEIRD_SERVER_REPLY: .protocolError
        // libcurl holds one header line to 100 KB and calls a longer one "out of memory".
        case CURLE_OUT_OF_MEMORY: responseBegan && !headComplete ? .headersTooLarge : .outOfMemory
        case CURLE_URL_MALFORMAT, CURLE_LOGIN_DENIED: .badURL
        // A scheme we do not speak, or, with a connection, an answer that is not HTTP.
        case CURLE_UNSUPPORTED_PROTOCOL: sends == 0 ? .badURL : .protocolError
        // Our own callback refused to let the request be sent a second time.
        case CURLE_ABORTED_BY_CALLBACK: .closedBeforeResponse
        default: .other
        }
    }

    private static func receiving(_ text: String, sends: Int, responseBegan: Bool) -> TransferFailure.Kind {
        // A proxy that refuses the tunnel.
        if sends == 0 { return .connect }
        // TLS 1.3 tells the client only now that it does not like its certificate.
        if isCertificate(text) { return .certificate }
        if ASCII.contains(text, "Too large response headers") { return .headersTooLarge }
        if ASCII.contains(text, "chunked-encoding") || ASCII.contains(text, "chunk hex-length") {
            return .protocolError
        }
        if responseBegan { return .truncated }
        // OpenSSL 3 reports a connection that ends without a goodbye as an error of its own.
        if ASCII.contains(text, "SSL_read"), !ASCII.contains(text, "eof"), !ASCII.contains(text, "reset") {
            return .receiving
        }
        return .closedBeforeResponse
    }

    /// OpenSSL's names for the alerts of a peer that refuses our certificate.
    private static func isCertificate(_ text: String) -> Bool {
        ASCII.contains(text, "certificate") || ASCII.contains(text, "alert unknown ca")
    }

    /// One line that can be shown: no control characters, and no query of a URL, which may hold a secret.
    static func line(_ text: String) -> String {
        var line: [UInt8] = []
        for byte in text.utf8.prefix(256) {
            if byte == 0x3F { break }
            line.append(byte < 0x20 || byte == 0x7F ? 0x20 : byte)
        }
        return String(decoding: line, as: UTF8.self)
    }
}
