import { en } from "./config.en.ts"
import { ko } from "./config.ko.ts"
import { texts } from "./text.ts"

export const configText = texts({ en, ko })
