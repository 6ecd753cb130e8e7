// swift-format-ignore-file: AlwaysUseLowerCamelCase
public import CPenstock
internal import Engine
internal import IO

@_cdecl("penstock_sync_open_with_batch") @implementation public func penstock_sync_open_with_batch(
    _ job: UnsafePointer<CChar>?, _ size: Int, _ callback: penstock_batch_callback?,
    _ context: UnsafeMutableRawPointer?, _ release: penstock_release?, _ out: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let out = try need(out, "out")
        guard let callback else { throw Failure(.invalidArgument, "callback is NULL") }
        let plan = try JobPlan.parse(json(job, size, "the job"), references: ProcessReferences())
        let host = HostContext(context)
        let sync = try Sync(plan) { batch in
            callback(host.pointer, Handle.lend(batch))
        }
        host.release = release
        Handle.give(sync, to: out)
        return PENSTOCK_OK
    }
}

@_cdecl("penstock_batch_stream") @implementation public func penstock_batch_stream(
    _ batch: OpaquePointer?
) -> UnsafePointer<CChar>? {
    Handle.borrow(batch, as: Batch.self)?.stream.cString ?? cString("")
}

@_cdecl("penstock_batch_record_count") @implementation public func penstock_batch_record_count(
    _ batch: OpaquePointer?
) -> Int {
    Handle.borrow(batch, as: Batch.self)?.count ?? 0
}

@_cdecl("penstock_batch_record") @implementation public func penstock_batch_record(
    _ batch: OpaquePointer?, _ index: Int
) -> penstock_slice {
    Handle.borrow(batch, as: Batch.self).map { penstock_slice($0.record(index)) } ?? .empty
}

@_cdecl("penstock_batch_keep") @implementation public func penstock_batch_keep(_ batch: OpaquePointer?, _ index: Int) {
    Handle.borrow(batch, as: Batch.self)?.keep(index)
}

@_cdecl("penstock_batch_write") @implementation public func penstock_batch_write(
    _ batch: OpaquePointer?, _ record: UnsafePointer<CChar>?, _ size: Int,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        guard let batch = Handle.borrow(batch, as: Batch.self) else {
            throw Failure(.invalidArgument, "batch is NULL")
        }
        guard let record else { throw Failure(.invalidArgument, "record is NULL") }
        try batch.write(UnsafeRawBufferPointer(start: record, count: max(0, size)))
        return PENSTOCK_OK
    }
}

@_cdecl("penstock_batch_fail") @implementation public func penstock_batch_fail(
    _ batch: OpaquePointer?, _ message: UnsafePointer<CChar>?
) {
    Handle.borrow(batch, as: Batch.self)?.fail(message.map { String(cString: $0) } ?? "it does not say why")
}
