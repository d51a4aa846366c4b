import { en } from "./ops.en.ts"
import { ko } from "./ops.ko.ts"
import { texts } from "./text.ts"

export const opsText = texts({ en, ko })
export type OpsSay = ReturnType<typeof opsText>
