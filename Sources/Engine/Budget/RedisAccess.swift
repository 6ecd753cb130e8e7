/// Which Redis, and as whom.
public struct RedisAccess: Sendable {
    public enum Address: Sendable, Equatable {
        case tcp(host: String, port: Int32)
        case unix(String)
    }
    public var address: Address
    public var user: String?
    public var password: Secret?
    public var database: Int64 = 0

    public init(address: Address) { self.address = address }

    /// For messages: nothing that is anybody's secret.
    public var shown: String {
        switch address {
        case .tcp(let host, let port): "\(host):\(port)/\(database)"
        case .unix(let path): "\(path)/\(database)"
        }
    }
}

extension DocumentParser {
    /// The user and the password where the URL has none.
    mutating func login(_ access: inout RedisAccess, _ place: DocumentPlace) throws(Failure) {
        if let given = place["user"]?.value.string { access.user = given }
        if let given = place["password"] {
            if access.password != nil { throw given.failure("the URL has a password already") }
            access.password = try secret(given)
        }
        if access.user != nil, access.password == nil { throw place.failure("a user without a password") }
    }
}
