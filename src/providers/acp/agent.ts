import type { ProviderContext } from "../provider.ts"
import type { Choices } from "./choices.ts"
import type { AcpConnection } from "./connection.ts"
import type { AcpProfile } from "./profile.ts"

/** What a session needs of its provider. */
export interface Agent {
  readonly context: ProviderContext
  readonly profile: AcpProfile
  /** @throws ProviderError when the agent cannot be started. */
  connect(workspace: string): Promise<AcpConnection>
  /** Waits until the session may be loaded without harm. */
  untilReloadable(nativeId: string): Promise<void>
  created(nativeId: string): Promise<void>
  learned(choices: Choices): void
  /** It was seen asking for permission. */
  asked(): void
  /** Where the image is kept, or null when it is too big to keep. */
  saveImage(image: { readonly data: string; readonly mimeType: string }): string | null
  released(): void
}
