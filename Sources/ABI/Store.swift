// swift-format-ignore-file: AlwaysUseLowerCamelCase
public import CPenstock
internal import Engine
internal import IO

/// Texts at addresses that don't move, as an array of C's.
private func withTexts(_ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Void) {
    let owned = texts.map { OwnedText($0) }
    owned.map { Optional($0.cString) }.withUnsafeBufferPointer { body($0.baseAddress) }
    withExtendedLifetime(owned) {}
}

private func withText(_ text: String, _ body: (UnsafePointer<CChar>?) -> Void) {
    let owned = OwnedText(text)
    body(owned.cString)
    withExtendedLifetime(owned) {}
}

private func withChanges(
    _ changes: [HostStoreChange], _ body: (UnsafePointer<penstock_store_change>?) -> Void
) {
    let texts = changes.map { (OwnedText($0.collection), OwnedText($0.key), OwnedText($0.value)) }
    let given = zip(changes, texts).map { change, text in
        penstock_store_change(
            kind: change.kind.rawValue, collection: text.0.cString, key: text.1.cString,
            value: penstock_slice(text.2.bytes))
    }
    given.withUnsafeBufferPointer { body($0.baseAddress) }
    withExtendedLifetime(texts) {}
}

private func functions(_ store: penstock_store, _ host: HostContext) -> HostStoreFunctions? {
    guard let get = store.get, let scan = store.scan, let commit = store.commit, let acquire = store.acquire,
        let release = store.release
    else { return nil }
    return HostStoreFunctions(
        get: { collection, keys, reply in
            withText(collection) { collection in
                withTexts(keys) { get(host.pointer, collection, $0, keys.count, Handle.lend(reply)) }
            }
        },
        scan: { collection, reply in
            withText(collection) { scan(host.pointer, $0, Handle.lend(reply)) }
        },
        commit: { changes, leases, holder, time, reply in
            withChanges(changes) { given in
                withTexts(leases) { names in
                    withText(holder) { holder in
                        commit(
                            host.pointer, given, changes.count, names, leases.count, holder, time, Handle.lend(reply))
                    }
                }
            }
        },
        acquire: { lease, holder, time, reply in
            withText(lease) { lease in
                withText(holder) { acquire(host.pointer, lease, $0, time, Handle.lend(reply)) }
            }
        },
        release: { lease, holder, reply in
            withText(lease) { lease in
                withText(holder) { release(host.pointer, lease, $0, Handle.lend(reply)) }
            }
        })
}

@_cdecl("penstock_store_register") @implementation public func penstock_store_register(
    _ name: UnsafePointer<CChar>?, _ store: UnsafePointer<penstock_store>?, _ context: UnsafeMutableRawPointer?,
    _ release: penstock_release?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        guard let name else { throw Failure(.invalidArgument, "name is NULL") }
        guard let store else {
            try HostStores.register(String(cString: name), nil)
            return PENSTOCK_OK
        }
        // The size first: of a smaller one there is less to be read.
        guard store.pointee.size >= MemoryLayout<penstock_store>.size else {
            throw Failure(
                .invalidArgument, "the store's size is \(store.pointee.size): expected sizeof(penstock_store)")
        }
        let host = HostContext(context)
        guard let functions = functions(store.pointee, host) else {
            throw Failure(.invalidArgument, "a function of the store is NULL")
        }
        try HostStores.register(String(cString: name), functions)
        host.release = release
        return PENSTOCK_OK
    }
}

@_cdecl("penstock_store_reply_item") @implementation public func penstock_store_reply_item(
    _ reply: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?, _ size: Int
) {
    guard let reply = Handle.borrow(reply, as: HostStoreReply.self), let key, let value else { return }
    reply.add(String(cString: key), UnsafeRawBufferPointer(start: value, count: max(0, size)))
}

@_cdecl("penstock_store_reply_refuse") @implementation public func penstock_store_reply_refuse(
    _ reply: OpaquePointer?, _ name: UnsafePointer<CChar>?
) {
    Handle.borrow(reply, as: HostStoreReply.self)?.refuse(name.map { String(cString: $0) })
}

@_cdecl("penstock_store_reply_fail") @implementation public func penstock_store_reply_fail(
    _ reply: OpaquePointer?, _ message: UnsafePointer<CChar>?
) {
    Handle.borrow(reply, as: HostStoreReply.self)?
        .fail(message.map { String(cString: $0) } ?? "it failed without a message")
}
