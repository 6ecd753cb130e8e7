public import Engine

/// A state file's tokens, as many processes see them. Not for two threads at once, as a simulation has one.
public final class SimulatedTokens: @unchecked Sendable {
    public var now = Instant(nanoseconds: 0)
    public private(set) var kept: [String: KeptToken] = [:]
    public private(set) var reserved: [String: Int] = [:]
    public private(set) var writes: [KeptToken] = []
    /// What happened, in its order.
    public var story: [String] = []
    /// The disk is full.
    public var isFull = false

    /// Whatever is to be done there has to be asked for twice.
    public let isFar: Bool
    private var begun: [Int: TokenWish] = [:]

    public init(isFar: Bool = false) { self.isFar = isFar }

    func isReady(for wish: TokenWish, by client: Int) -> Bool {
        if !isFar { return true }
        defer { begun[client] = begun[client] == wish ? nil : wish }
        return begun[client] == wish
    }

    func read(_ place: TokenPlace) throws(Failure) -> KeptToken? { kept[place.file + place.identity.reveal()] }

    func write(_ token: KeptToken, _ place: TokenPlace) throws(Failure) {
        if isFull { throw Failure(.storage, "the state file is full") }
        kept[place.file + place.identity.reveal()] = token
        writes.append(token)
        story.append("keep \(token.refresh?.reveal() ?? "-")")
    }

    func reserve(_ place: TokenPlace, by client: Int) -> Bool {
        let name = place.file + place.identity.reveal()
        if let owner = reserved[name] { return owner == client }
        reserved[name] = client
        return true
    }

    func giveBack(_ place: TokenPlace, by client: Int) {
        let name = place.file + place.identity.reveal()
        if reserved[name] == client { reserved[name] = nil }
    }

    /// The kernel lets go of what a dead process had.
    public func die(client: Int) {
        reserved = reserved.filter { $0.value != client }
        begun[client] = nil
    }
}
