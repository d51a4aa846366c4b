/** Codex, driven through its app-server. */
import { ProviderError } from "../../core/provider-error.ts"
import type { AttemptId } from "../../protocol/ids.ts"
import type { Model, NativeSession, ProviderStatus, SessionSpec } from "../../protocol/session.ts"
import type {
  EventSink,
  NativeQuery,
  Provider,
  ProviderContext,
  ProviderSession,
  Recovery,
} from "../provider.ts"
import type { Connection } from "./connection.ts"
import { ConnectionLost, Refused } from "./connection.ts"
import { crashed, readRefusal } from "./failure.ts"
import { listNative } from "./native-sessions.ts"
import { CODEX, capabilities, probe, readModels } from "./probe.ts"
import { LABEL } from "./program.ts"
import { recover } from "./recover.ts"
import { CodexSession } from "./session.ts"
import { modes } from "./settings.ts"
import { Shared } from "./shared.ts"

export function createCodexProvider(context: ProviderContext): Provider {
  return new CodexProvider(new Shared(context))
}

class CodexProvider implements Provider {
  readonly id = CODEX
  readonly label = LABEL
  readonly capabilities = capabilities
  readonly modes = modes
  readonly #shared: Shared

  constructor(shared: Shared) {
    this.#shared = shared
  }

  probe(): Promise<ProviderStatus> {
    return probe(this.#shared)
  }

  models(): Promise<readonly Model[]> {
    return this.#ask(readModels)
  }

  listNative(query: NativeQuery): Promise<readonly NativeSession[]> {
    const { server, context } = this.#shared
    const program = context.config.command ?? "codex"
    return this.#ask((connection) => listNative({ connection, program, address: server.address }, query))
  }

  open(spec: SessionSpec, sink: EventSink): Promise<ProviderSession> {
    return CodexSession.open({ shared: this.#shared, spec, sink })
  }

  recover(spec: SessionSpec, attempt: AttemptId, sink: EventSink): Promise<Recovery> {
    return recover({ shared: this.#shared, spec, attempt, sink })
  }

  close(): Promise<void> {
    return this.#shared.close()
  }

  async #ask<T>(question: (connection: Connection) => Promise<T>): Promise<T> {
    try {
      return await this.#shared.server.ask(question)
    } catch (cause) {
      if (cause instanceof Refused) throw new ProviderError(readRefusal(cause.message), { cause })
      if (cause instanceof ConnectionLost) throw crashed(cause)
      throw cause
    }
  }
}
