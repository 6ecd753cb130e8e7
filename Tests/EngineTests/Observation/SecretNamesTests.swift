import Testing

@testable import Engine

@Suite struct SecretNamesTests {
    @Test(arguments: [
        (#"{"password": "hunter2", "id": 1}"#, #"{"password": "(secret)", "id": 1}"#),
        (#"{"access_token":"abc"}"#, #"{"access_token":"(secret)"}"#),
        (#"{"message":"{\"api_key\":\"abc\"}"}"#, #"{"message":"{\"api_key\":\"(secret)"}"}"#),
        ("grant=x&client_secret=abc&y=1", "grant=x&client_secret=(secret)&y=1"),
        ("Set-Cookie: sid", "Set-Cookie: (secret)"),
        (#"{"token":123,"a":2}"#, #"{"token":(secret),"a":2}"#),
        (#"{"session":{"id":"1"}}"#, #"{"session":{"id":"1"}}"#),
        (#"{"token_type":"bearer"}"#, #"{"token_type":"bearer"}"#),
        (#"{"next_page_token":"abc"}"#, #"{"next_page_token":"abc"}"#),
        ("the token is expired", "the token is expired"),
        (#"{"password":"a\"b","c":1}"#, #"{"password":"(secret)","c":1}"#),
        (#"{"password":"cut of"#, #"{"password":"(secret)"#),
    ])
    func valuesOfSuchNamesAreHidden(text: String, shown: String) {
        #expect(SecretNames.redacted(text) == shown)
    }

    @Test func anyBytesAreSafe() {
        for text in [
            "", "=", ":", "token=", "token:", "\"token\"", "\"token\":", "\"token\":\"", "token=\\", "\"token\":\"\\",
        ] {
            _ = SecretNames.redacted(text)
        }
    }
}
