// swift-format-ignore-file: AlwaysUseLowerCamelCase
public import CPenstock
internal import Engine
internal import IO

extension Pages: Owned {}

@_cdecl("penstock_paginator_open") @implementation public func penstock_paginator_open(
    _ client: OpaquePointer?, _ options: UnsafePointer<CChar>?, _ size: Int,
    _ out: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let client = try Handle.need(client, "client", as: ClientHandle.self)
        let out = try need(out, "out")
        let value = try json(options, size, "the options")
        let stream = try Stream.parse(options: value, source: client.loop.source, references: ProcessReferences())
        Handle.give(try client.loop.open(stream, isCall: false), to: out)
        return PENSTOCK_OK
    }
}

@_cdecl("penstock_request_open") @implementation public func penstock_request_open(
    _ client: OpaquePointer?, _ request: UnsafePointer<CChar>?, _ size: Int,
    _ out: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let client = try Handle.need(client, "client", as: ClientHandle.self)
        let out = try need(out, "out")
        Handle.give(try openCall(client, request, size), to: out)
        return PENSTOCK_OK
    }
}

@_cdecl("penstock_paginator_next") @implementation public func penstock_paginator_next(
    _ paginator: OpaquePointer?, _ timeout: Int64, _ page: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let pages = try Handle.need(paginator, "paginator", as: Pages.self)
        let out = try need(page, "page")
        switch pages.next(milliseconds: timeout) {
        case .page(let page):
            Handle.give(page, to: out)
            return PENSTOCK_OK
        case .end: return PENSTOCK_END
        case .failed(let failure): throw failure
        case nil: return PENSTOCK_PENDING
        }
    }
}

@_cdecl("penstock_paginator_fd") @implementation public func penstock_paginator_fd(
    _ paginator: OpaquePointer?
) -> Int32 {
    Handle.own(paginator, as: Pages.self)?.descriptor ?? -1
}

@_cdecl("penstock_paginator_cancel") @implementation public func penstock_paginator_cancel(
    _ paginator: OpaquePointer?
) {
    Handle.own(paginator, as: Pages.self)?.cancel()
}

@_cdecl("penstock_paginator_free") @implementation public func penstock_paginator_free(_ paginator: OpaquePointer?) {
    guard Handle.own(paginator, as: Pages.self) != nil else { return }
    Handle.release(paginator, as: Pages.self)
}
