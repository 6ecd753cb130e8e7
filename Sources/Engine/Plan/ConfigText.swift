/// A configured text after its references were resolved: a literal, a parameter's value, a secret, or a text with places
/// that each request fills in.
public enum ConfigText: Sendable, Equatable {
    case plain(String)
    case secret(Secret)
    case template(TextTemplate)

    /// Without what only a request knows.
    public func reveal() -> String {
        switch self {
        case .plain(let text): text
        case .secret(let secret): secret.reveal()
        case .template(let template): template.fixedText
        }
    }
    public var isSecret: Bool { !secrets.isEmpty }

    var secrets: [Secret] {
        switch self {
        case .plain: []
        case .secret(let secret): [secret]
        case .template(let template): template.secrets
        }
    }
    var sources: [ValueSource] {
        if case .template(let template) = self { template.sources } else { [] }
    }
}

/// A text with places.
public struct TextTemplate: Sendable, Equatable {
    public enum Piece: Sendable, Equatable {
        case text(String)
        case secret(Secret)
        case value(ValueSource)
    }
    public var pieces: [Piece]
    public init(_ pieces: [Piece]) { self.pieces = pieces }

    var fixedText: String {
        pieces.map { piece in
            switch piece {
            case .text(let text): text
            case .secret(let secret): secret.reveal()
            case .value: ""
            }
        }.joined()
    }
    var secrets: [Secret] { pieces.compactMap { if case .secret(let secret) = $0 { secret } else { nil } } }
    var sources: [ValueSource] { pieces.compactMap { if case .value(let source) = $0 { source } else { nil } } }

    /// With nothing to fill in.
    var settled: ConfigText? {
        guard sources.isEmpty else { return nil }
        return secrets.isEmpty ? .plain(fixedText) : .secret(Secret(fixedText))
    }
}

/// A JSON value whose texts may have places. A text that is nothing but one place becomes the value itself, a number a
/// number.
public indirect enum JSONTemplate: Sendable, Equatable {
    case fixed(JSONValue)
    case text(TextTemplate)
    case array([JSONTemplate])
    case object([Member])

    public struct Member: Sendable, Equatable {
        public var name: String
        public var value: JSONTemplate
        public init(name: String, value: JSONTemplate) {
            self.name = name
            self.value = value
        }
    }

    var texts: [TextTemplate] {
        switch self {
        case .fixed: []
        case .text(let template): [template]
        case .array(let elements): elements.flatMap(\.texts)
        case .object(let members): members.flatMap(\.value.texts)
        }
    }

    /// With null where a text is filled in.
    var skeleton: JSONValue {
        switch self {
        case .fixed(let value): value
        case .text: .null
        case .array(let elements): .array(elements.map(\.skeleton))
        case .object(let members): .object(members.map { .init(name: $0.name, value: $0.value.skeleton) })
        }
    }
}
