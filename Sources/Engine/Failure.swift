/// Why something did not work, for people and for programs. The one error type of the library.
public struct Failure: Error, Sendable, Equatable {
    /// The raw values are the numbers of `penstock_status`. Never renumbered.
    public enum Code: UInt32, Sendable {
        case invalidArgument = 16
        case config, state, cancelled, timeout, network, tls, http, rateLimited, circuitOpen
        case auth, data, limit, storage, noMemory, internalFault
    }

    public var code: Code
    /// One line, impersonal, without secrets, naming the place.
    public var message: String
    public var httpStatus: Int?
    /// Without userinfo, query values hidden.
    public var url: String?
    public var requestID: String?
    public var retryAfter: Timespan?
    public var attempts: Int = 0
    /// What the server tells repetitions of the request by.
    public var idempotencyKey: String?
    public var stream: String?
    /// What the failed walk was made for, of a stream that is walked over something.
    public var over: [OverBinding] = []
    /// From 0. Where there is an `over`: of its pages.
    public var page: UInt64?
    /// JSON Pointer into a document or options text.
    public var pointer: String?
    /// The start of the server's error body, control characters escaped.
    public var body: String?

    public init(_ code: Code, _ message: String, pointer: String? = nil) {
        self.code = code
        self.message = message
        self.pointer = pointer
    }
}
