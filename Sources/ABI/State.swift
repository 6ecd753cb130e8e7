// swift-format-ignore-file: AlwaysUseLowerCamelCase
public import CPenstock
internal import Engine
internal import IO

/// A state, wherever it is kept.
private final class StateHandle: Owned {
    let store: any StateStore
    var generation: UInt64 { store.generation }
    init(_ store: any StateStore) { self.store = store }
}

@_cdecl("penstock_state_open") @implementation public func penstock_state_open(
    _ path: UnsafePointer<CChar>?, _ out: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let out = try need(out, "out")
        guard let path else { throw Failure(.invalidArgument, "path is NULL") }
        Handle.give(StateHandle(try States.open(String(cString: path))), to: out)
        return PENSTOCK_OK
    }
}

@_cdecl("penstock_state_export") @implementation public func penstock_state_export(
    _ state: OpaquePointer?, _ out: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    tell(state, "state", as: StateHandle.self, out, error) { handle throws(Failure) in try handle.store.exported() }
}

@_cdecl("penstock_state_import") @implementation public func penstock_state_import(
    _ state: OpaquePointer?, _ text: UnsafePointer<CChar>?, _ size: Int,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let state = try Handle.need(state, "state", as: StateHandle.self).store
        try state.take(json(text, size, "the text"))
        return PENSTOCK_OK
    }
}

@_cdecl("penstock_state_reset") @implementation public func penstock_state_reset(
    _ state: OpaquePointer?, _ stream: UnsafePointer<CChar>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let state = try Handle.need(state, "state", as: StateHandle.self).store
        let name = stream.map { String(cString: $0) }
        try state.reset(name)
        return PENSTOCK_OK
    }
}

@_cdecl("penstock_state_verify") @implementation public func penstock_state_verify(
    _ state: OpaquePointer?, _ out: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    tell(state, "state", as: StateHandle.self, out, error) { handle throws(Failure) in try handle.store.verified() }
}

@_cdecl("penstock_state_free") @implementation public func penstock_state_free(_ state: OpaquePointer?) {
    guard Handle.own(state, as: StateHandle.self) != nil else { return }
    Handle.release(state, as: StateHandle.self)
}
