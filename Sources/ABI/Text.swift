// swift-format-ignore-file: AlwaysUseLowerCamelCase
public import CPenstock
internal import IO

@_cdecl("penstock_text_slice") @implementation public func penstock_text_slice(
    _ text: OpaquePointer?
) -> penstock_slice {
    Handle.borrow(text, as: OwnedText.self).map { penstock_slice($0.bytes) } ?? .empty
}

@_cdecl("penstock_text_free") @implementation public func penstock_text_free(_ text: OpaquePointer?) {
    Handle.release(text, as: OwnedText.self)
}
