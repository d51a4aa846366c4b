import { ownVersion } from "../src/platform/installation.ts"
import { openApi } from "../src/web/openapi.ts"

/** The API's description, as it is published. */
export const openApiText = (): string => `${JSON.stringify(openApi(ownVersion()), null, 1)}\n`
