import { en } from "./goal.en.ts"
import { ko } from "./goal.ko.ts"
import type { Say } from "./text.ts"

/** Both tables, for the areas that show what an agent does: their `Say` then says these texts too. */
export const goalTables = { en, ko }

export type GoalSay = Say<typeof en>
