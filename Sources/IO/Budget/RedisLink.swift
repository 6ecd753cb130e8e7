internal import Engine

/// A connection to Redis that knows one script. One thread at a time.
final class RedisLink {
    enum Answer: Equatable {
        case text(String)
        case list([String?])
        /// Nobody answers, or not now: another time it may.
        case away(String)
        /// It will not be otherwise: a password, a right.
        case refused(String)
    }

    private let hiredis: Hiredis
    private let access: RedisAccess
    private let script: [UInt8]
    private var context: Hiredis.Context?
    private var digest: [UInt8] = []

    private let connectWithin: Timespan
    private let answerWithin: Timespan

    init(
        _ access: RedisAccess, script: String, connectWithin: Timespan = .milliseconds(200),
        answerWithin: Timespan = .milliseconds(100)
    ) throws(Failure) {
        hiredis = try Hiredis()
        self.access = access
        self.script = Array(script.utf8)
        (self.connectWithin, self.answerWithin) = (connectWithin, answerWithin)
    }

    deinit { close() }

    func close() {
        if let context { hiredis.close(context) }
        context = nil
    }

    var isOpen: Bool { context != nil }

    func run(keys: [String], _ arguments: [String]) -> Answer {
        if let wrong = connect() { return wrong }
        let rest =
            [Array(String(keys.count).utf8)] + keys.map { Array($0.utf8) } + arguments.map { Array($0.utf8) }
        var answer = call([Array("EVALSHA".utf8), digest] + rest)
        if case .refused(let reason) = answer, reason.utf8.starts(with: "NOSCRIPT".utf8) {
            answer = call([Array("EVAL".utf8), script] + rest)
        }
        return settled(answer)
    }

    func ask(_ command: [String]) -> Answer {
        if let wrong = connect() { return wrong }
        return settled(call(command.map { Array($0.utf8) }))
    }

    private func connect() -> Answer? {
        if context != nil { return nil }
        switch hiredis.open(access.address, connectWithin: connectWithin, answerWithin: answerWithin) {
        case .failure(let broken): return .away(broken.reason)
        case .success(let new): context = new
        }
        if let password = access.password {
            let user = access.user.map { [Array($0.utf8)] } ?? []
            if let wrong = want([Array("AUTH".utf8)] + user + [Array(password.reveal().utf8)]) { return wrong }
        }
        if access.database != 0, let wrong = want([Array("SELECT".utf8), Array(String(access.database).utf8)]) {
            return wrong
        }
        switch settled(call([Array("SCRIPT".utf8), Array("LOAD".utf8), script])) {
        case .text(let text): digest = Array(text.utf8)
        case let other: return other
        }
        return nil
    }

    private func want(_ command: [[UInt8]]) -> Answer? {
        let answer = settled(call(command))
        if case .text = answer { return nil }
        return answer
    }

    private func call(_ command: [[UInt8]]) -> Hiredis.Answer {
        guard let context else { return .broken("no connection") }
        let answer = hiredis.call(context, command)
        // Whatever came late would be taken for the answer to the next.
        if case .broken = answer { close() }
        return answer
    }

    private func settled(_ answer: Hiredis.Answer) -> Answer {
        switch answer {
        case .text(let text): return .text(text)
        case .list(let list): return .list(list)
        case .broken(let reason): return .away(reason)
        case .refused(let reason):
            // Its first word says what kind it is. The rest may name things that are nobody's business.
            let kind = String(decoding: reason.utf8.prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self)
            close()
            switch kind {
            case "NOAUTH", "WRONGPASS", "NOPERM": return .refused(kind)
            case "ERR" where reason.utf8.starts(with: "ERR AUTH".utf8) || reason.utf8.starts(with: "ERR invalid".utf8):
                return .refused(kind)
            default: return .away(String(reason.prefix(120)))
            }
        }
    }
}
