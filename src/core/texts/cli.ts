import { en } from "./cli.en.ts"
import { ko } from "./cli.ko.ts"
import { texts } from "./text.ts"

export const cliText = texts({ en, ko })
