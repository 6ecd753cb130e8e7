internal import CLinux
internal import CCrypto
package import Engine
internal import Glibc

/// The system's date, libcrypto, and the kernel's chance.
package struct SystemNotary: Notary {
    private let host: HostCredentials
    private let files = TokenFiles()

    package init(host: HostCredentials = HostCredentials()) {
        _ = CurlLibrary.start
        self.host = host
    }

    package func token(ofHost name: String) throws(Failure) -> HostToken {
        guard let token = try host.ask(name, nil).token else { throw Failure(.auth, "it gave no token") }
        return token
    }

    package func fields(
        ofHost name: String, for request: TransferRequest
    ) throws(Failure) -> [(name: String, value: String)] {
        try host.ask(name, request).fields
    }

    package func isReady(for wish: TokenWish, _ place: TokenPlace) -> Bool {
        // What is wrong with it is told by the function itself.
        (try? files.open(place))?.isReady(for: wish) ?? true
    }
    package func keptToken(_ place: TokenPlace) throws(Failure) -> KeptToken? {
        try files.open(place).read()
    }
    package func keep(_ token: KeptToken, _ place: TokenPlace) throws(Failure) { try files.open(place).write(token) }
    package func reserve(_ place: TokenPlace) throws(Failure) -> Bool { try files.open(place).reserve() }
    package func giveBack(_ place: TokenPlace) { (try? files.open(place))?.giveBack() }

    package var date: WallTime {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return WallTime(epochSeconds: Int64(now.tv_sec), nanoseconds: Int32(truncatingIfNeeded: now.tv_nsec))
    }

    package func sha256(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { ByteHash.of($0) }
    }

    package func hmacSHA256(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 32)
        return penstock_hmac_sha256(key, key.count, bytes, bytes.count, &out) == 1 ? out : []
    }

    package func sign(_ bytes: [UInt8], _ algorithm: SignatureAlgorithm, key: Secret) -> [UInt8]? {
        let pem = Array(key.reveal().utf8)
        // RSA of 16384 bits, the most that OpenSSL takes.
        var out = [UInt8](repeating: 0, count: 2048)
        let length = penstock_sign_sha256(
            pem, pem.count, algorithm.kind, bytes, bytes.count, &out, out.count)
        return length > 0 ? Array(out.prefix(length)) : nil
    }

    package func nonce() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 16)
        let done = bytes.withUnsafeMutableBytes { getentropy($0.baseAddress, $0.count) }
        return done == 0 ? bytes : []
    }

    /// Why a key can't sign so.
    package static func problem(ofKey key: Secret, _ algorithm: SignatureAlgorithm) -> String? {
        _ = CurlLibrary.start
        let pem = Array(key.reveal().utf8)
        let kind = penstock_key_kind(pem, pem.count)
        if kind == algorithm.kind { return nil }
        if kind < 0 { return "the private key can't be read (no PEM, damaged, or protected by a password)" }
        switch algorithm {
        case .rs256: return "RS256 needs an RSA key of 2048 bits or more"
        case .es256: return "ES256 needs an EC key on the curve P-256"
        }
    }
}

extension SignatureAlgorithm {
    fileprivate var kind: Int32 { self == .rs256 ? 1 : 2 }
}
