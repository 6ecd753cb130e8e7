internal import CLinux
internal import Glibc

/// A thread of the library's own. Whoever starts one joins it.
struct WorkerThread: Sendable {
    private let thread: pthread_t

    private final class Job: Sendable {
        let name: StaticString
        let body: @Sendable () -> Void
        init(name: StaticString, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Nil when the system has no thread left.
    init?(_ name: StaticString, _ body: @escaping @Sendable () -> Void) {
        let task = Unmanaged.passRetained(Job(name: name, body: body))
        var thread = pthread_t()
        // Signals are the host's: none is delivered to this thread.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        // Those that a thread brings upon itself end the process when they are blocked, whoever would handle them.
        for number in [SIGBUS, SIGSEGV, SIGILL, SIGFPE] { sigdelset(&all, number) }
        pthread_sigmask(SIG_BLOCK, &all, &before)
        let result = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let task = Unmanaged<Job>.fromOpaque(context).takeRetainedValue()
                task.name.withUTF8Buffer { name in
                    name.withMemoryRebound(to: CChar.self) { penstock_name_thread($0.baseAddress) }
                }
                task.body()
                return nil
            }, task.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard result == 0 else {
            task.release()
            return nil
        }
        self.thread = thread
    }

    var isCurrent: Bool { pthread_equal(thread, pthread_self()) != 0 }
    func detach() { pthread_detach(thread) }

    func join() { pthread_join(thread, nil) }
}
