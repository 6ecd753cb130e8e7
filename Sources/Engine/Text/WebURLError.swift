/// Why a text is no URL that we would request. The reasons are fixed texts: nothing of the URL, which may hold
/// credentials, is repeated in them.
public enum WebURLError: Error, Hashable, Sendable {
    case tooLong
    case forbiddenByte
    case noScheme
    case schemeNotHTTP
    case userInfo
    case emptyHost
    case hostNotASCII
    case badHost
    case badIPv4
    case badIPv6
    case badPort
    case networkPath

    public var reason: String {
        switch self {
        case .tooLong: return "the URL is longer than 64 KiB"
        case .forbiddenByte: return "the URL holds a space, line break or other control character"
        case .noScheme: return "the URL is not absolute: it must begin with https:// or http://"
        case .schemeNotHTTP: return "the URL's scheme is neither https nor http"
        case .userInfo: return "the URL holds user information before the host; give credentials in auth"
        case .emptyHost: return "the URL has no host"
        case .hostNotASCII: return "the URL's host is not ASCII; give an internationalised name as punycode (xn--...)"
        case .badHost: return "the URL's host is neither a host name nor an IP address"
        case .badIPv4: return "the URL's host is a number but not four decimal ones without leading zeros (127.0.0.1)"
        case .badIPv6: return "the URL's host in brackets is not an IPv6 address, or has a zone"
        case .badPort: return "the URL's port is not a number from 1 to 65535"
        case .networkPath: return "a path must not begin with //, which would name another host"
        }
    }
}
