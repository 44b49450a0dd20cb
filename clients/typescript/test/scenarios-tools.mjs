// Scenarios of tools that run in the app, over a SQLite database; see scenarios.mjs. The services at `replicas` share
// their database, and their model makes the calls that a message lists and then answers with the results.
import { equal, ok, rejects } from './assert.mjs';

const schema = `CREATE TABLE tasks (id TEXT PRIMARY KEY, title TEXT, status TEXT);
CREATE TABLE clients (id TEXT PRIMARY KEY, name TEXT);
INSERT INTO tasks VALUES ('t1', 'Call Anna', 'todo'), ('t2', 'Pay the rent', 'done'), ('t3', 'Order paper', 'todo');
INSERT INTO clients VALUES ('c1', 'Rossi');`;
const columns = { tasks: ['id', 'title', 'status'], clients: ['id', 'name'] };

/** The app's tools over its database. */
function toolsOver(db) {
  return {
    query_rows: {
      description: 'Reads the rows of a table that equal the filter.',
      parameters: {
        type: 'object', required: ['table'], properties: { table: { type: 'string' }, filter: { type: 'object' } },
      },
      run({ table, filter = {} }) {
        if (!Object.hasOwn(columns, table)) throw new Error(`there is no table ${table}`);
        const names = Object.keys(filter);
        if (!names.every((name) => columns[table].includes(name))) throw new Error(`${table} has no such column`);
        const where = ['1', ...names.map((name) => `${name} = ?`)].join(' AND ');
        return db.all(`SELECT * FROM ${table} WHERE ${where} ORDER BY id`, ...Object.values(filter));
      },
    },
    complete_task: {
      description: 'Marks a task as done.',
      parameters: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
      needsApproval: true,
      run: ({ id }) => db.all("UPDATE tasks SET status = 'done' WHERE id = ? RETURNING id", id),
    },
  };
}

/** A message that has the model call tools: in each round all calls of one list, [name, arguments] each. */
const calling = (...rounds) => rounds.map((calls) =>
  `call ${calls.map(([name, args]) => `${name} ${JSON.stringify(args)}`).join(' & ')}`).join('\n');
const query = (table, filter) => ['query_rows', { ...(filter ? { filter } : {}), table }]; // as the server sorts them

/** An app with a database and an account, whose requests go to the replicas in turn. */
async function startApp(ctx, via) {
  const db = await ctx.sqlite.open();
  db.exec(schema);
  const asked = []; // the replica of each question
  let requests = 0;
  const inTurn = async (request) => {
    const at = requests++ % ctx.replicas.length;
    if (request.url.endsWith('/chat')) asked.push(at);
    const { method, headers, signal } = request;
    const body = method === 'GET' ? null : await request.text();
    return fetch(request.url.replace(ctx.replicas[0], ctx.replicas[at]), { method, headers, signal, body });
  };
  const client = ctx.client({ baseUrl: ctx.replicas[0], fetch: inTurn });
  await client.auth.register(ctx.newAccount());
  const tools = toolsOver(db);
  /** Asks, and returns the calls and errors that came as events with the last event. */
  const ask = async (rounds, options) => {
    const stream = client.chat.stream({ message: calling(...rounds) }, { tools, via, ...options });
    const calls = [];
    const errors = [];
    for await (const event of stream) {
      if (event.type === 'tool_call') calls.push([event.name, event.arguments]);
      if (event.type === 'error') errors.push(event);
    }
    return { calls, errors, last: await stream.final() };
  };
  return { client, db, tools, asked, ask, via };
}

const overBoth = [
  ['the model reads rows', async ({ ask }) => {
    const call = query('tasks', { status: 'todo' });
    const { calls, last } = await ask([[call]]);
    equal(calls, [call]);
    equal([last.kind, last.actions], ['response', []]);
    ok(last.response.includes('[{"id":"t1","title":"Call Anna","status":"todo"},{"id":"t3",'), last.response);
    ok(!last.response.includes('Pay the rent'), last.response);
  }],
  ['a change needs approval, and a denial is told', async ({ ask, db }) => {
    const change = [['complete_task', { id: 't1' }]];
    const status = () => db.all("SELECT status FROM tasks WHERE id = 't1'")[0].status;
    const asked = [];
    const approving = (answer) => ({ approve: async ({ name, arguments: args }) => {
      asked.push([name, args]);
      return answer;
    } });
    for (const options of [{}, approving(false)]) {
      const { last } = await ask([change], options);
      ok(last.response.includes('did not agree'), last.response);
      equal(status(), 'todo');
    }
    const { last } = await ask([change, [query('tasks', { status: 'done' })]], approving(true));
    ok(last.response.includes('Call Anna') && !last.response.includes('did not agree'), last.response);
    equal([status(), asked], ['done', [change[0], change[0]]]);
  }],
  ['three calls run at once, and a failure is told', async ({ ask, tools }) => {
    let release;
    const allRunning = new Promise((resolve) => { release = resolve; });
    let running = 0;
    const query_rows = { ...tools.query_rows, run: async (args) => {
      if (++running === 3) release();
      await allRunning;
      return tools.query_rows.run(args);
    } };
    const round = [query('tasks', { id: 't2' }), query('secrets'), query('clients')];
    const { calls, last } = await ask([round], { tools: { query_rows } });
    equal(calls, round);
    const at = ['Pay the rent', 'there is no table secrets', 'Rossi'].map((text) => last.response.indexOf(text));
    ok(at[0] >= 0 && at[0] < at[1] && at[1] < at[2], last.response);
  }],
  ['a tool ends with its stream', async ({ client, tools, via }) => {
    for (const end of ['abort', 'timeout', 'cancel']) {
      let ended;
      const toolEnded = new Promise((resolve) => { ended = resolve; });
      let started;
      const toolStarted = new Promise((resolve) => { started = resolve; });
      const query_rows = { ...tools.query_rows, run: (_, { signal }) => new Promise((resolve) => {
        const timer = setTimeout(resolve, 20_000);
        signal.addEventListener('abort', () => {
          clearTimeout(timer); // and the promise never resolves
          ended();
        });
        started();
      }) };
      const controller = new AbortController();
      const limit = end === 'timeout' ? { timeoutMs: 1_000 } : { signal: controller.signal };
      const message = calling([query('tasks')]);
      const stream = client.chat.stream({ message }, { tools: { query_rows }, via, ...limit });
      const final = stream.final();
      if (end === 'cancel') {
        await toolStarted;
        stream.cancel();
        equal([(await final).cancelled, (await final).actions], [true, []]);
      } else {
        if (end === 'abort') toolStarted.then(() => controller.abort());
        await rejects(final, end === 'abort' ? 'AbortError' : 'TimeoutError');
      }
      await toolEnded;
    }
  }],
];

const overSocket = [
  ['a tool that takes too long is told, and its late result refused', async ({ ask, tools }) => {
    let release;
    const late = new Promise((resolve) => { release = resolve; });
    const slow = { ...tools.query_rows, run: () => late };
    // The second round begins when the first has timed out, and the app then sends the result of the first.
    const query_rows = { ...tools.query_rows, run: (args) => {
      release('far too late');
      return tools.query_rows.run(args);
    } };
    const rounds = [[['slow', { table: 'tasks' }]], [query('clients')]];
    const { errors, last } = await ask(rounds, { tools: { slow, query_rows } });
    ok(last.response.includes('no result within 60 seconds') && last.response.includes('Rossi'), last.response);
    ok(!last.response.includes('far too late'), last.response);
    equal(errors.map(({ code, id }) => [code, id]), [['tool_result_unexpected', 'call_1']]);
  }],
];

const overHTTP = [
  ['an answer goes on at another replica', async ({ ask, asked }) => {
    const rounds = [[query('tasks', { id: 't1' }), query('clients')], [query('tasks', { id: 't3' })]];
    const { calls, last } = await ask(rounds);
    equal(calls, rounds.flat());
    ok(['Call Anna', 'Rossi', 'Order paper'].every((text) => last.response.includes(text)), last.response);
    equal(asked, asked[0] === 0 ? [0, 1, 0] : [1, 0, 1]);
  }],
  ['an app that does not stream continues with send', async ({ client, asked, tools }) => {
    const { description, parameters, run } = tools.query_rows;
    const client_tools = [{ name: 'query_rows', description, parameters }];
    const first = await client.chat.send({ message: calling([query('clients')]), client_tools });
    equal([first.kind, first.calls.map(({ name }) => name)], ['tool_calls', ['query_rows']]);
    const tool_results = first.calls.map((call) => ({ id: call.id, content: JSON.stringify(run(call.arguments)) }));
    const last = await client.chat.send({ continuation: first.continuation, tool_results });
    ok(last.kind === 'response' && last.response.includes('Rossi'), last.response);
    equal(asked, asked[0] === 0 ? [0, 1] : [1, 0]);
  }],
];

/** The scenarios for a library of SQLite, over a socket and over HTTP. */
export function toolScenarios(engine) {
  const over = (via) => ([name, run]) => [`${name} (${engine}, ${via})`, async (ctx) => {
    const app = await startApp(ctx, via);
    await run(app);
    app.client.close();
  }];
  return [
    ...[...overBoth, ...overSocket].map(over('socket')),
    ...[...overBoth, ...overHTTP].map(over('sse')),
  ];
}
