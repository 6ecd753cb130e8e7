// swift-format-ignore-file: AlwaysUseLowerCamelCase
public import CPenstock
internal import Engine
internal import IO

extension StateFile: Owned {}

@_cdecl("penstock_state_open") @implementation public func penstock_state_open(
    _ path: UnsafePointer<CChar>?, _ out: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let out = try need(out, "out")
        guard let path else { throw Failure(.invalidArgument, "path is NULL") }
        Handle.give(try StateFile(path: String(cString: path)), to: out)
        return PENSTOCK_OK
    }
}

@_cdecl("penstock_state_export") @implementation public func penstock_state_export(
    _ state: OpaquePointer?, _ out: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let state = try Handle.need(state, "state", as: StateFile.self)
        let out = try need(out, "out")
        Handle.give(OwnedText(try state.exported()), to: out)
        return PENSTOCK_OK
    }
}

@_cdecl("penstock_state_import") @implementation public func penstock_state_import(
    _ state: OpaquePointer?, _ text: UnsafePointer<CChar>?, _ size: Int,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let state = try Handle.need(state, "state", as: StateFile.self)
        try state.take(json(text, size, "the text"))
        return PENSTOCK_OK
    }
}

@_cdecl("penstock_state_reset") @implementation public func penstock_state_reset(
    _ state: OpaquePointer?, _ stream: UnsafePointer<CChar>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let state = try Handle.need(state, "state", as: StateFile.self)
        let name = stream.map { String(cString: $0) }
        try state.reset(name)
        return PENSTOCK_OK
    }
}

@_cdecl("penstock_state_verify") @implementation public func penstock_state_verify(
    _ state: OpaquePointer?, _ out: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let state = try Handle.need(state, "state", as: StateFile.self)
        let out = try need(out, "out")
        Handle.give(OwnedText(try state.verified()), to: out)
        return PENSTOCK_OK
    }
}

@_cdecl("penstock_state_free") @implementation public func penstock_state_free(_ state: OpaquePointer?) {
    guard Handle.own(state, as: StateFile.self) != nil else { return }
    Handle.release(state, as: StateFile.self)
}
