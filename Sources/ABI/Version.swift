internal import CPenstock

@_cdecl("penstock_version") @implementation public func penstock_version() -> UnsafePointer<CChar>? {
    let text: StaticString = "0.1.0"
    return UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}
