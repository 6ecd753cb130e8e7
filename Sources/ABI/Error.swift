// swift-format-ignore-file: AlwaysUseLowerCamelCase
public import CPenstock
internal import Engine
internal import IO

/// A failure with its texts at fixed addresses.
final class ErrorHandle: Sendable {
    let failure: Failure
    let message: OwnedText
    let url: OwnedText?
    let requestID: OwnedText?
    let json: OwnedText

    init(_ failure: Failure) {
        self.failure = failure
        message = OwnedText(failure.message)
        url = failure.url.map { OwnedText($0) }
        requestID = failure.requestID.map { OwnedText($0) }
        json = OwnedText(failure.json(statusName: statusName(failure.code)))
    }
}

@_cdecl("penstock_error_status") @implementation public func penstock_error_status(
    _ error: OpaquePointer?
) -> penstock_status {
    Handle.borrow(error, as: ErrorHandle.self).map { status(of: $0.failure.code) } ?? PENSTOCK_OK
}

@_cdecl("penstock_error_message") @implementation public func penstock_error_message(
    _ error: OpaquePointer?
) -> UnsafePointer<CChar>? {
    Handle.borrow(error, as: ErrorHandle.self)?.message.cString ?? cString("")
}

@_cdecl("penstock_error_http_status") @implementation public func penstock_error_http_status(
    _ error: OpaquePointer?
) -> Int32 {
    Int32(clamping: Handle.borrow(error, as: ErrorHandle.self)?.failure.httpStatus ?? 0)
}

@_cdecl("penstock_error_url") @implementation public func penstock_error_url(
    _ error: OpaquePointer?
) -> UnsafePointer<CChar>? {
    Handle.borrow(error, as: ErrorHandle.self)?.url?.cString
}

@_cdecl("penstock_error_request_id") @implementation public func penstock_error_request_id(
    _ error: OpaquePointer?
) -> UnsafePointer<CChar>? {
    Handle.borrow(error, as: ErrorHandle.self)?.requestID?.cString
}

@_cdecl("penstock_error_retry_after_ms") @implementation public func penstock_error_retry_after_ms(
    _ error: OpaquePointer?
) -> Int64 {
    Handle.borrow(error, as: ErrorHandle.self)?.failure.retryAfter?.milliseconds ?? -1
}

@_cdecl("penstock_error_attempts") @implementation public func penstock_error_attempts(
    _ error: OpaquePointer?
) -> Int32 {
    Int32(clamping: Handle.borrow(error, as: ErrorHandle.self)?.failure.attempts ?? 0)
}

@_cdecl("penstock_error_json") @implementation public func penstock_error_json(
    _ error: OpaquePointer?
) -> UnsafePointer<CChar>? {
    Handle.borrow(error, as: ErrorHandle.self)?.json.cString ?? cString("{}")
}

@_cdecl("penstock_error_free") @implementation public func penstock_error_free(_ error: OpaquePointer?) {
    Handle.release(error, as: ErrorHandle.self)
}
