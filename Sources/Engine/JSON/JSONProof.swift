/// Whether bytes are JSON, without making values of them.
public enum JSONProof {
    public static func isValue(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let scanner = try? JSONScanner([]) else { return false }
        var matches = JSONMatches()
        return (try? scanner.scan(bytes, into: &matches)) != nil
    }
}
