import { en } from "./failure.en.ts"
import { ko } from "./failure.ko.ts"
import { type Say, texts } from "./text.ts"

/** Both tables, for the areas that show failures: their `Say` then says these texts too. */
export const failureTables = { en, ko }

export const failureText = texts(failureTables)
export type FailureSay = Say<typeof en>
