import { z } from "zod"
import { ConfigFile } from "../src/core/config-schema.ts"

/** The JSON Schema of `config.json`, as it is published. */
export function configSchemaText(): string {
  const schema = z.toJSONSchema(ConfigFile, {
    io: "input",
    override: ({ jsonSchema }) => {
      // What is readonly in our types would read here as something that nobody may write.
      delete jsonSchema.readOnly
    },
  })
  return `${JSON.stringify({ ...schema, title: "RemoteAgent configuration" }, null, 2)}\n`
}
