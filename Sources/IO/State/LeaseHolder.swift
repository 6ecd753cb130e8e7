internal import CLinux
internal import Engine
internal import Glibc

/// Who has a lease: a name that is nobody else's, by which processes of the same host can tell that it is gone.
enum LeaseHolder {
    /// `<boot>.<namespace>.<process>.<when it began>.<chance>`
    static func name() -> String {
        let chance = SystemServices.chance()
        let begun = begun(getpid())?.time ?? "-"
        let name = "\(here).\(getpid()).\(begun).\(ASCII.hex(chance.0))\(ASCII.hex(chance.1))"
        _ = open.withLock { $0.insert(name) }
        return name
    }

    /// It takes no lease any more. Those that it has it may have been unable to give back.
    static func end(_ name: String) { _ = open.withLock { $0.remove(name) } }

    /// Of this process.
    private static let open = Lock<Set<String>>([])

    /// True: it is certain that it is. Of other hosts nobody knows.
    static func isGone(_ name: String) -> Bool {
        let parts = name.split(separator: "." as Character, omittingEmptySubsequences: false)
        guard parts.count == 5, "\(parts[0]).\(parts[1])" == here, let process = Int32(parts[2]), process > 0 else {
            return false
        }
        if kill(process, 0) != 0, errno == ESRCH { return true }
        // One that could not read its own is not another one's now.
        guard let now = begun(process), parts[3] != "-" else { return false }
        // One that is dead and that nobody has asked after yet, or another one of the same number.
        if now.isDead || now.time != parts[3] { return true }
        return process == getpid() && !open.withLock { $0.contains(name) }
    }

    private static let here: String = {
        let boot = (try? ProcessReferences().file("/proc/sys/kernel/random/boot_id")) ?? []
        var status = stat()
        let namespace = stat("/proc/self/ns/pid", &status) == 0 ? Int64(truncatingIfNeeded: status.st_ino) : 0
        // Without the one or the other no process is taken for a dead one of this host.
        let known = boot.isEmpty || namespace == 0 ? ASCII.hex(SystemServices.chance().0) : ""
        let text = String(decoding: boot.filter { Character(UnicodeScalar($0)).isHexDigit }, as: UTF8.self)
        return "\(text)\(known).\(namespace)"
    }()

    private static func begun(_ process: Int32) -> (time: String, isDead: Bool)? {
        guard let text = try? ProcessReferences().file("/proc/\(process)/stat"),
            let end = text.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        // Behind the name, which may hold anything: the state is the third of all, the time the 22nd.
        let fields = text[(end + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 19, let state = fields[0].first else { return nil }
        let isDead = state == UInt8(ascii: "Z") || state == UInt8(ascii: "X")
        return (String(decoding: fields[19], as: UTF8.self), isDead)
    }
}
