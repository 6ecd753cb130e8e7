public import Engine

/// What a simulated server makes of one request, and how long it takes.
public struct Reply: Sendable {
    public enum Outcome: Sendable {
        case response(status: Int, headers: [(String, String)], body: [UInt8])
        case failure(TransferFailure.Kind, mayHaveReachedServer: Bool)
        /// Nothing ever comes; only closing the walk ends it.
        case silence
    }
    public var outcome: Outcome
    public var latency: Timespan = .zero
    public var hiddenResends = 0
    /// When the head of a response of 2xx is in, before all of it is. Nil: it comes with the rest.
    public var headLatency: Timespan?
    /// What that head says when the transfer fails then.
    public var headFields: [(String, String)] = []

    public init(_ outcome: Outcome, latency: Timespan = .zero) {
        self.outcome = outcome
        self.latency = latency
    }

    public static func json(
        _ body: String, status: Int = 200, headers: [(String, String)] = [], latency: Timespan = .zero
    ) -> Reply {
        Reply(
            .response(
                status: status, headers: [("Content-Type", "application/json")] + headers, body: Array(body.utf8)),
            latency: latency)
    }
    public static func status(_ status: Int, _ headers: [(String, String)] = [], body: String = "") -> Reply {
        Reply(.response(status: status, headers: headers, body: Array(body.utf8)))
    }
    public static func failing(_ kind: TransferFailure.Kind, reached: Bool = true) -> Reply {
        Reply(.failure(kind, mayHaveReachedServer: reached))
    }
    public static let silence = Reply(.silence)
}

public struct KitError: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// Short ways to plans.
public enum Make {
    public static func source(_ base: String = "https://api.test/v1") throws -> Source {
        Source(baseURL: try WebURL(base), transport: TransportSettings(userAgent: "test"))
    }

    /// `records` nil: found by detection.
    public static func stream(
        _ paging: PagingPlan.Style = .single, records: String? = "data", path: String = "/things"
    ) throws -> Stream {
        var request = RequestPlan()
        request.path = path
        var stream = Stream(name: "things", request: request)
        stream.paging = PagingPlan(style: paging)
        if let records { stream.records = .path(try JSONPath(records)) }
        return stream
    }

    public static func body(_ path: String) throws -> ValueSource { .body(try JSONPath(path)) }
    public static func cursor(_ path: String = "next", into slot: Slot = .query("cursor")) throws -> PagingPlan.Style {
        .cursor(slot: slot, from: .body(try JSONPath(path)))
    }
    public static func nextURL(_ path: String = "next") throws -> PagingPlan.Style {
        .nextURL(from: .body(try JSONPath(path)))
    }
    public static func offset(_ start: Int64 = 0) -> PagingPlan.Style { .offset(slot: .query("offset"), start: start) }
    public static func page(_ start: Int64 = 1) -> PagingPlan.Style { .page(slot: .query("page"), start: start) }

    /// `[first,…,first + count - 1]`
    public static func list(_ first: Int, _ count: Int) -> String {
        "[" + (0..<max(0, count)).map { String(first + $0) }.joined(separator: ",") + "]"
    }
}
