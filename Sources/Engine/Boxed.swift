/// A large value behind one reference: a copy of what holds it copies a pointer, and is made whole when it is changed.
///
/// Values that stand in other values are copied member by member by every function that touches those; for plans of
/// hundreds of members that costs time, and half a megabyte of code.
@propertyWrapper public struct Boxed<Value: Sendable>: Sendable {
    /// `@unchecked Sendable`: only changed by its one owner, see `wrappedValue`.
    private final class Storage: @unchecked Sendable {
        var value: Value
        init(_ value: Value) { self.value = value }
    }

    private var storage: Storage

    public init(wrappedValue: Value) { storage = Storage(wrappedValue) }

    public var wrappedValue: Value {
        _read { yield storage.value }
        _modify {
            if !isKnownUniquelyReferenced(&storage) { storage = Storage(storage.value) }
            yield &storage.value
        }
    }
}
