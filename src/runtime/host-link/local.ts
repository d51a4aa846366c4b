/** The line within one machine: the host's socket. */
import { connect, type Socket } from "node:net"
import { type ConnectOptions, connectHost } from "./client.ts"
import { type HostLink, HostLinkError } from "./link.ts"

export interface LocalOptions extends Omit<ConnectOptions, "stream"> {
  readonly socketPath: string
}

/** @throws HostLinkError `unreachable`, or as `connectHost` does. */
export async function connectLocal({ socketPath, ...options }: LocalOptions): Promise<HostLink> {
  return connectHost({ ...options, stream: await openSocket(socketPath) })
}

function openSocket(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once("connect", () => {
      socket.removeAllListeners("error")
      resolve(socket)
    })
    socket.once("error", (cause) => {
      reject(new HostLinkError("unreachable", "the host does not listen on its socket", { cause }))
    })
  })
}
