/** From commands of the link to those who carry them out. */
import type { HostCommand, HostResult } from "../protocol/host-link.ts"
import type { ProviderId } from "../protocol/ids.ts"
import type { Provider } from "../providers/provider.ts"
import { CommandError } from "./command-error.ts"
import type { OutgoingFiles } from "./outgoing-files.ts"
import { fromProvider, type Sessions, unknownProvider } from "./sessions.ts"

export interface CommandsOptions {
  readonly sessions: Sessions
  readonly providers: ReadonlyMap<ProviderId, Provider>
  readonly files: OutgoingFiles
  readonly isStopping: () => boolean
  readonly retire: () => void
  readonly stop: () => void
}

type AnyResult = HostResult<HostCommand["kind"]>

export type Carry = (command: HostCommand) => Promise<AnyResult>

/** @returns what carries out a command. It throws CommandError with the code for the link. */
export function createCommands(options: CommandsOptions): Carry {
  const { sessions, providers, files } = options
  const provider = (id: ProviderId): Provider => {
    const found = providers.get(id)
    if (!found) throw unknownProvider(id)
    return found
  }
  return async (command) => {
    if (options.isStopping()) throw new CommandError("stopping", "the host is leaving")
    switch (command.kind) {
      case "turn.start":
        return sessions.start(command)
      case "turn.steer":
        return sessions.steer(command)
      case "turn.interrupt":
        return sessions.interrupt(command)
      case "request.answer":
        return sessions.answer(command)
      case "session.configure":
        await sessions.configure(command.session, command.settings)
        return {}
      case "session.close":
        await sessions.close(command.session)
        return {}
      case "provider.list":
        return { providers: [...providers.values()].map(({ id, label }) => ({ id, label })) }
      case "provider.probe":
        return { status: await fromProvider(provider(command.provider).probe()) }
      case "provider.models":
        return { models: [...(await fromProvider(provider(command.provider).models()))] }
      case "provider.native":
        return {
          sessions: [...(await fromProvider(provider(command.provider).listNative(nativeQuery(command))))],
        }
      case "file.stat":
        return files.stat(command)
      case "file.read":
        return files.read(command)
      case "host.retire":
        options.retire()
        return {}
      case "host.stop":
        options.stop()
        return {}
    }
  }
}

function nativeQuery({ limit, nativeId, workspace }: Extract<HostCommand, { kind: "provider.native" }>) {
  return {
    limit,
    ...(nativeId === undefined ? {} : { nativeId }),
    ...(workspace === undefined ? {} : { workspace }),
  }
}
