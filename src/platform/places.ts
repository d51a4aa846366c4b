/** Names of files in the data directory that more than one part of the program must know. */

/** What a host must not forget. Beside it, under a longer name, what was set aside because it could not be used. */
export const JOURNAL_FILE = "host-journal.sqlite"
