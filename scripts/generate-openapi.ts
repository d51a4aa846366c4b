/** Writes docs/openapi.json. Run it when `src/protocol/api.ts`, or anything it speaks of, changes. */
import { writeFileSync } from "node:fs"
import { openApiText } from "./openapi-text.ts"

writeFileSync(new URL("../docs/openapi.json", import.meta.url), openApiText())
