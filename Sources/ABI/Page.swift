// swift-format-ignore-file: AlwaysUseLowerCamelCase
public import CPenstock
internal import Engine
internal import IO

/// Asks a page without retaining it: these functions are called once a record.
private func ask<R>(_ handle: OpaquePointer?, or nothing: R, _ body: (Page) -> R) -> R {
    guard let handle else { return nothing }
    return Unmanaged<Page>.fromOpaque(UnsafeRawPointer(handle))._withUnsafeGuaranteedRef { body($0) }
}

@_cdecl("penstock_page_body") @implementation public func penstock_page_body(_ page: OpaquePointer?) -> penstock_slice {
    ask(page, or: .empty) { penstock_slice($0.body.bytes) }
}

@_cdecl("penstock_page_record_count") @implementation public func penstock_page_record_count(
    _ page: OpaquePointer?
) -> Int {
    ask(page, or: 0) { $0.recordCount }
}

@_cdecl("penstock_page_record") @implementation public func penstock_page_record(
    _ page: OpaquePointer?, _ index: Int
) -> penstock_slice {
    ask(page, or: .empty) { penstock_slice($0.record(index)) }
}

@_cdecl("penstock_page_record_array") @implementation public func penstock_page_record_array(
    _ page: OpaquePointer?
) -> penstock_slice {
    ask(page, or: .empty) { penstock_slice($0.recordArray) }
}

@_cdecl("penstock_page_status") @implementation public func penstock_page_status(_ page: OpaquePointer?) -> Int32 {
    ask(page, or: 0) { Int32(clamping: $0.facts.head.status) }
}

@_cdecl("penstock_page_header") @implementation public func penstock_page_header(
    _ page: OpaquePointer?, _ name: UnsafePointer<CChar>?
) -> penstock_slice {
    guard let name else { return .empty }
    return ask(page, or: .empty) { penstock_slice($0.header(String(cString: name))) }
}

@_cdecl("penstock_page_headers") @implementation public func penstock_page_headers(
    _ page: OpaquePointer?
) -> penstock_slice {
    ask(page, or: .empty) { penstock_slice($0.headers) }
}

@_cdecl("penstock_page_limit_remaining") @implementation public func penstock_page_limit_remaining(
    _ page: OpaquePointer?
) -> Int64 {
    ask(page, or: -1) { $0.facts.limitRemaining ?? -1 }
}

@_cdecl("penstock_page_limit_reset_ms") @implementation public func penstock_page_limit_reset_ms(
    _ page: OpaquePointer?
) -> Int64 {
    ask(page, or: -1) { $0.facts.limitReset?.milliseconds ?? -1 }
}

@_cdecl("penstock_page_next_token") @implementation public func penstock_page_next_token(
    _ page: OpaquePointer?
) -> penstock_slice {
    ask(page, or: .empty) { penstock_slice($0.nextToken) }
}

@_cdecl("penstock_page_has_more") @implementation public func penstock_page_has_more(_ page: OpaquePointer?) -> Int32 {
    ask(page, or: -1) { $0.facts.hasMore.map { $0 ? 1 : 0 } ?? -1 }
}

@_cdecl("penstock_page_total") @implementation public func penstock_page_total(_ page: OpaquePointer?) -> Int64 {
    ask(page, or: -1) { $0.facts.total ?? -1 }
}

@_cdecl("penstock_page_index") @implementation public func penstock_page_index(_ page: OpaquePointer?) -> UInt64 {
    ask(page, or: 0) { $0.facts.index }
}

@_cdecl("penstock_page_checkpoint") @implementation public func penstock_page_checkpoint(
    _ page: OpaquePointer?
) -> penstock_slice {
    ask(page, or: .empty) { penstock_slice($0.checkpoint) }
}

@_cdecl("penstock_page_metadata") @implementation public func penstock_page_metadata(
    _ page: OpaquePointer?
) -> penstock_slice {
    ask(page, or: .empty) { penstock_slice($0.metadata) }
}

@_cdecl("penstock_page_free") @implementation public func penstock_page_free(_ page: OpaquePointer?) {
    Handle.release(page, as: Page.self)
}
