import { en } from "./risk.en.ts"
import { ko } from "./risk.ko.ts"
import { type Say, texts } from "./text.ts"

/** Reasons for a risk, in the owner's words; the keys are those of `core/approval-risk.ts`. */
export const riskText = texts({ en, ko })

type Named<T extends object> = { readonly [K in keyof T & string as `risk.${K}`]: T[K] }

/** The same among the texts of a surface. */
export const riskTables = { en: named(en), ko: named(ko) }

function named<T extends object>(table: T): Named<T> {
  return Object.fromEntries(Object.entries(table).map(([key, text]) => [`risk.${key}`, text])) as Named<T>
}

export type RiskSay = Say<typeof en>
