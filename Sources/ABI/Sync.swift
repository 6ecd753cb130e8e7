// swift-format-ignore-file: AlwaysUseLowerCamelCase
public import CPenstock
internal import Engine
internal import IO

extension Sync: Owned {}

@_cdecl("penstock_sync_open") @implementation public func penstock_sync_open(
    _ job: UnsafePointer<CChar>?, _ size: Int, _ out: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let out = try need(out, "out")
        let plan = try JobPlan.parse(json(job, size, "the job"), references: ProcessReferences())
        Handle.give(try Sync(plan), to: out)
        return PENSTOCK_OK
    }
}

@_cdecl("penstock_sync_wait") @implementation public func penstock_sync_wait(
    _ sync: OpaquePointer?, _ timeout: Int64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let sync = try Handle.need(sync, "sync", as: Sync.self)
        switch sync.wait(milliseconds: timeout) {
        case nil: return PENSTOCK_PENDING
        case .succeeded: return PENSTOCK_OK
        case .failed(let failure): throw failure
        }
    }
}

@_cdecl("penstock_sync_progress") @implementation public func penstock_sync_progress(
    _ sync: OpaquePointer?, _ out: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let sync = try Handle.need(sync, "sync", as: Sync.self)
        let out = try need(out, "out")
        Handle.give(OwnedText(sync.progress(statusName: statusName)), to: out)
        return PENSTOCK_OK
    }
}

@_cdecl("penstock_sync_cancel") @implementation public func penstock_sync_cancel(_ sync: OpaquePointer?) {
    Handle.own(sync, as: Sync.self)?.cancel()
}

@_cdecl("penstock_sync_park") @implementation public func penstock_sync_park(_ sync: OpaquePointer?) {
    Handle.own(sync, as: Sync.self)?.park()
}

@_cdecl("penstock_sync_free") @implementation public func penstock_sync_free(_ sync: OpaquePointer?) {
    guard let own = Handle.own(sync, as: Sync.self) else { return }
    own.stop()
    Handle.release(sync, as: Sync.self)
}
