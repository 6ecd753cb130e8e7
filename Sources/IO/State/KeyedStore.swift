internal import Engine

/// Documents by collection and key, many written at once or none, and leases that writing is checked against. All that a
/// store has to know of: what the documents mean, `KeyedState` says, for all stores alike.
///
/// Its functions may wait, but not for ever. Any thread.
protocol KeyedStore: AnyObject, Sendable {
    /// For messages.
    var shown: String { get }
    /// How long a lease holds that is not renewed.
    var lease: Timespan { get }

    /// Of those that there are.
    func get(_ keys: [String], in collection: String) throws(Failure) -> [String: String]
    /// In any order.
    func scan(_ collection: String) throws(Failure) -> [(key: String, value: String)]
    /// All changes in their order, if that holder has all these leases, which are renewed; else none of them.
    ///
    /// When it fails, they may have been made or not, and may be made again.
    func commit(_ changes: [KeyedChange], under leases: [String], of holder: String) throws(Failure) -> KeyedOutcome
    func acquire(_ lease: String, for holder: String) throws(Failure) -> KeyedLease
    /// Nothing when somebody else has it.
    func release(_ lease: String, of holder: String)
}

enum KeyedChange: Sendable, Equatable {
    case put(collection: String, key: String, value: String)
    case delete(collection: String, key: String)
    /// All that is in a collection.
    case clear(collection: String)

    var collection: String {
        switch self {
        case .put(let collection, _, _), .delete(let collection, _), .clear(let collection): collection
        }
    }
}

enum KeyedOutcome: Sendable, Equatable {
    case done
    /// Which lease it has no more.
    case lost(String)
}

enum KeyedLease: Sendable, Equatable {
    case granted
    /// Nil: the store does not say by whom.
    case held(by: String?)
}
