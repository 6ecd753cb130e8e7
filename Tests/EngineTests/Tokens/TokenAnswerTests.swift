import Engine
import EngineTestKit
import Foundation
import Testing

@testable import Engine

/// Answers of token endpoints, those of the shared vectors first.
@Suite struct TokenAnswerTests {
    private func read(
        _ body: String, status: Int = 200, headers: [(String, String)] = [("Content-Type", "application/json")],
        places: TokenPlaces = TokenPlaces(), receivedAt: Int64 = 1_800_000_000
    ) -> Result<TokenAnswer, TokenAnswer.Refusal> {
        var head = ResponseHead()
        head.status = status
        head.headers = HeaderFields(headers)
        head.receivedAtEpoch = receivedAt
        return Array(body.utf8).withUnsafeBytes { bytes in
            do throws(TokenAnswer.Refusal) {
                return .success(
                    try TokenAnswer.read(head, bytes, places, services: TestServices(.always(0))))
            } catch { return .failure(error) }
        }
    }

    @Test(.enabled(if: Vectors.exist("oauth2_token_responses.json")))
    func everyVector() throws {
        let cases = try Vectors.cases("oauth2_token_responses.json")
        #expect(cases.count > 30)
        for one in cases {
            let name = try #require(one["name"] as? String)
            let headers = one["headers"] as? [String: String] ?? [:]
            let expected = try #require(one["expect"] as? [String: Any])
            let answer = read(
                one["body"] as? String ?? "", status: one["status"] as? Int ?? 0, headers: headers.map { ($0, $1) })
            switch answer {
            case .success(let token):
                #expect(expected["ok"] as? Bool == true, "\(name)")
                #expect(token.token.reveal() == expected["access_token"] as? String, "\(name)")
                if let type = expected["token_type"] { #expect(token.type == type as? String, "\(name)") }
                if let life = expected["expires_in"] {
                    let nanoseconds = (life as? Double).map { Int64(($0 * 1e9).rounded()) }
                    #expect(token.life?.nanoseconds == nanoseconds, "\(name)")
                }
                if let refresh = expected["refresh_token"] {
                    #expect(token.refreshToken?.reveal() == refresh as? String, "\(name)")
                }
                if let scope = expected["scope"] as? [String] {
                    #expect(token.scope?.split(separator: " ").map(String.init) == scope, "\(name)")
                }
            case .failure(let refusal):
                #expect(expected["ok"] as? Bool == false, "\(name): \(refusal)")
                #expect(refusal.error == expected["error"] as? String, "\(name)")
                if let passes = expected["retryable"] as? Bool { #expect(refusal.passes == passes, "\(name)") }
                if let person = expected["reauth"] as? Bool { #expect(refusal.needsPerson == person, "\(name)") }
            }
        }
    }

    @Test(arguments: [
        ("60", "auto", 60.0), ("\"60\"", "auto", 60), ("\" 60.5 \"", "auto", 60.5), ("1800000060", "auto", 60),
        ("1800000060123", "auto", 60.123), ("\"1800000060\"", "auto", 60), ("60000", "milliseconds", 60),
        ("1800000060", "epoch", 60), ("1800000060000", "epoch_ms", 60), ("\"2027-01-15T08:01:00Z\"", "auto", 60),
        ("\"2027-01-15T09:01:00+01:00\"", "date", 60), ("\"Fri, 15 Jan 2027 08:01:00 GMT\"", "auto", 60),
        ("1700000000", "auto", 0), ("\"2020-01-01T00:00:00Z\"", "auto", 0),
    ])
    func expiryInEveryForm(_ value: String, _ form: String, _ seconds: Double) throws {
        var places = TokenPlaces()
        places.expiry = try #require(TokenPlaces.Expiry(rawValue: form))
        let life = try read("{\"access_token\":\"t\",\"expires_in\":\(value)}", places: places).get().life
        #expect(abs(try #require(life).nanoseconds - Int64(seconds * 1e9)) < 1000)
    }

    @Test(arguments: ["\"soon\"", "true", "[]", "{}", "\"\"", "\"1e3\"", "\"-5\""])
    func anExpiryThatSaysNothingIsNone(_ value: String) throws {
        #expect(try read("{\"access_token\":\"t\",\"expires_in\":\(value)}").get().life == nil)
    }

    @Test func placesMayBeDeepInside() throws {
        var places = TokenPlaces()
        places.token = try JSONPath("data[0].session.id")
        places.expires = try JSONPath("data[0].ttl")
        let answer = try read("{\"data\":[{\"session\":{\"id\":\"s3\"},\"ttl\":7}]}", places: places).get()
        #expect(answer.token.reveal() == "s3" && answer.life == .seconds(7))
        #expect(throws: TokenAnswer.Refusal.self) { try read("{\"data\":[]}", places: places).get() }
    }

    @Test func aDateOfTheServersOwnClockIsMeasuredByIt() throws {
        let answer = try read(
            "{\"access_token\":\"t\",\"expires_in\":\"2027-01-15T08:01:00Z\"}",
            headers: [("Date", "Fri, 15 Jan 2027 08:00:00 GMT")], receivedAt: 1_700_000_000
        ).get()
        #expect(answer.life == .seconds(60))
    }

    @Test func nothingTraps() {
        var chance = Seeded(seed: 7)
        let whole = "{\"access_token\":\"tök\",\"expires_in\":1e400,\"token_type\":[],\"refresh_token\":{}}"
        for _ in 0..<3000 {
            var bytes = Array(whole.utf8)
            for _ in 0..<chance.below(6) { bytes[chance.below(bytes.count)] = UInt8(chance.below(256)) }
            let text = String(decoding: bytes.prefix(chance.below(bytes.count + 1)), as: UTF8.self)
            let type = chance.pick(["application/json", "text/plain", "application/x-www-form-urlencoded"], else: "")
            _ = read(text, status: chance.pick([200, 302, 400, 503], else: 200), headers: [("Content-Type", type)])
        }
    }
}
