// swift-format-ignore-file: AlwaysUseLowerCamelCase
public import CPenstock
internal import Engine
internal import IO

@_cdecl("penstock_version") @implementation public func penstock_version() -> UnsafePointer<CChar>? {
    version.cString
}

@_cdecl("penstock_abi_version") @implementation public func penstock_abi_version() -> Int32 { 0 }

@_cdecl("penstock_status_name") @implementation public func penstock_status_name(
    _ status: penstock_status
) -> UnsafePointer<CChar>? { cString(name(of: status)) }

@_cdecl("penstock_schema") @implementation public func penstock_schema() -> UnsafePointer<CChar>? { schema.cString }

/// Made at the first call, kept for ever.
private let version = OwnedText(Version.text)
private let schema = OwnedText(SchemaText.text)

func name(of status: penstock_status) -> StaticString {
    switch status {
    case PENSTOCK_OK: "PENSTOCK_OK"
    case PENSTOCK_END: "PENSTOCK_END"
    case PENSTOCK_PENDING: "PENSTOCK_PENDING"
    case PENSTOCK_ERROR_INVALID_ARGUMENT: "PENSTOCK_ERROR_INVALID_ARGUMENT"
    case PENSTOCK_ERROR_CONFIG: "PENSTOCK_ERROR_CONFIG"
    case PENSTOCK_ERROR_STATE: "PENSTOCK_ERROR_STATE"
    case PENSTOCK_ERROR_CANCELLED: "PENSTOCK_ERROR_CANCELLED"
    case PENSTOCK_ERROR_TIMEOUT: "PENSTOCK_ERROR_TIMEOUT"
    case PENSTOCK_ERROR_NETWORK: "PENSTOCK_ERROR_NETWORK"
    case PENSTOCK_ERROR_TLS: "PENSTOCK_ERROR_TLS"
    case PENSTOCK_ERROR_HTTP: "PENSTOCK_ERROR_HTTP"
    case PENSTOCK_ERROR_RATE_LIMITED: "PENSTOCK_ERROR_RATE_LIMITED"
    case PENSTOCK_ERROR_CIRCUIT_OPEN: "PENSTOCK_ERROR_CIRCUIT_OPEN"
    case PENSTOCK_ERROR_AUTH: "PENSTOCK_ERROR_AUTH"
    case PENSTOCK_ERROR_DATA: "PENSTOCK_ERROR_DATA"
    case PENSTOCK_ERROR_LIMIT: "PENSTOCK_ERROR_LIMIT"
    case PENSTOCK_ERROR_STORAGE: "PENSTOCK_ERROR_STORAGE"
    case PENSTOCK_ERROR_NO_MEMORY: "PENSTOCK_ERROR_NO_MEMORY"
    case PENSTOCK_ERROR_INTERNAL: "PENSTOCK_ERROR_INTERNAL"
    default: "PENSTOCK_UNKNOWN"
    }
}

func statusName(_ code: Failure.Code) -> String { "\(name(of: status(of: code)))" }
