import { en } from "./risk.en.ts"
import { ko } from "./risk.ko.ts"
import { type Say, texts } from "./text.ts"

/** Reasons for a risk, in the owner's words; the keys are those of `core/approval-risk.ts`. */
export const riskText = texts({ en, ko })
export type RiskSay = Say<typeof en>
