/// One request exactly as it goes on the wire. Built by the engine, sent by IO without another look.
public struct TransferRequest: Sendable {
    public var method: String
    /// Absolute, http or https, already normalised and free of userinfo.
    public var url: String
    /// In order; credentials included. IO adds nothing but what HTTP itself needs (Host, Content-Length, encoding).
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]?
    public var limits: TransferLimits
    /// Requests that must not be sent twice behind the caller's back never go on a reused connection: libcurl
    /// re-sends by itself when one dies before an answer.
    public var freshConnection: Bool
    /// The head of a response of 2xx is of use before its body is in: IO reports it, unless all of the response came at
    /// once.
    public var reportsHead = false

    public init(
        method: String, url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        limits: TransferLimits = TransferLimits(), freshConnection: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.limits = limits
        self.freshConnection = freshConnection
    }
}

/// What one transfer may take. Every one of them has an end.
public struct TransferLimits: Equatable, Sendable {
    public var connect: Timespan = .seconds(10)
    /// From the end of the request to the first byte of the response.
    public var firstByte: Timespan = .seconds(30)
    /// The longest silence in the middle of a response.
    public var idle: Timespan = .seconds(15)
    public var total: Timespan = .seconds(30)
    /// Decoded bytes.
    public var maxBodyBytes: Int64 = 256 << 20
    /// Bytes on the wire.
    public var maxWireBytes: Int64 = 256 << 20
    /// Decoded over wire, checked once more than 1 MiB is decoded.
    public var maxRatio: Int64 = 200
    public var maxHeaderBytes: Int64 = 64 << 10
    public var maxHeaders: Int64 = 300

    public init() {}
}

/// The head of a response and the numbers of its transfer. The body's bytes stay in IO.
public struct ResponseHead: Sendable {
    public var status: Int = 0
    public var headers = HeaderFields()
    /// "1.0", "1.1", "2".
    public var httpVersion: StaticString = "1.1"
    public var firstByte: Timespan = .zero
    public var elapsed: Timespan = .zero
    public var wireBytes: Int64 = 0
    public var bodyBytes: Int64 = 0
    /// Whether the connection had served a request before.
    public var reusedConnection = false
    /// How many times libcurl sent the request again by itself.
    public var hiddenResends = 0
    /// The server's wall clock at receipt as this machine sees it, in seconds since 1970.
    public var receivedAtEpoch: Int64 = 0

    public init() {}
}

/// Why a transfer gave no (whole) response.
public struct TransferFailure: Error, Sendable {
    public enum Kind: Sendable, Equatable {
        case resolve, connect, tls, certificate
        case connectTimeout, firstByteTimeout, idleTimeout, totalTimeout
        /// The connection ended before any byte of a response.
        case closedBeforeResponse
        /// The connection broke in the middle of a response, or the length was wrong.
        case truncated
        case sending, receiving, http2Stream, protocolError, contentEncoding
        /// Every address of the host is private, and those are not to be called.
        case privateAddress
        case bodyTooLarge, wireTooLarge, ratioTooHigh, headersTooLarge, tooManyHeaders
        case badURL, outOfMemory, cancelled, other
    }
    public var kind: Kind
    /// libcurl's number, for messages.
    public var code: Int32
    /// One line, without secrets.
    public var detail: String
    /// Whether any byte of the request may have reached the server. When false a repeat is safe for every method.
    public var mayHaveReachedServer: Bool
    /// The head, when one had arrived whole.
    public var head: ResponseHead?

    public init(kind: Kind, code: Int32, detail: String, mayHaveReachedServer: Bool, head: ResponseHead? = nil) {
        self.kind = kind
        self.code = code
        self.detail = detail
        self.mayHaveReachedServer = mayHaveReachedServer
        self.head = head
    }
}

/// How a client's connections are made. Fixed for the life of a client: nothing of it changes on a live pool.
public struct TransportSettings: Sendable {
    public var maxIdleConnections = 20
    public var maxConnections = 100
    public var idleExpiry: Timespan = .seconds(30)
    public var http2 = true
    public var userAgent: String
    public var caFile: String?
    public var clientCertificateFile: String?
    public var clientKeyFile: String?
    /// Nil: none. Never taken from the environment unless the document says so.
    public var proxy: String?
    public var useEnvironmentProxy = false
    /// No connection to addresses that are not public, whatever the name was.
    public var blockPrivate = false
    /// Only by the loud option of the document.
    public var insecureSkipVerify = false

    public init(userAgent: String) { self.userAgent = userAgent }
}
