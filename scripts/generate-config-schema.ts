/** Writes docs/config.schema.json, which editors read for `config.json`. Run it when `src/core/config-schema.ts` changes. */
import { writeFileSync } from "node:fs"
import { configSchemaText } from "./config-schema.ts"

writeFileSync(new URL("../docs/config.schema.json", import.meta.url), configSchemaText())
