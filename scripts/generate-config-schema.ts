/** Writes docs/config.schema.json, which editors read for `config.json`. `--check` only says whether it is current. */
import { readFileSync, writeFileSync } from "node:fs"
import { z } from "zod"
import { ConfigFile } from "../src/core/config-schema.ts"

const target = new URL("../docs/config.schema.json", import.meta.url)

const schema = z.toJSONSchema(ConfigFile, {
  io: "input",
  /** zod marks what is readonly in our types as readOnly, which in JSON Schema means that nobody may write it. */
  override: ({ jsonSchema }) => {
    delete jsonSchema.readOnly
  },
})
const text = `${JSON.stringify({ ...schema, title: "RemoteAgent configuration" }, null, 2)}\n`

if (!process.argv.includes("--check")) writeFileSync(target, text)
else if (readFileSync(target, "utf8") !== text) {
  console.error("docs/config.schema.json is not current. Run: npm run schema")
  process.exitCode = 1
}
