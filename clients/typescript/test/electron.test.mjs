// The tools of the Electron sample, used by a model behind the real service. REPLICAS are the API's base URLs.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { AdiuvaClient } from '@adiuva/api-client';
import { sqlite } from './sqlite.mjs';

const skip = sqlite.engine !== 'node:sqlite' && 'this Node has neither SQLite nor TypeScript, as Electron has';

test('a model reads and, with approval, changes the database of the Electron sample', { skip }, async (t) => {
  const { openDatabase } = await import('../examples/electron/database.ts');
  const database = openDatabase(':memory:');
  for (const title of ['Call Anna', 'Order paper']) {
    database.act({ type: 'create_record', table: 'tasks', data: { title } });
  }
  const [{ id }] = database.select('tasks', { title: 'Call Anna' });
  const client = new AdiuvaClient({ baseUrl: process.env.REPLICAS.split(',')[0] });
  t.after(() => client.close());
  await client.auth.register({ email: `${randomUUID()}@example.com`, password: 'correct horse battery' });
  const asked = [];
  const approve = ({ name, arguments: args }) => asked.push([name, args]) > 0;
  const message = [
    'call query_rows {"table":"tasks","filter":{"status":"todo"}}',
    `call complete_task {"id":"${id}"} & query_rows {"table":"clients"}`,
  ].join('\n');
  const { response } = await client.chat.stream({ message }, { tools: database.tools, approve }).final();
  const parts = ['Call Anna', 'Order paper', 'done', 'must be one of tasks']; // the server checks the tools' schemas
  for (const part of parts) assert.ok(response.includes(part), response);
  assert.deepEqual(asked, [['complete_task', { id }]]);
  assert.deepEqual(database.select('tasks', { status: 'done' }).map(({ title }) => title), ['Call Anna']);
});
