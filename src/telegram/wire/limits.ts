/** Limits of the Bot API. Texts are counted in code points there; UTF-16 units never count less. */

export const TEXT_LIMIT = 4096
export const CAPTION_LIMIT = 1024

/** Largest file that Telegram's own server takes from a bot, in bytes. */
export const UPLOAD_LIMIT = 50 * 1024 ** 2
/** Largest file it hands to a bot, in bytes (`getFile`); a local Bot API server has none of its own. */
export const DOWNLOAD_LIMIT = 20 * 1024 ** 2
/** Largest file there is in Telegram for a local Bot API server, in bytes. */
export const LOCAL_LIMIT = 2000 * 1024 ** 2
