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

@_cdecl("penstock_limiter_free") @implementation public func penstock_limiter_free(_ limiter: OpaquePointer?) {
    Handle.release(limiter, as: LimiterHandle.self)
}
