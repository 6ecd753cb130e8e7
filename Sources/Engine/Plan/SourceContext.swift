/// What later texts for a source (paginator options, requests) are read with. It may hold secrets and whatever people
/// wrote, so nothing of it can be printed.
struct SourceContext: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The streams as the document has them.
    var definitions: [JSONValue.Member] = []
    var parameters = Parameters()
    /// Secrets that were read when the client was opened: they are not read again.
    var secrets: [SecretReference: Secret] = [:]
    /// Those that were read, by name.
    var zones: [String: ZoneTable] = [:]
    /// A stand-in is taken for every secret: what is read is for looking at, not for sending.
    var skipsSecrets = false
    /// There is a stand-in for a secret.
    var hasUnreadSecrets = false

    /// Requests would carry the stand-ins.
    func checkSecretsWereRead() throws(Failure) {
        guard hasUnreadSecrets else { return }
        throw Failure(.auth, "the client was opened without reading the secrets (\"secrets\": \"skip\"): it can't send")
    }

    var description: String { "(context)" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: [:] as KeyValuePairs<String, Any>) }
}
