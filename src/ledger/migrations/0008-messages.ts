/** What a message said before it was edited is found by the message. */
export const inboxMessages = `
CREATE INDEX inbox_message ON inbox (lane, coalesce(json_extract(body, '$.message.message_id'),
  json_extract(body, '$.edited_message.message_id')));
`
