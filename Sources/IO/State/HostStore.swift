package import Engine

/// A store that the program around us implements. Its functions put their answers into the reply, in time.
package struct HostStoreFunctions: Sendable {
    package typealias Reply = HostStoreReply
    package let get: @Sendable (_ collection: String, _ keys: [String], Reply) -> Void
    package let scan: @Sendable (_ collection: String, Reply) -> Void
    package let commit: @Sendable ([HostStoreChange], _ leases: [String], _ holder: String, Int64, Reply) -> Void
    package let acquire: @Sendable (_ lease: String, _ holder: String, Int64, Reply) -> Void
    package let release: @Sendable (_ lease: String, _ holder: String, Reply) -> Void

    package init(
        get: @escaping @Sendable (String, [String], Reply) -> Void, scan: @escaping @Sendable (String, Reply) -> Void,
        commit: @escaping @Sendable ([HostStoreChange], [String], String, Int64, Reply) -> Void,
        acquire: @escaping @Sendable (String, String, Int64, Reply) -> Void,
        release: @escaping @Sendable (String, String, Reply) -> Void
    ) {
        (self.get, self.scan, self.commit, self.acquire, self.release) = (get, scan, commit, acquire, release)
    }
}

package struct HostStoreChange: Sendable {
    package enum Kind: UInt32, Sendable {
        case put = 1
        case delete = 2
        case clear = 3
    }
    package let kind: Kind
    package let collection: String
    package let key: String
    package let value: String
}

/// Where a function of a store puts its answer. Used by the function's thread only, for as long as it runs.
package final class HostStoreReply {
    fileprivate var items: [(key: String, value: String)] = []
    fileprivate var refused: String?
    fileprivate var isRefused = false
    fileprivate var failure: String?

    package func add(_ key: String, _ value: UnsafeRawBufferPointer) {
        guard let value = String(validating: value, as: UTF8.self) else {
            return fail("what it gave is no UTF-8 text")
        }
        items.append((key, value))
    }

    package func refuse(_ name: String?) {
        isRefused = true
        refused = name
    }

    /// Only the first one counts.
    package func fail(_ message: String) { failure = failure ?? message }
}

/// The stores of the host by name, for all that is opened from then on.
package enum HostStores {
    private static let all = Lock<[String: HostStoreFunctions]>([:])

    /// - Parameter functions: Nil: there is none of that name any more. What is open goes on with the one it has.
    package static func register(_ name: String, _ functions: HostStoreFunctions?) throws(Failure) {
        guard case .success(.host) = StatePlace.parse("host:" + name) else {
            throw Failure(.invalidArgument, "a store needs a name of letters, digits, \".\", \"_\" and \"-\"")
        }
        // What it was goes when the lock is free again: with it goes the host's context.
        _ = all.withLock { all in
            defer { all[name] = functions }
            return all[name]
        }
    }

    static func open(_ name: String) throws(Failure) -> HostStore {
        guard let functions = all.withLock({ $0[name] }) else {
            throw Failure(.state, "the program has registered no state store \"\(name)\"")
        }
        return HostStore(name, functions)
    }
}

/// One state that a store of the host has: one call at a time.
final class HostStore: KeyedStore {
    let shown: String
    let lease = Timespan.seconds(15)
    private let functions: HostStoreFunctions
    private let turn = Lock<Void>(())

    init(_ name: String, _ functions: HostStoreFunctions) {
        shown = "the state store \"\(name)\" of the host"
        self.functions = functions
    }

    func get(_ keys: [String], in collection: String) throws(Failure) -> [String: String] {
        if keys.isEmpty { return [:] }
        let reply = try call("get") { functions.get(collection, keys, $0) }
        let wanted = Set(keys)
        return Dictionary(reply.items.filter { wanted.contains($0.key) }, uniquingKeysWith: { _, last in last })
    }

    func scan(_ collection: String) throws(Failure) -> [(key: String, value: String)] {
        try call("scan") { functions.scan(collection, $0) }.items
    }

    func commit(_ changes: [KeyedChange], under leases: [String], of holder: String) throws(Failure) -> KeyedOutcome {
        let given = changes.map { change in
            switch change {
            case .put(let collection, let key, let value):
                HostStoreChange(kind: .put, collection: collection, key: key, value: value)
            case .delete(let collection, let key):
                HostStoreChange(kind: .delete, collection: collection, key: key, value: "")
            case .clear(let collection): HostStoreChange(kind: .clear, collection: collection, key: "", value: "")
            }
        }
        let reply = try call("commit") { functions.commit(given, leases, holder, lease.milliseconds, $0) }
        guard reply.isRefused else { return .done }
        guard let lost = reply.refused ?? leases.first, leases.contains(lost) else {
            throw failure("commit", "it refuses for a lease that was not asked for")
        }
        return .lost(lost)
    }

    func acquire(_ lease: String, for holder: String) throws(Failure) -> KeyedLease {
        let reply = try call("acquire") { functions.acquire(lease, holder, self.lease.milliseconds, $0) }
        return reply.isRefused ? .held(by: reply.refused) : .granted
    }

    func release(_ lease: String, of holder: String) {
        // It ends by itself.
        _ = try? call("release") { functions.release(lease, holder, $0) }
    }

    private func call(_ what: String, _ body: (HostStoreReply) -> Void) throws(Failure) -> HostStoreReply {
        let reply = HostStoreReply()
        turn.withLock { _ in body(reply) }
        if let message = reply.failure { throw failure(what, message) }
        return reply
    }

    private func failure(_ what: String, _ message: String) -> Failure {
        Failure(.storage, "\(shown) failed (\(what)): \(Sanitized.text(message, most: 300))")
    }
}
