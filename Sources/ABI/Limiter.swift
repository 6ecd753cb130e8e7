// swift-format-ignore-file: AlwaysUseLowerCamelCase
public import CPenstock
internal import Engine
internal import IO

final class LimiterHandle: Owned, Sendable {
    let generation = Fork.generation
    let limiter: SharedLimiter
    init(_ plan: LimiterPlan) throws(Failure) { limiter = try SharedLimiter(plan) }
}

@_cdecl("penstock_limiter_open") @implementation public func penstock_limiter_open(
    _ text: UnsafePointer<CChar>?, _ size: Int, _ out: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let out = try need(out, "out")
        let plan = try LimiterPlan.parse(json(text, size, "the limits"), references: ProcessReferences())
        Handle.give(try LimiterHandle(plan), to: out)
        return PENSTOCK_OK
    }
}

@_cdecl("penstock_limiter_acquire") @implementation public func penstock_limiter_acquire(
    _ limiter: OpaquePointer?, _ options: UnsafePointer<CChar>?, _ size: Int, _ timeout: Int64,
    _ permit: UnsafeMutablePointer<UInt64>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    if options == nil,
        let number = Handle.peek(
            limiter, as: LimiterHandle.self, { $0.limiter.acquireAtOnce(isKept: permit != nil) })
    {
        permit?.pointee = number
        return PENSTOCK_OK
    }
    return boundary(error) { () throws(Failure) in
        let handle = try Handle.need(limiter, "limiter", as: LimiterHandle.self)
        var given: AcquireOptions?
        if options != nil { given = try AcquireOptions.parse(json(options, size, "the options")) }
        switch try handle.limiter.acquire(given, milliseconds: timeout, isKept: permit != nil) {
        case .permit(let number):
            permit?.pointee = number
            return PENSTOCK_OK
        case .pending: return PENSTOCK_PENDING
        }
    }
}

@_cdecl("penstock_limiter_release") @implementation public func penstock_limiter_release(
    _ limiter: OpaquePointer?, _ permit: UInt64, _ actualCost: Int64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let handle = try Handle.need(limiter, "limiter", as: LimiterHandle.self)
        guard handle.limiter.release(permit, actualCost: actualCost < 0 ? nil : actualCost) else {
            throw Failure(.invalidArgument, "no such permit: it was given back already, or belongs to another limiter")
        }
        return PENSTOCK_OK
    }
}

@_cdecl("penstock_limiter_cancel") @implementation public func penstock_limiter_cancel(_ limiter: OpaquePointer?) {
    Handle.own(limiter, as: LimiterHandle.self)?.limiter.cancel()
}

@_cdecl("penstock_limiter_state") @implementation public func penstock_limiter_state(
    _ limiter: OpaquePointer?, _ out: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let handle = try Handle.need(limiter, "limiter", as: LimiterHandle.self)
        let out = try need(out, "out")
        Handle.give(OwnedText(handle.limiter.stateText()), to: out)
        return PENSTOCK_OK
    }
}

@_cdecl("penstock_limiter_free") @implementation public func penstock_limiter_free(_ limiter: OpaquePointer?) {
    // In a child nobody waits, and the lock may be held by a thread of the parent's.
    Handle.own(limiter, as: LimiterHandle.self)?.limiter.cancel()
    Handle.release(limiter, as: LimiterHandle.self)
}
