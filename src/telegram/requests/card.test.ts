import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { systemClock } from "../../core/clock.ts"
import { riskText } from "../../core/texts/risk.ts"
import { telegramText } from "../../core/texts/telegram.ts"
import { type Ledger, openLedger } from "../../ledger/ledger.ts"
import type { StoredRequest } from "../../ledger/requests.ts"
import type { Session } from "../../ledger/sessions.ts"
import type { AttemptId, ProviderId, RequestId, SessionId, TurnId } from "../../protocol/ids.ts"
import type { Permission } from "../../protocol/session.ts"
import { Outgoing } from "../delivery/outgoing.ts"
import { closedCard } from "./card.ts"

const session: Session = {
  ...{ id: "S001" as SessionId, title: "", titleBy: "runtime", provider: "codex" as ProviderId },
  ...{ workspace: "/work", workspaceKind: "external", settings: {}, state: "open" },
  ...{ createdAt: 0, updatedAt: 0 },
}

function asking(permissions: readonly Permission[], command?: string): StoredRequest {
  return {
    ...{ id: "r1" as RequestId, session: session.id, turn: "t1" as TurnId },
    body: {
      ...{ kind: "approval", subject: "permission", title: "in English", permissions },
      ...(command === undefined ? {} : { command }),
      ...{ options: [{ id: "no", effect: "deny" }], acceptsReason: false },
    },
    ...{ attempt: "a1" as AttemptId, version: 1, state: "open", answer: null, answeredBy: null },
    ...{ createdAt: 0, closedAt: null },
  }
}

describe("a card for a permission", () => {
  let directory: string
  let ledger: Ledger
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "card-"))
    ledger = await openLedger(directory, 0)
  })
  afterEach(() => {
    ledger.close()
    rmSync(directory, { recursive: true })
  })

  function shown(request: StoredRequest, language: "en" | "ko"): string {
    const out = new Outgoing(ledger, systemClock, () => undefined)
    const to = { bot: 1, chat: 42, thread: null }
    const says = { say: telegramText(language), sayRisk: riskText(language) }
    return closedCard(request, { ledger, ...says, session, to, out }, "-").text
  }

  it.each([
    ["en", ["Network access to example.com", "curl https://example.com"]],
    ["ko", ["example.com에 대한 네트워크 접근", "curl https://example.com"]],
  ] as const)("names the host beside the command (%s)", (language, lines) => {
    const request = asking([{ kind: "network", host: "example.com" }], "curl https://example.com")
    expect(shown(request, language).split("\n").slice(1, -1)).toEqual(lines)
  })

  it("lists all that is wanted", () => {
    const wanted = [
      { kind: "network" },
      { kind: "read", path: "/etc" },
      { kind: "write", path: "/opt" },
    ] as const
    expect(shown(asking(wanted), "en").split("\n").slice(1, -1)).toEqual([
      "Network access",
      "Reading /etc",
      "Writing to /opt",
    ])
  })
})
