internal import CCurl
internal import Engine

extension EasyHandle {
    /// What is the same for every request of a client. False when this libcurl refuses any of it: a security option
    /// that did not take must not go unnoticed.
    func apply(_ settings: TransportSettings) -> Bool {
        applyConduct() && (!settings.blockPrivate || blockPrivateAddresses()) && applyPool(settings)
            && applyProxy(settings) && applyTLS(settings)
    }

    /// Everything that libcurl would do on its own is off: the engine decides, the transport sends.
    private func applyConduct() -> Bool {
        set(CURLOPT_NOSIGNAL, 1)
            && set(CURLOPT_NOPROGRESS, 1)
            && set(CURLOPT_BUFFERSIZE, Int(Self.bufferSize))
            // Cancelling does not wait for getaddrinfo: the resolver thread is let go and cleans up after itself.
            && set(CURLOPT_QUICK_EXIT, 1)
            && set(CURLOPT_PROTOCOLS_STR, "http,https")
            && set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
            && set(CURLOPT_DEFAULT_PROTOCOL, "https")
            && set(CURLOPT_FOLLOWLOCATION, 0)
            && set(CURLOPT_AUTOREFERER, 0)
            && set(CURLOPT_UNRESTRICTED_AUTH, 0)
            && set(CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))
            && set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
            && set(CURLOPT_HTTP09_ALLOWED, 0)
            // The URL goes out as the engine wrote it.
            && set(CURLOPT_PATH_AS_IS, 1)
            // All that this libcurl can undo: gzip, deflate, br, zstd.
            && set(CURLOPT_ACCEPT_ENCODING, "")
            && set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    }

    private func applyPool(_ settings: TransportSettings) -> Bool {
        // By ALPN only: on a reused cleartext connection HTTP/2 fails in libcurl 7.88.1 (its issue 10634).
        let version = settings.http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1
        let idle = min(max(settings.idleExpiry.milliseconds / 1000, 1), Int64(Int32.max))
        // libcurl sends it as it is, line breaks included.
        if settings.userAgent.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return false }
        return set(CURLOPT_HTTP_VERSION, version)
            && set(CURLOPT_TCP_KEEPALIVE, 1)
            && set(CURLOPT_MAXAGE_CONN, Int(idle))
            && set(CURLOPT_MAXLIFETIME_CONN, 3600)
            && set(CURLOPT_USERAGENT, settings.userAgent)
    }

    private func applyProxy(_ settings: TransportSettings) -> Bool {
        if let proxy = settings.proxy {
            // An empty NOPROXY keeps the environment's no_proxy out.
            return set(CURLOPT_PROXY, proxy) && set(CURLOPT_NOPROXY, "")
        }
        // The empty string is "none"; leaving it unset is "ask the environment".
        return settings.useEnvironmentProxy || set(CURLOPT_PROXY, "")
    }

    private func applyTLS(_ settings: TransportSettings) -> Bool {
        guard set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)),
            set(CURLOPT_SSL_VERIFYPEER, settings.insecureSkipVerify ? 0 : 1),
            set(CURLOPT_SSL_VERIFYHOST, settings.insecureSkipVerify ? 0 : 2)
        else { return false }
        if let file = settings.caFile {
            // Only that file: the system's directory would let every public authority in again.
            guard set(CURLOPT_CAINFO, file), set(CURLOPT_CAPATH, nil) else { return false }
        }
        if let file = settings.clientCertificateFile, !set(CURLOPT_SSLCERT, file) { return false }
        if let file = settings.clientKeyFile, !set(CURLOPT_SSLKEY, file) { return false }
        return true
    }

    private func set(_ option: CURLoption, _ value: Int) -> Bool {
        penstock_setopt_long(easy, option, value) == CURLE_OK
    }

    private func set(_ option: CURLoption, _ value: String?) -> Bool {
        penstock_setopt_string(easy, option, value) == CURLE_OK
    }
}
