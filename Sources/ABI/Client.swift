// swift-format-ignore-file: AlwaysUseLowerCamelCase
public import CPenstock
internal import Engine
internal import IO

final class ClientHandle: Owned, Sendable {
    let generation = Fork.generation
    let loop: ClientLoop
    init(_ loop: ClientLoop) { self.loop = loop }
}

@_cdecl("penstock_client_open") @implementation public func penstock_client_open(
    _ source: UnsafePointer<CChar>?, _ sourceSize: Int, _ options: UnsafePointer<CChar>?, _ optionsSize: Int,
    _ limiter: OpaquePointer?, _ out: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let out = try need(out, "out")
        let document = try json(source, sourceSize, "the source document")
        let given = try clientOptions(options, optionsSize)
        let shared = limiter == nil ? nil : try Handle.need(limiter, "limiter", as: LimiterHandle.self).limiter
        let parsed = try Source.parse(document: document, options: given, references: ProcessReferences())
        Handle.give(ClientHandle(try ClientLoop(source: parsed, shared: shared, log: given.log)), to: out)
        return PENSTOCK_OK
    }
}

@_cdecl("penstock_client_request") @implementation public func penstock_client_request(
    _ client: OpaquePointer?, _ request: UnsafePointer<CChar>?, _ size: Int, _ timeout: Int64,
    _ page: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let client = try Handle.need(client, "client", as: ClientHandle.self)
        let out = try need(page, "page")
        let pages = try openCall(client, request, size)
        switch pages.next(milliseconds: timeout) {
        case .page(let page):
            Handle.give(page, to: out)
            return PENSTOCK_OK
        case .failed(let failure): throw failure
        case .end: throw Failure(.internalFault, "the request ended without an answer")
        case nil: throw Failure(.timeout, "no answer within the \(timeout) ms that the caller waits")
        }
    }
}

@_cdecl("penstock_client_state") @implementation public func penstock_client_state(
    _ client: OpaquePointer?, _ out: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let client = try Handle.need(client, "client", as: ClientHandle.self)
        let out = try need(out, "out")
        Handle.give(OwnedText(try client.loop.state()), to: out)
        return PENSTOCK_OK
    }
}

@_cdecl("penstock_client_cancel") @implementation public func penstock_client_cancel(_ client: OpaquePointer?) {
    Handle.own(client, as: ClientHandle.self)?.loop.cancelAll()
}

@_cdecl("penstock_client_free") @implementation public func penstock_client_free(_ client: OpaquePointer?) {
    // In a child the thread and the connections are the parent's: the memory goes when the child does.
    guard let own = Handle.own(client, as: ClientHandle.self) else { return }
    own.loop.stop()
    Handle.release(client, as: ClientHandle.self)
}

/// NULL for none.
func clientOptions(_ options: UnsafePointer<CChar>?, _ size: Int) throws(Failure) -> ClientOptions {
    guard let options else { return ClientOptions() }
    return try ClientOptions.parse(json(options, size, "the options"))
}

/// A single request as a walk of one page.
func openCall(_ client: ClientHandle, _ request: UnsafePointer<CChar>?, _ size: Int) throws(Failure) -> Pages {
    let value = try json(request, size, "the request")
    let plan = try RequestPlan.parse(value, source: client.loop.source, references: ProcessReferences())
    var stream = Stream(name: plan.path, request: plan)
    stream.paging = PagingPlan(style: .detect)
    return try client.loop.open(stream, isCall: true)
}
