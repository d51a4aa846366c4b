import { en } from "./control.en.ts"
import { ko } from "./control.ko.ts"
import { texts } from "./text.ts"

export const controlText = texts({ en, ko })
export type ControlSay = ReturnType<typeof controlText>
