import { ApiError } from "../api-error.ts"
import type { FakeBot } from "../bot.ts"
import type { Upload } from "../http-request.ts"
import type { ArgsOf, BotApiSchema, MethodName, ResultOf } from "../schema.ts"
import type { World } from "../world.ts"

/** Who calls, with what files, in which world. */
export interface Call {
  readonly world: World
  readonly bot: FakeBot
  readonly uploads: ReadonlyMap<string, Upload>
  /** Aborts when the client's connection is gone. */
  readonly gone: AbortSignal
}

/** A method of the Bot API: first the arguments are checked, then, if nothing is in the way, it takes effect. */
export interface Method {
  readonly name: MethodName
  prepare(schema: BotApiSchema, args: unknown): (call: Call) => unknown
}

export function method<M extends MethodName>(
  name: M,
  run: (call: Call, args: ArgsOf<M>) => ResultOf<M> | Promise<ResultOf<M>>,
): Method {
  return {
    name,
    prepare(schema: BotApiSchema, args: unknown) {
      schema.require<M>(name, args)
      return (call) => run(call, args)
    },
  }
}

export function unimplemented(what: string): ApiError {
  const description = `Not Implemented: emulator: ${what} is not implemented`
  return new ApiError({ code: 501, reason: "unimplemented", description })
}

/** Parameters whose effect this server does not have must not pass silently. */
export function refuseUnsupported(args: object, names: readonly string[]): void {
  for (const name of names) {
    if (name in args) throw unimplemented(`the parameter ${name}`)
  }
}
