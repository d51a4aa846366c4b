import { BlockList, isIP } from "node:net"

/** Whether a host name or address can only be reached from this machine. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, "$1").toLowerCase()
  if (bare === "localhost") return true
  const family = isIP(bare)
  if (family === 0) return false
  const loopback = new BlockList()
  loopback.addSubnet("127.0.0.0", 8, "ipv4")
  loopback.addAddress("::1", "ipv6")
  return loopback.check(bare, family === 6 ? "ipv6" : "ipv4")
}
