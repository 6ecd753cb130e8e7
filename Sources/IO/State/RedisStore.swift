internal import CLinux
internal import Engine
internal import Glibc

/// A state's documents in Redis: a hash for each collection, a key that ends by itself for each lease, and one script
/// that looks at the leases and writes, which nothing comes between.
///
/// `@unchecked Sendable`: the connection is used with the lock held.
final class RedisStore: KeyedStore, @unchecked Sendable {
    let shown: String
    let lease: Timespan
    private let root: String
    private let box: Lock<Box>

    private struct Box {
        let link: RedisLink
        var commits: Int64 = 0
        /// Since when it does not answer.
        var awaySince: Instant?
        var hasAnswered = false
    }

    /// For how long somebody is asked again who does not answer: one that is started again is there by then.
    private static let patience = Timespan.seconds(2)

    init(_ place: RedisPlace) throws(Failure) {
        shown = place.shown
        lease = place.lease
        root = "penstock:{\(place.prefix)}:"
        let link = try RedisLink(
            place.access, script: Self.script, connectWithin: .seconds(1), answerWithin: .seconds(2))
        box = Lock(Box(link: link))
    }

    func get(_ keys: [String], in collection: String) throws(Failure) -> [String: String] {
        var found: [String: String] = [:]
        var rest = keys[...]
        while !rest.isEmpty {
            let some = Array(rest.prefix(1000))
            rest = rest.dropFirst(1000)
            let key = self.key(of: collection)
            let values = try list(ask { box in box.link.ask(["HMGET", key] + some) })
            for (key, value) in zip(some, values) { if let value { found[key] = value } }
        }
        return found
    }

    func scan(_ collection: String) throws(Failure) -> [(key: String, value: String)] {
        let key = self.key(of: collection)
        let all = try list(ask { box in box.link.ask(["HGETALL", key]) })
        return stride(from: 0, to: all.count - 1, by: 2).compactMap { place in
            guard let key = all[place], let value = all[place + 1] else { return nil }
            return (key, value)
        }
    }

    func commit(_ changes: [KeyedChange], under leases: [String], of holder: String) throws(Failure) -> KeyedOutcome {
        var collections: [String] = []
        var words: [String] = []
        for change in changes {
            let place = collections.firstIndex(of: change.collection) ?? collections.count
            if place == collections.count { collections.append(change.collection) }
            // Behind the sequence's key and those of the leases, from 1.
            let number = String(place + leases.count + 2)
            switch change {
            case .put(_, let key, let value): words += ["put", number, key, value]
            case .delete(_, let key): words += ["delete", number, key, ""]
            case .clear: words += ["clear", number, "", ""]
            }
        }
        let keys =
            ["\(root)sequence:\(holder)"] + leases.map(key(ofLease:)) + collections.map(key(of:))
        let (count, lease) = (String(leases.count), String(self.lease.milliseconds))
        var sequence: Int64 = 0
        let answer = try ask { box in
            // The same when it is asked again: what was done, and whose answer got lost, is not done twice, and what was
            // on its way for long comes too late.
            if sequence == 0 {
                box.commits += 1
                sequence = box.commits
            }
            return box.link.run(keys: keys, ["commit", holder, lease, String(sequence), count] + words)
        }
        guard case .text(let text) = answer else { throw strange() }
        if text == "OK" { return .done }
        let parts = text.split(separator: " " as Character)
        guard parts.count == 2, parts[0] == "LOST", let number = Int(parts[1]), leases.indices.contains(number - 1)
        else { throw strange() }
        return .lost(leases[number - 1])
    }

    func acquire(_ lease: String, for holder: String) throws(Failure) -> KeyedLease {
        let key = key(ofLease: lease)
        let time = String(self.lease.milliseconds)
        guard case .text(let text) = try ask({ box in box.link.run(keys: [key], ["acquire", holder, time]) }) else {
            throw strange()
        }
        if text == "OK" { return .granted }
        guard text.utf8.starts(with: "HELD ".utf8) else { throw strange() }
        return .held(by: String(text.dropFirst(5)))
    }

    func release(_ lease: String, of holder: String) {
        let key = key(ofLease: lease)
        box.withLock { box in
            // It ends by itself.
            if box.awaySince != nil { return }
            _ = BrokenPipe.withheld { box.link.run(keys: [key], ["release", holder]) }
        }
    }

    // MARK: inside

    private func key(of collection: String) -> String { root + "documents:" + collection }
    private func key(ofLease lease: String) -> String { root + "lease:" + lease }

    private func list(_ answer: RedisLink.Answer) throws(Failure) -> [String?] {
        guard case .list(let list) = answer else { throw strange() }
        return list
    }

    private func strange() -> Failure {
        Failure(.storage, "\(shown): something else is there under these names; give it another prefix")
    }

    private func ask(_ body: (inout Box) -> RedisLink.Answer) throws(Failure) -> RedisLink.Answer {
        let result = box.withLock { box -> Result<RedisLink.Answer, Failure> in
            var pause: Int32 = 0
            while true {
                let answer = BrokenPipe.withheld { body(&box) }
                switch answer {
                case .text, .list:
                    box.awaySince = nil
                    box.hasAnswered = true
                    return .success(answer)
                case .refused(let kind):
                    return .failure(Failure(.auth, "Redis refused who wants \(shown) (\(kind))"))
                case .away(let reason):
                    let now = Clock.now()
                    let since = box.awaySince ?? now
                    box.awaySince = since
                    guard box.hasAnswered, now < since + Self.patience else {
                        return .failure(
                            Failure(
                                .storage,
                                "\(shown) can't be reached: \(Sanitized.text(reason, most: 160)); what was committed stays, "
                                    + "and the next run goes on behind it"))
                    }
                    // At once the first time: the connection may have been an old one.
                    if pause > 0 { poll(nil, 0, pause) }
                    pause = min(200, pause * 2 + 20)
                }
            }
        }
        return try result.get()
    }

    /// KEYS: for a commit the sequence of the holder, the leases, the collections; else the lease. ARGV: what is wanted,
    /// the holder, the time of a lease in ms, and of a commit its number, how many leases, and four words for each change.
    private static let script = #"""
        local want, holder = ARGV[1], ARGV[2]
        if want == 'acquire' then
          local other = redis.call('GET', KEYS[1])
          if other and other ~= holder then return 'HELD ' .. other end
          redis.call('SET', KEYS[1], holder, 'PX', ARGV[3])
          return 'OK'
        end
        if want == 'release' then
          if redis.call('GET', KEYS[1]) == holder then redis.call('DEL', KEYS[1]) end
          return 'OK'
        end
        local leases = tonumber(ARGV[5])
        for i = 1, leases do
          if redis.call('GET', KEYS[i + 1]) ~= holder then return 'LOST ' .. i end
        end
        local last, this = tonumber(redis.call('GET', KEYS[1]) or 0), tonumber(ARGV[4])
        if this == last then return 'OK' end
        if this < last then return 'LATE' end
        for i = 6, #ARGV, 4 do
          local key = KEYS[tonumber(ARGV[i + 1])]
          if ARGV[i] == 'put' then redis.call('HSET', key, ARGV[i + 2], ARGV[i + 3])
          elseif ARGV[i] == 'delete' then redis.call('HDEL', key, ARGV[i + 2])
          else redis.call('UNLINK', key) end
        end
        for i = 1, leases do redis.call('PEXPIRE', KEYS[i + 1], ARGV[3]) end
        redis.call('SET', KEYS[1], ARGV[4], 'PX', 3600000)
        return 'OK'
        """#
}

/// A connection that the other side closed raises SIGPIPE in whoever writes to it: on a thread of the host's that would
/// end the host.
enum BrokenPipe {
    static func withheld<R>(_ body: () -> R) -> R {
        var pipe = sigset_t()
        sigemptyset(&pipe)
        sigaddset(&pipe, SIGPIPE)
        var (pending, before) = (sigset_t(), sigset_t())
        sigpending(&pending)
        let wasPending = sigismember(&pending, SIGPIPE) == 1
        pthread_sigmask(SIG_BLOCK, &pipe, &before)
        defer {
            var atOnce = timespec()
            if !wasPending { while sigtimedwait(&pipe, nil, &atOnce) < 0, errno == EINTR {} }
            pthread_sigmask(SIG_SETMASK, &before, nil)
        }
        return body()
    }
}
