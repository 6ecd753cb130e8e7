import Engine
import EngineTestKit

/// A token endpoint and an API behind it, both on the virtual clock.
final class TokenServer {
    var life: Timespan = .seconds(3600)
    var tokenLatency: Timespan = .milliseconds(50)
    var dataLatency: Timespan = .milliseconds(20)
    var rotates = false
    var saysExpiry = true
    /// Answers of the token endpoint before it works.
    var refusals: [Reply] = []
    var lastPage = 3

    private(set) var tokenRequests: [TransferRequest] = []
    private(set) var tokenTimes: [Instant] = []
    private(set) var accepted = 0
    private(set) var refused = 0
    private var live: [String: Instant] = [:]
    private(set) var refresh = "refresh-0"
    private(set) var reuses = 0

    func revoke() { live = [:] }

    func form(_ request: TransferRequest) -> [String: String] {
        let text = "http://x/?" + String(decoding: request.body ?? [], as: UTF8.self)
        let items = (try? WebURL(text))?.queryItems ?? []
        return Dictionary(items.map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { $1 })
    }

    func answer(_ request: TransferRequest, at now: Instant) -> Reply {
        guard let url = try? WebURL(request.url) else { return .status(500) }
        var reply = url.path == "/token" ? token(request, now) : data(request, url, now)
        reply.latency = url.path == "/token" ? tokenLatency : dataLatency
        return reply
    }

    private func token(_ request: TransferRequest, _ now: Instant) -> Reply {
        tokenRequests.append(request)
        tokenTimes.append(now)
        if !refusals.isEmpty { return refusals.removeFirst() }
        let given = form(request)
        var rotated = ""
        if given["grant_type"] == "refresh_token" {
            guard given["refresh_token"] == refresh else {
                reuses += 1
                return .json("{\"error\":\"invalid_grant\"}", status: 400)
            }
            if rotates {
                refresh = "refresh-\(tokenRequests.count)"
                rotated = ",\"refresh_token\":\"\(refresh)\""
            }
        } else if given["grant_type"] == "password" {
            rotated = ",\"refresh_token\":\"\(refresh)\""
        }
        let text = "access-\(tokenRequests.count)"
        // The server counts from when it answers.
        live[text] = now + tokenLatency + life
        let expiry = saysExpiry ? ",\"expires_in\":\(Double(life.nanoseconds) / 1e9)" : ""
        return .json("{\"access_token\":\"\(text)\",\"token_type\":\"bearer\"\(expiry)\(rotated)}")
    }

    private func data(_ request: TransferRequest, _ url: WebURL, _ now: Instant) -> Reply {
        let sent = request.headers.first { $0.name == "Authorization" }?.value ?? ""
        guard sent.hasPrefix("Bearer "), let ends = live[String(sent.dropFirst(7))], now < ends else {
            refused += 1
            return .json("{\"error\":\"expired\"}", status: 401)
        }
        accepted += 1
        let page = url.queryValue("page").flatMap { Int($0) } ?? 1
        return .json(page > lastPage ? "{\"data\":[]}" : "{\"data\":[\(page)]}")
    }

    func world() -> World {
        World { [self] request, sent in answer(request, at: sent.at) }
    }

    static let clientCredentials =
        #""auth": {"type": "oauth2_client_credentials", "token_url": "/token", "client_id": "me", "client_secret": {"env": "TOKEN"}}"#
    static let refreshing =
        #""auth": {"type": "oauth2_refresh_token", "token_url": "/token", "client_id": "me", "refresh_token": "refresh-0"}"#
    static let streams =
        #""streams": {"s": {"path": "/s", "records": "data", "pagination": "page"}, "t": {"path": "/t", "records": "data", "pagination": "none"}}"#

    static func source(_ auth: String = clientCredentials, _ rest: String = "") throws -> Source {
        try EngineTests.source("\(auth), \(streams)\(rest.isEmpty ? "" : ", " + rest)")
    }
}
