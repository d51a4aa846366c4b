import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { repeats, slowOnes } from "../../test/fakes/hostile-text.ts"
import { makeRedactor, redactDeep } from "./redact.ts"

const redact = makeRedactor([])
const TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQ-_r"

describe("makeRedactor", () => {
  it.each([
    [`token ${TOKEN}.`, "token [redacted]."],
    [`https://api.telegram.org/bot${TOKEN}/getMe`, "https://api.telegram.org/bot[redacted]/getMe"],
    [`bot${TOKEN.replace(":", "%3A")}/x`, "bot[redacted]/x"],
    ["Authorization: Bearer abc.def", "Authorization: Bearer [redacted]"],
    ['{"authorization":"Basic dXNlcjpwdw=="}', '{"authorization":"Basic [redacted]"}'],
    ["curl -H 'Authorization: token 123'", "curl -H 'Authorization: token [redacted]'"],
    ["x-api-key: abcdefgh12", "x-api-key: [redacted]"],
    ["Set-Cookie: sid=1; HttpOnly", "Set-Cookie: [redacted]"],
    ["key sk-ant-api03-AAAABBBBCCCCDDDD-xyz!", "key [redacted]!"],
    ["sk-proj-abcdefghij0123456789", "[redacted]"],
    ["ghp_abcdefghij0123456789abcd", "[redacted]"],
    ["AKIAABCDEFGHIJKLMNOP", "[redacted]"],
    ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.sig", "[redacted]"],
    ["postgres://user:hunter2@db/x", "postgres://user:[redacted]@db/x"],
    ["DB_PASSWORD=hunter2 OPENAI_API_KEY='k'", "DB_PASSWORD=[redacted] OPENAI_API_KEY='[redacted]'"],
    ["http://127.0.0.1/?token=abcdefgh&x=1", "http://127.0.0.1/?token=[redacted]&x=1"],
    [
      "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nafter",
      "-----BEGIN RSA PRIVATE KEY-----[redacted]\nafter",
    ],
    ["-----BEGIN PRIVATE KEY-----\nMIIE cut", "-----BEGIN PRIVATE KEY-----[redacted]"],
  ])("%j becomes %j", (text, expected) => {
    expect(redact(text)).toBe(expected)
  })

  it.each([
    "at 12:30:45 on 2026-11-22, 1234567:short",
    "input tokens: 1234, output tokens: 99",
    "the key idea; sk-ip this; ask-me",
    "https://example.com/a:b/c?x=1",
    "src/token.ts:12 const token = next()",
    "S012 · ctx 34 % · $0.12",
  ])("leaves %j alone", (text) => {
    expect(redact(text)).toBe(text)
  })

  it("takes out given values, also as JSON, URL and base64 write them", () => {
    const secret = 'p"ä ss/w+rd'
    const text = [
      secret,
      JSON.stringify({ secret }),
      encodeURIComponent(secret),
      btoa(String.fromCharCode(...Buffer.from(secret))),
    ].join(" ")
    const shown = makeRedactor([secret])(text)
    expect(shown).toBe('[redacted] {"secret":"[redacted]"} [redacted] [redacted]')
  })

  it("takes out the longer of two secrets as a whole, and the lines of a long one", () => {
    expect(makeRedactor(["abcd", "abcdefgh"])("xabcdefghx abcd")).toBe("x[redacted]x [redacted]")
    expect(
      makeRedactor(["first line of the key\nsecond line of the key"])("| second line of the key |"),
    ).toBe("| [redacted] |")
  })

  it("takes below 100 ms for 1 MB of anything", { timeout: 60_000 }, () => {
    const run = makeRedactor(["5000000001:TEST-secret-of-the-bot", "hunter2hunter2"])
    expect(slowOnes(repeats(1_000_000), { limit: 100, run })).toEqual([])
    expect(slowOnes(repeats(200_000, 16), { limit: 50, run })).toEqual([])
  })

  it("does not black out words for a secret of one letter", () => {
    expect(makeRedactor(["", "a"])("banana")).toBe("banana")
  })

  it("never lets a given secret through", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 4 }), { minLength: 1, maxLength: 5 }),
        fc.string(),
        fc.string(),
        (secrets, before, after) => {
          const shown = makeRedactor(secrets)(before + secrets.join(" ") + after)
          // A secret that is itself part of the replacement cannot be told from it.
          for (const secret of secrets)
            if (!"[redacted]".includes(secret))
              expect(shown.replaceAll("[redacted]", "\u0000")).not.toContain(secret)
        },
      ),
    )
  })
})

describe("redactDeep", () => {
  it("reaches everything that a log might print", () => {
    const error = Object.assign(new Error(`no ${TOKEN}`, { cause: new Error(`inner ${TOKEN}`) }), {
      url: new URL(`https://x.co/bot${TOKEN}`),
    })
    const value = {
      list: [TOKEN],
      map: new Map([[TOKEN, { deep: TOKEN }]]),
      set: new Set([TOKEN]),
      error,
      [TOKEN]: 1,
      bytes: Buffer.from(TOKEN),
    }
    const shown = JSON.stringify(redactDeep(value, redact))
    expect(shown).not.toContain("AAbbCC")
    expect(shown).toContain("inner [redacted]")
  })

  it("replaces whole what stands under a telling name, and keeps numbers", () => {
    const value = {
      Authorization: "x",
      botToken: "y",
      api_key: "z",
      tokens: 12,
      inputTokens: "12",
      token: "t",
      dbPassword: "p",
      at: null,
      ok: true,
    }
    expect(redactDeep(value, redact)).toEqual({
      ...{
        Authorization: "[redacted]",
        botToken: "[redacted]",
        api_key: "[redacted]",
        token: "[redacted]",
        dbPassword: "[redacted]",
      },
      ...{ tokens: 12, inputTokens: "12", at: null, ok: true },
    })
  })

  it("survives a circle, and shows what is merely used twice", () => {
    const shared = { a: 1 }
    const value: Record<string, unknown> = { one: shared, two: shared }
    value.self = value
    expect(redactDeep(value, redact)).toEqual({ one: { a: 1 }, two: { a: 1 }, self: "[circular]" })
  })
})
