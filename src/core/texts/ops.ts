import { failureTables } from "./failure.ts"
import { en } from "./ops.en.ts"
import { ko } from "./ops.ko.ts"
import { texts } from "./text.ts"

export const opsText = texts({ en: { ...failureTables.en, ...en }, ko: { ...failureTables.ko, ...ko } })
export type OpsSay = ReturnType<typeof opsText>
