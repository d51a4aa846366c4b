/** How long an update had waited because nobody asked for it. Of those that are here already nobody knows. */
export const inboxWait = "ALTER TABLE inbox ADD COLUMN waited_ms INTEGER NOT NULL DEFAULT 0"
