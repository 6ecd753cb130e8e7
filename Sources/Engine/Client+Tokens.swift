/// The client's tokens. Requests for them pass by the limits of the data: they may not wait behind what waits for them.
extension Client {
    /// Nil: requests may go, or wait for an answer that is on its way.
    mutating func sendForToken(now: Instant, until: inout Instant?) -> Action? {
        for index in tokens.indices {
            if !ready.isEmpty { tokens[index].want(now: now) }
            guard let due = tokens[index].dueAt else { continue }
            guard due <= now else {
                until = min(until ?? due, due)
                continue
            }
            if let host = tokens[index].plan.host {
                heard(tokens[index].ask(host: host, now: now, notary: notary), index, now: now)
                continue
            }
            switch tokens[index].look(now: now, notary: notary) {
            case .ask: break
            case .serves:
                tokens[index].giveBack(notary)
                continue
            case .renewed:
                heard(.renewed, index, now: now)
                continue
            case .later(let instant):
                until = min(until ?? instant, instant)
                continue
            case .failed(let failure):
                heard(.failed(failure), index, now: now)
                continue
            }
            if let instant = tokens[index].paced(now: now) {
                until = min(until ?? instant, instant)
                continue
            }
            let transfer = newID()
            do throws(Failure) {
                let request = try tokens[index].send(transfer: transfer, now: now, notary: notary)
                tokenFlights[transfer] = index
                return .send(transfer: transfer, request: request)
            } catch {
                tokens[index].giveBack(notary)
                failWaiting(error)
            }
        }
        return nil
    }

    /// Every token that requests carry is there.
    func hasTokens(now: Instant) -> Bool { tokens.allSatisfy { $0.isUsable(now: now) } }

    func sign(_ request: inout PreparedRequest) {
        guard request.isAtHome(of: source) else { return }
        request.tokens = tokens.map { life in
            .init(prefix: life.held?.prefix ?? "", secret: life.held?.secret ?? Secret(""), generation: life.generation)
        }
    }

    /// What is made of the whole request. Nil when it is done, or why it can't be.
    func sign(_ request: inout TransferRequest, _ prepared: PreparedRequest) -> Failure? {
        guard prepared.isAtHome(of: source) else { return nil }
        do throws(Failure) {
            try source.signature?.sign(&request, notary: notary)
            if let host = source.hostSignature { try add(host, to: &request) }
            return nil
        } catch { return error }
    }

    private func add(
        _ host: (name: String, pointer: String), to request: inout TransferRequest
    ) throws(Failure) {
        let fields: [(name: String, value: String)]
        do throws(Failure) {
            fields = try notary.fields(ofHost: host.name, for: request)
            for (name, value) in fields {
                if !HeaderRules.isToken(name) || DocumentParser.reason(againstHeader: name) != nil {
                    throw Failure(.auth, "the header \(MessageText.quoted(name)) can't be set")
                }
                if !HeaderRules.isSafeValue(value) {
                    throw Failure(
                        .auth, "the header \(MessageText.quoted(name)) has a line break or other control character")
                }
            }
        } catch {
            var told = Failure(
                error.code,
                "credentials at \(host.pointer): the host's callback \(MessageText.quoted(host.name)): "
                    + Sanitized.text(Redaction.text(error.message, source.secrets), most: 300))
            told.pointer = host.pointer
            throw told
        }
        for (name, value) in fields {
            request.headers.removeAll { ASCII.equalsIgnoringCase($0.name, name) }
            request.headers.append((name: name, value: value))
        }
    }

    /// The token was good for nothing when that request carried it.
    mutating func refuseTokens(of request: PreparedRequest) {
        for (index, token) in request.tokens.enumerated() where tokens.indices.contains(index) {
            tokens[index].refused(generation: token.generation)
        }
    }

    /// Whatever it tells of: servers write secrets into paths, too. Short ones are left to those who know that they may
    /// be there, or messages would be full of holes.
    func withoutSecrets(_ failure: Failure) -> Failure {
        let secrets = (source.secrets + tokens.flatMap(\.secrets)).filter { $0.reveal().utf8.count >= 8 }
        var failure = failure
        failure.message = Redaction.text(failure.message, secrets)
        failure.url = failure.url.map { Redaction.text($0, secrets) }
        return failure
    }

    // MARK: answers

    /// False: the transfer was for no token.
    mutating func failedForToken(
        _ transfer: UInt64, _ failure: TransferFailure, now: Instant, services: inout some Services
    ) -> Bool {
        guard let index = tokenFlights.removeValue(forKey: transfer) else { return false }
        heard(tokens[index].failed(failure, now: now, services: &services), index, now: now)
        return true
    }

    mutating func receivedForToken(
        _ transfer: UInt64, _ head: ResponseHead, _ body: UnsafeRawBufferPointer, now: Instant,
        services: inout some Services
    ) -> Bool {
        guard let index = tokenFlights.removeValue(forKey: transfer) else { return false }
        heard(tokens[index].received(head, body, now: now, notary: notary, services: &services), index, now: now)
        actions.append(.discard(transfer: transfer))
        return true
    }

    private mutating func heard(_ outcome: TokenLife.Outcome, _ index: Int, now: Instant) {
        noteToken(outcome, now: now)
        tokens[index].giveBack(notary)
        guard case .failed(let failure) = outcome, !tokens[index].isUsable(now: now) else { return }
        failWaiting(failure)
    }

    /// Whoever waits for a token that does not come.
    private mutating func failWaiting(_ failure: Failure) {
        for index in ready.lanes.indices where !ready.lanes[index].turns.isEmpty { failLane(index, failure) }
    }
}
