/** Messages whose content is neither text nor a file, in words. Pure. */
import type { Message } from "grammy/types"

/** Null when there is nothing that an agent could read. */
export function specialWords(message: Message): string | null {
  const { venue, location, contact, poll, checklist, rich_message: rich } = message
  if (venue) {
    const { title, address, location: at } = venue
    return `[Venue: ${title}, ${address} (${at.latitude}, ${at.longitude})]`
  }
  if (location) return `[Location: ${location.latitude}, ${location.longitude}]`
  if (contact) {
    const name = [contact.first_name, contact.last_name].filter(Boolean).join(" ")
    return `[Contact: ${name} ${contact.phone_number}]`
  }
  if (poll) return [`[Poll: ${poll.question}]`, ...poll.options.map(({ text }) => `- ${text}`)].join("\n")
  if (checklist)
    return [`[Checklist: ${checklist.title}]`, ...checklist.tasks.map(({ text }) => `- ${text}`)].join("\n")
  if (rich) return blockWords(rich.blocks).trim() || null
  return null
}

/** Telegram's own news of a chat: nobody sent it, so nobody waits for an answer. Everything else is answered. */
const NEWS: ReadonlySet<string> = new Set([
  ...["community_chat_added", "community_chat_removed", "community_chat_joined", "managed_bot_created"],
  ...["chat_owner_left", "chat_owner_changed", "poll_option_added", "poll_option_deleted"],
  ...["new_chat_members", "left_chat_member", "new_chat_title", "new_chat_photo", "delete_chat_photo"],
  ...["group_chat_created", "supergroup_chat_created", "channel_chat_created"],
  ...["message_auto_delete_timer_changed", "migrate_to_chat_id", "migrate_from_chat_id", "pinned_message"],
  ...["successful_payment", "refunded_payment", "users_shared", "chat_shared", "connected_website"],
  ...["write_access_allowed", "passport_data", "proximity_alert_triggered", "boost_added"],
  ...["chat_background_set", "checklist_tasks_done", "checklist_tasks_added"],
  ...["direct_message_price_changed", "forum_topic_created", "forum_topic_edited", "forum_topic_closed"],
  ...["forum_topic_reopened", "general_forum_topic_hidden", "general_forum_topic_unhidden"],
  ...["giveaway_created", "giveaway_completed", "paid_message_price_changed", "video_chat_scheduled"],
  ...["video_chat_started", "video_chat_ended", "video_chat_participants_invited"],
  ...["suggested_post_approved", "suggested_post_approval_failed", "suggested_post_declined"],
  ...["suggested_post_paid", "suggested_post_refunded", "gift_upgrade_sent"],
])

export const isNews = (message: Message): boolean => Object.keys(message).some((key) => NEWS.has(key))

/** What is about a block and not in it. */
const NOT_WORDS: ReadonlySet<string> = new Set(["type", "align", "valign", "url", "language", "is_rtl", "id"])
const DEEPEST = 32

/** The words of a rich message, one line a block. */
function blockWords(value: unknown, depth = 0): string {
  if (typeof value === "string") return value
  if (depth > DEEPEST || typeof value !== "object" || value === null) return ""
  if (Array.isArray(value)) {
    const isText = value.some((part) => typeof part === "string")
    return value.map((part) => blockWords(part, depth + 1)).join(isText ? "" : "\n")
  }
  const parts = Object.entries(value).filter(([key]) => !NOT_WORDS.has(key))
  return parts
    .map(([, part]) => blockWords(part, depth + 1))
    .filter((part) => part !== "")
    .join("\n")
}
