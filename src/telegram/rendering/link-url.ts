/**
 * The URL as Telegram accepts it in a `text_link`, or null. One unacceptable link rejects the whole message, so only
 * http(s) to a dotted name or an IPv4 address passes; an address with a user part can pose as another site.
 */
export function acceptableLink(url: string): string | null {
  const parsed = URL.parse(url)
  if (parsed === null) return null
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:") return null
  if (parsed.username !== "" || parsed.password !== "") return null
  if (parsed.port === "0" || parsed.href.length > MAX_URL_LENGTH) return null
  return isPublicName(parsed.hostname) || isIpv4(parsed.hostname) ? parsed.href : null
}

const MAX_URL_LENGTH = 2000

function isPublicName(host: string): boolean {
  return host.length <= 253 && /^([\w-]{1,63}\.)+([a-z]{2,63}|xn--[a-z0-9-]{1,59})$/i.test(host)
}

function isIpv4(host: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(host)
}
