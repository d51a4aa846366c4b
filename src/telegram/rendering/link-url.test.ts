import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { startTelegramOracle } from "../../../test/fakes/telegram-oracle.ts"
import { acceptableLink } from "./link-url.ts"

const telegram = startTelegramOracle()

function telegramAccepts(url: string): boolean {
  return (
    telegram.judge({ text: "x", entities: [{ type: "text_link", url, offset: 0, length: 1 }] }).kind ===
    "accepted"
  )
}

describe("acceptableLink", () => {
  it.each([
    "https://example.com/a_(b)?q=1#f",
    "http://127.0.0.1:8080/x",
    "https://xn--mnchen-3ya.de/",
    "https://foo.internal:8443/",
    "https://a_b.example.com/",
  ])("passes %s", (url) => {
    expect(acceptableLink(url)).toBe(url)
    expect(telegramAccepts(url)).toBe(true)
  })

  it.each([
    "http://localhost:3000",
    "https://exam",
    "http://my-host/",
    "tel:+123",
    "javascript:alert(1)",
    "tg://user?id=1",
    "data:text/html,x",
    "file:///etc/passwd",
    "vscode://file/x",
    "src/a.ts",
    "/etc/passwd",
    "//x.co",
    "http://[::1]:3000/",
    "https://good.com@evil.com/",
    "https://x.co:0/",
    "https://x.co:99999/",
    "https://a..co/",
    `https://x.co/${"a".repeat(3000)}`,
  ])("refuses %s", (url) => {
    expect(acceptableLink(url)).toBeNull()
  })

  it("passes nothing that Telegram rejects", () => {
    const anything = fc.oneof(
      fc.webUrl({ withFragments: true, withQueryParameters: true }),
      fc
        .tuple(
          fc.constantFrom("http://", "https://"),
          fc.string({ unit: "grapheme" }),
          fc.constantFrom("", ".co", ".한국/", ":80"),
        )
        .map((parts) => parts.join("")),
    )
    fc.assert(
      fc.property(anything, (url) => {
        const link = acceptableLink(url)
        if (link !== null) expect(telegramAccepts(link)).toBe(true)
      }),
      { numRuns: 400 },
    )
  })
})
