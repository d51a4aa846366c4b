import { en } from "./cli.en.ts"
import { ko } from "./cli.ko.ts"
import { failureTables } from "./failure.ts"
import { texts } from "./text.ts"

export const cliText = texts({ en: { ...failureTables.en, ...en }, ko: { ...failureTables.ko, ...ko } })
