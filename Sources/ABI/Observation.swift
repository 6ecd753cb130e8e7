// swift-format-ignore-file: AlwaysUseLowerCamelCase
public import CPenstock
internal import Engine
internal import IO

@_cdecl("penstock_client_metrics") @implementation public func penstock_client_metrics(
    _ client: OpaquePointer?, _ format: UnsafePointer<CChar>?, _ out: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    tell(client, "client", as: ClientHandle.self, out, error) { client throws(Failure) in
        Metrics.text(try metricsFormat(format), [try client.loop.snapshot()])
    }
}

@_cdecl("penstock_client_trace") @implementation public func penstock_client_trace(
    _ client: OpaquePointer?, _ options: UnsafePointer<CChar>?, _ size: Int,
    _ out: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    tell(client, "client", as: ClientHandle.self, out, error) { client throws(Failure) in
        var withCurl = false
        if options != nil { withCurl = try TraceOptions.parse(json(options, size, "the options")).withCurl }
        return Trace.text(try client.loop.snapshot(), withCurl: withCurl)
    }
}

@_cdecl("penstock_sync_metrics") @implementation public func penstock_sync_metrics(
    _ sync: OpaquePointer?, _ format: UnsafePointer<CChar>?, _ out: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    tell(sync, "sync", as: Sync.self, out, error) { sync throws(Failure) in
        Metrics.text(try metricsFormat(format), try sync.snapshots())
    }
}

extension EventQueue: Owned {}

@_cdecl("penstock_client_events") @implementation public func penstock_client_events(
    _ client: OpaquePointer?, _ options: UnsafePointer<CChar>?, _ size: Int,
    _ out: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let client = try Handle.need(client, "client", as: ClientHandle.self)
        let out = try need(out, "out")
        let queue = try EventQueue(eventsOptions(options, size))
        try client.loop.listen(queue)
        Handle.give(queue, to: out)
        return PENSTOCK_OK
    }
}

@_cdecl("penstock_sync_events") @implementation public func penstock_sync_events(
    _ sync: OpaquePointer?, _ options: UnsafePointer<CChar>?, _ size: Int,
    _ out: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let sync = try Handle.need(sync, "sync", as: Sync.self)
        let out = try need(out, "out")
        let queue = try EventQueue(eventsOptions(options, size))
        try sync.listen(queue)
        Handle.give(queue, to: out)
        return PENSTOCK_OK
    }
}

@_cdecl("penstock_events_next") @implementation public func penstock_events_next(
    _ events: OpaquePointer?, _ timeout: Int64, _ out: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let events = try Handle.need(events, "events", as: EventQueue.self)
        let out = try need(out, "event")
        switch events.next(milliseconds: timeout) {
        case .event(let text):
            Handle.give(OwnedText(text), to: out)
            return PENSTOCK_OK
        case .end: return PENSTOCK_END
        case nil: return PENSTOCK_PENDING
        }
    }
}

@_cdecl("penstock_events_fd") @implementation public func penstock_events_fd(_ events: OpaquePointer?) -> Int32 {
    Handle.own(events, as: EventQueue.self)?.descriptor ?? -1
}

@_cdecl("penstock_events_listen") @implementation public func penstock_events_listen(
    _ events: OpaquePointer?, _ callback: penstock_event_callback?, _ context: UnsafeMutableRawPointer?,
    _ release: penstock_release?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let events = try Handle.need(events, "events", as: EventQueue.self)
        guard let callback else { throw Failure(.invalidArgument, "callback is NULL") }
        let host = HostContext(context)
        try events.deliver { text in
            let event = OwnedText(text)
            callback(host.pointer, penstock_slice(event.bytes))
            withExtendedLifetime(event) {}
        }
        host.release = release
        return PENSTOCK_OK
    }
}

@_cdecl("penstock_events_free") @implementation public func penstock_events_free(_ events: OpaquePointer?) {
    Handle.own(events, as: EventQueue.self)?.stop()
    Handle.release(events, as: EventQueue.self)
}

private func eventsOptions(_ options: UnsafePointer<CChar>?, _ size: Int) throws(Failure) -> EventsOptions {
    guard let options else { return EventsOptions() }
    return try EventsOptions.parse(json(options, size, "the options"))
}

private func metricsFormat(_ format: UnsafePointer<CChar>?) throws(Failure) -> Metrics.Format {
    guard let format else { return .json }
    let name = String(cString: format)
    guard let known = Metrics.Format(rawValue: name) else {
        throw Failure(
            .invalidArgument, "format: expected \"json\", \"prometheus\" or \"openmetrics\", and nothing else")
    }
    return known
}
