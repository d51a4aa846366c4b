import { en } from "./setup.en.ts"
import { ko } from "./setup.ko.ts"
import { texts } from "./text.ts"

export const setupText = texts({ en, ko })
export type SetupSay = ReturnType<typeof setupText>
