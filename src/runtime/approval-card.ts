/** What an approval means for the owner, found out once for every surface. */
import { homedir } from "node:os"
import type { Risk } from "../core/approval-risk.ts"
import { type RequestCard, requestCard } from "../core/request-card.ts"
import type { Session } from "../ledger/sessions.ts"
import type { RequestBody } from "../protocol/session.ts"

type Approval = Extract<RequestBody, { kind: "approval" }>

export function approvalCard(body: Approval, { workspace }: Pick<Session, "workspace">): RequestCard {
  return requestCard(body, { workspace, home: homedir() })
}

/** Null where nothing speaks against it, and for what is no approval. */
export function riskOf(body: RequestBody, session: Pick<Session, "workspace">): Risk | null {
  if (body.kind !== "approval") return null
  const section = approvalCard(body, session).sections.find(({ kind }) => kind === "risk")
  return section?.kind === "risk" ? section.risk : null
}
