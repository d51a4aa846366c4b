import { en } from "./permission.en.ts"
import { ko } from "./permission.ko.ts"
import type { Say } from "./text.ts"

/** Both tables, for the areas that show requests: their `Say` then says these texts too. */
export const permissionTables = { en, ko }

export type PermissionSay = Say<typeof en>
