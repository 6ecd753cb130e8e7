import Engine
import EngineTestKit

/// An API of users, their posts, and the posts' comments: `/v1/users`, `/v1/users/{id}/posts`, `/v1/posts/{id}/comments`,
/// by pages of `size`.
struct OverServer {
    var users = 5
    var posts: (Int) -> Int = { _ in 3 }
    var comments: (Int) -> Int = { _ in 2 }
    var size = 2
    var latency: Timespan = .milliseconds(10)
    /// Instead of the answer.
    var fault: (String) -> Reply? = { _ in nil }

    func reply(_ request: TransferRequest) -> Reply {
        guard let url = try? WebURL(request.url) else { return .status(400) }
        if var fault = fault(url.requestTarget) {
            fault.latency = latency
            return fault
        }
        let parts = url.path.split(separator: "/").dropFirst().map(String.init)
        let all: [String]
        switch parts.count {
        case 1 where parts[0] == "users": all = (0..<users).map { "{\"id\":\($0),\"name\":\"user \($0)\"}" }
        case 3:
            guard let id = Int(parts[1]) else { return .status(404, body: "no such \(parts[0])") }
            let count = parts[0] == "users" ? posts(id) : comments(id)
            all = (0..<count).map { "{\"id\":\(id * 100 + $0),\"of\":\(id)}" }
        default: return .status(404)
        }
        let page = Int(url.queryValue("page") ?? "1") ?? 1
        let rows = all.dropFirst((page - 1) * size).prefix(size)
        let more = page * size < all.count
        return .json("{\"data\":[\(rows.joined(separator: ","))],\"more\":\(more)}", latency: latency)
    }

    func world() -> World { World { request, _ in reply(request) } }

    static let paging =
        "\"records\": \"data\", \"pagination\": {\"type\": \"page\", \"has_more\": \"more\"}"
    static let users = "\"users\": {\"path\": \"/users\", \(paging)}"
    /// `more` goes into the "over".
    static func posts(_ more: String = "", stream: String = "") -> String {
        "\"posts\": {\"path\": \"/users/{user_id}/posts\", \(paging)\(stream), "
            + "\"over\": {\"stream\": \"users\", \"key\": \"id\", \"as\": \"user_id\"\(more)}}"
    }
    static func comments(_ more: String = "") -> String {
        "\"comments\": {\"path\": \"/posts/{post_id}/comments\", \(paging), "
            + "\"over\": {\"stream\": \"posts\", \"key\": \"id\", \"as\": \"post_id\"\(more)}}"
    }
    static func source(_ streams: String...) throws -> Source {
        try EngineTests.source("\"streams\": {\(streams.joined(separator: ", "))}")
    }

    var postsInOrder: [String] {
        (0..<users).flatMap { user in (0..<posts(user)).map { "{\"id\":\(user * 100 + $0),\"of\":\(user)}" } }
    }
    var commentsInOrder: [String] {
        (0..<users).flatMap { user in
            (0..<posts(user)).flatMap { post -> [String] in
                let id = user * 100 + post
                return (0..<comments(id)).map { "{\"id\":\(id * 100 + $0),\"of\":\(id)}" }
            }
        }
    }
}

extension World {
    /// The source's stream of that name, walked to its end or as far as it goes.
    @discardableResult func walk(_ name: String, of source: Source) throws -> World {
        guard let stream = source.streams.first(where: { $0.name == name }) else { throw KitError("no stream \(name)") }
        add(source)
        open(stream)
        run()
        return self
    }
}
