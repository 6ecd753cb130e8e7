// swift-format-ignore-file: AlwaysUseLowerCamelCase
public import CPenstock
internal import Engine
internal import IO

/// A host's function for credentials, asked on the I/O thread, one call at a time.
private struct HostFunction: Sendable {
    let function: penstock_credential_callback
    let host: HostContext

    func answer(_ question: HostCredentials.Question) -> HostCredentials.Answer {
        let reply = CredentialReply()
        let name = OwnedText(question.name)
        let method = question.request.map { OwnedText($0.method) }
        let url = question.request.map { OwnedText($0.url) }
        let body = question.request?.body ?? []
        body.withUnsafeBytes { body in
            var asked = penstock_credential_request(
                name: name.cString, method: method?.cString, url: url?.cString,
                // Of a token there is no body, not even an empty one.
                body: question.request == nil ? .empty : penstock_slice(body))
            withUnsafePointer(to: &asked) { asked in
                function(host.pointer, asked, Handle.lend(reply))
            }
        }
        withExtendedLifetime((name, method, url)) {}
        return reply.answer
    }
}

/// Where a callback puts its answer. Used by the callback's thread only, for as long as it runs.
private final class CredentialReply {
    var answer = HostCredentials.Answer()
}

@_cdecl("penstock_client_set_credential") @implementation public func penstock_client_set_credential(
    _ client: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ callback: penstock_credential_callback?,
    _ context: UnsafeMutableRawPointer?, _ release: penstock_release?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let client = try Handle.need(client, "client", as: ClientHandle.self)
        guard let name else { throw Failure(.invalidArgument, "name is NULL") }
        guard let callback else {
            client.loop.host.set(String(cString: name), nil)
            return PENSTOCK_OK
        }
        let host = HostContext(context)
        host.release = release
        let function = HostFunction(function: callback, host: host)
        client.loop.host.set(String(cString: name)) { function.answer($0) }
        return PENSTOCK_OK
    }
}

@_cdecl("penstock_credential_reply_token") @implementation public func penstock_credential_reply_token(
    _ reply: OpaquePointer?, _ token: UnsafePointer<CChar>?, _ size: Int, _ life: Int64
) {
    guard let reply = Handle.borrow(reply, as: CredentialReply.self), let token else { return }
    let bytes = UnsafeRawBufferPointer(start: token, count: max(0, size))
    guard let text = String(validating: bytes, as: UTF8.self) else {
        reply.answer.failure = Failure(.auth, "the token is not UTF-8 text")
        return
    }
    reply.answer.token = HostToken(text: Secret(text), life: life < 0 ? nil : .milliseconds(life))
}

@_cdecl("penstock_credential_reply_header") @implementation public func penstock_credential_reply_header(
    _ reply: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?
) {
    guard let reply = Handle.borrow(reply, as: CredentialReply.self), let name, let value else { return }
    reply.answer.fields.append((name: String(cString: name), value: String(cString: value)))
}

@_cdecl("penstock_credential_reply_fail") @implementation public func penstock_credential_reply_fail(
    _ reply: OpaquePointer?, _ message: UnsafePointer<CChar>?
) {
    guard let reply = Handle.borrow(reply, as: CredentialReply.self) else { return }
    reply.answer.failure = Failure(.auth, message.map { String(cString: $0) } ?? "it failed without a message")
}
