internal import CCurl
internal import Engine

extension EasyHandle {
    /// Lets libcurl connect to public addresses only. Asked for each address when it is connected to, so no name that
    /// resolves to another one between a check and the connection gets by.
    func blockPrivateAddresses() -> Bool { penstock_setopt_open_socket(easy, openSocket) == CURLE_OK }
}

private let openSocket: curl_opensocket_callback = { context, _, address in
    guard let context, let address else { return CURL_SOCKET_BAD }
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = penstock_address_bytes(address, &bytes)
    guard AddressRange.isPublic(bytes.prefix(count)) else {
        context.assumingMemoryBound(to: Reception.self).pointee.privateAddresses += 1
        return CURL_SOCKET_BAD
    }
    return penstock_open_socket(address)
}
