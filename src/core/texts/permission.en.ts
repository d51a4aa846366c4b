export const en = {
  "permission.network": "Network access",
  "permission.network_to": "Network access to {host}",
  "permission.read": "Reading {path}",
  "permission.write": "Writing to {path}",
} as const
