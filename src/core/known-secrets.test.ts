import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { repeats, slowOnes } from "../../test/fakes/hostile-text.ts"
import { makeKnownRedactor, makeStreamRedactor } from "./known-secrets.ts"

const SECRET = "hunter2-Sup3r/Secret+Value=="
const TOKEN = "5000000001:AAErealistic_token-value_0123456789abc"
const redact = makeKnownRedactor([SECRET, TOKEN])
const base64 = (text: string) => Buffer.from(text).toString("base64")

type Form = (secret: string) => string

describe("makeKnownRedactor", () => {
  it.each<[string, Form]>([
    ["as it is", (secret) => secret],
    ["in JSON", JSON.stringify],
    ["in JSON in JSON", (secret) => JSON.stringify(JSON.stringify(secret))],
    ["in a URL", encodeURIComponent],
    ["in a URL in a URL", (secret) => encodeURIComponent(encodeURIComponent(secret))],
    [
      "in a URL with small letters",
      (secret) => encodeURIComponent(secret).replace(/%../g, (sign) => sign.toLowerCase()),
    ],
    ["in base64", base64],
    ["in base64 after one byte", (secret) => base64(`=${secret}`)],
    ["in base64 after two bytes", (secret) => base64(`K=${secret}`)],
    ["in base64 among others", (secret) => base64(`export KEY=${secret}; echo`)],
    ["in base64 for URLs", (secret) => Buffer.from(`ab${secret}`).toString("base64url")],
    ["in hexadecimal", (secret) => Buffer.from(secret).toString("hex")],
    ["in capital hexadecimal", (secret) => Buffer.from(secret).toString("hex").toUpperCase()],
    ["with a mark nobody sees in it", (secret) => `${secret.slice(0, 8)}\u200b${secret.slice(8)}`],
    ["with many of them", (secret) => [...secret].join("\u2060")],
    ["folded over lines", (secret) => `${secret.slice(0, 12)}\n  ${secret.slice(12)}`],
    ["with a colour in it", (secret) => `${secret.slice(0, 8)}\u001b[31m${secret.slice(8)}`],
  ])("takes a secret out %s", (_, form) => {
    for (const secret of [SECRET, TOKEN]) {
      const shown = redact(`before ${form(secret)} after`)
      expect(shown).toContain("[redacted]")
      expect(shown).not.toContain(form(secret).slice(4, -8))
    }
  })

  it("leaves alone what only has the form of a secret", () => {
    const text = "Authorization: Bearer abcdefghijklmnop sk-ant-abcdefghijklmnopqrstuvwx"
    expect(redact(text)).toBe(text)
  })

  it("takes below 100 ms for 1 MB of anything", { timeout: 60_000 }, () => {
    expect(slowOnes(repeats(1_000_000), { limit: 100, run: redact })).toEqual([])
    const near = ["h", "hu", "hunter2-", "5", "5000000001:", "h\u200b", "hunter2\n", "aHVudGVy"] as const
    const texts = near.map((piece) => [piece, piece.repeat(Math.ceil(1_000_000 / piece.length))] as const)
    expect(slowOnes(texts, { limit: 100, run: redact })).toEqual([])
  })
})

describe("makeStreamRedactor", () => {
  const stream = makeStreamRedactor([SECRET, TOKEN])

  it("shows no part of a secret, wherever the text is cut into pieces", () => {
    const piece = fc.oneof(
      fc.constantFrom(SECRET, TOKEN, base64(`=${SECRET}`), "hunter2", "5000", " and "),
      fc.string(),
    )
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 8 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
        (words, sizes) => {
          const next = stream()
          const text = words.join("")
          let shown = ""
          for (let at = 0; at < text.length; ) {
            const size = sizes.next().value
            shown += next(text.slice(at, at + size))
            at += size
          }
          const end = redact(text)
          expect(end.startsWith(shown)).toBe(true)
          expect(end.length - shown.length).toBeLessThanOrEqual(512)
        },
      ),
    )
  })

  it("holds nothing back of ordinary text", () => {
    expect(stream()("an ordinary sentence, wholly ")).toBe("an ordinary sentence, wholly ")
  })
})
