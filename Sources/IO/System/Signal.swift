internal import CLinux
internal import Glibc

/// A file descriptor that is readable while something is true. Owns it.
final class Signal: Sendable {
    let descriptor: Int32
    private let generation = Fork.generation

    init?() {
        descriptor = penstock_eventfd()
        if descriptor < 0 { return nil }
    }

    deinit { close(descriptor) }

    func raise() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    func lower() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
    }
}
