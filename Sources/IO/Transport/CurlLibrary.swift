internal import CCurl
internal import Glibc

/// libcurl itself: started once in a process, never stopped. `curl_global_cleanup` would pull it from under a host
/// that uses libcurl too.
enum CurlLibrary {
    /// libcurl's verdict on its start. A `static let` is run once, whatever the number of threads.
    static let start: CURLcode = {
        penstock_openssl_no_atexit()
        return curl_global_init(Int(CURL_GLOBAL_DEFAULT))
    }()

    static func message(_ code: CURLcode) -> String {
        guard let text = curl_easy_strerror(code) else { return "libcurl error \(code.rawValue)" }
        return String(cString: text)
    }
}

/// Why no transport could be made. Nothing of it gets better by waiting.
package struct TransportStartFailure: Error, Sendable {
    package var detail: String
}
