/**
 * Buttons belong to modules: `turn.stop` becomes the verb `stop` of `turn`, with its session. Typed lines are taken
 * away: they meant whatever the chat showed when they were tapped.
 */
export const actionsOfModules = `
DELETE FROM actions WHERE json_extract(body, '$.kind') = 'command';
UPDATE actions SET body = json_object(
  'of', CASE
    WHEN json_extract(body, '$.kind') = 'answer' THEN 'request'
    WHEN json_extract(body, '$.kind') LIKE 'question.%' THEN 'request'
    WHEN json_extract(body, '$.kind') = 'dismiss' THEN 'card'
    ELSE substr(json_extract(body, '$.kind'), 1, instr(json_extract(body, '$.kind'), '.') - 1) END,
  'verb', CASE
    WHEN json_extract(body, '$.kind') = 'turn.again' THEN json_extract(body, '$.how')
    WHEN instr(json_extract(body, '$.kind'), '.') = 0 THEN json_extract(body, '$.kind')
    ELSE substr(json_extract(body, '$.kind'), instr(json_extract(body, '$.kind'), '.') + 1) END,
  'args', json_remove(body, '$.kind', '$.session', '$.how', '$.clearQueue'),
  'session', coalesce(
    json_extract(body, '$.session'),
    (SELECT session FROM turns WHERE id = json_extract(actions.body, '$.turn')),
    (SELECT session FROM requests WHERE id = json_extract(actions.body, '$.request'))),
  'once', json(iif(json_extract(body, '$.kind') = 'turn.edit', 'false', 'true')))
WHERE json_extract(body, '$.kind') IS NOT NULL;
`
