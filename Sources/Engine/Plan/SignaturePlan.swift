/// AWS Signature Version 4: every attempt is signed anew, with a key of the day that is derived from the secret.
public struct SignaturePlan: Sendable {
    var keyID: Secret
    var key: Secret
    /// Of temporary credentials.
    var sessionToken: Secret?
    var region: String
    var service: String

    var secrets: [Secret] { [key] + [sessionToken].compactMap(\.self) }
}
