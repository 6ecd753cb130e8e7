/// Where a secret is kept.
public enum SecretReference: Hashable, Sendable {
    case environment(String)
    case file(String)
}

/// What the outside answers when a document refers to it. IO looks; a test or simulation makes it up.
public protocol References {
    /// Nil: there is no such variable.
    func environment(_ name: String) -> [UInt8]?
    /// The content of a small file. What is thrown goes into the message as it is, so it names no path.
    func file(_ path: String) throws(ReferenceError) -> [UInt8]
    /// The file of a time zone, by a name that leads nowhere else. What is thrown says where it was looked for.
    func zone(_ name: String) throws(ReferenceError) -> [UInt8]
    /// Why that private key can't sign so; nil when it can.
    func problem(ofKey key: Secret, _ algorithm: SignatureAlgorithm) -> String?
    /// A source document that a job names by its path.
    func document(_ path: String) throws(ReferenceError) -> JSONValue
    /// A JSON text within a document, decoded; nil when it is none.
    func decode(_ text: String) -> JSONValue?
}

extension References {
    public func problem(ofKey key: Secret, _ algorithm: SignatureAlgorithm) -> String? { nil }
}

public struct ReferenceError: Error, Sendable {
    /// Behind "the file": "does not exist", "is larger than 64 KiB".
    public var reason: String
    public init(_ reason: String) { self.reason = reason }
}
