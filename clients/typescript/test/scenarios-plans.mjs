// Scenarios of plans; see scenarios.mjs.
import { equal, ok } from './assert.mjs';

/** Rows of an app, a few in every table. */
function database() {
  const day = 86_400_000;
  const halfHour = 1_800_000;
  const now = Date.now();
  const task = (id, title, status, priority, assignee, dueDate, createdAt) =>
    ({ id, projectId: 'p1', title, status, priority, assignee, dueDate, createdAt });
  const event = (id, title, start, end, attendees) => ({ id, title, start, end, timezone: 'UTC', attendees });
  const tomorrow = now + day;
  return {
    tasks: [
      task('t1', 'Send the offer', 'todo', 'high', 'Ben', now - 3 * day, now - 9 * day),
      task('t2', 'Call Anna', 'in_progress', 'low', null, tomorrow, now - 2 * day),
      task('t3', 'Paint', 'done', 'low', 'Ben', now - day, now - 5 * day),
    ],
    emails: [{
      id: 'm1', from: 'anna@example.com', to: 'me@example.com', subject: 'Offer', date: now - day,
      snippet: 'Please send the offer by Friday',
    }],
    events: [ // which overlap
      event('e1', 'Stand-up', tomorrow, tomorrow + halfHour, ['anna@example.com']),
      event('e2', 'Review', tomorrow + halfHour / 2, tomorrow + 2 * halfHour, []),
    ],
    projects: [{ id: 'p1', clientId: 'c1', name: 'Relaunch', status: 'active' }],
    clients: [{ id: 'c1', name: 'Example' }],
    checkpoints: [{ id: 'k1', projectId: 'p1', title: 'Beta', date: now + 7 * day, isApproved: 1 }],
    notes: [],
    taskComments: [],
  };
}

export const planScenarios = [
  ['every playbook runs', async ({ member }) => {
    const tables = database();
    const matches = (row, filter) => Object.entries(filter).every(([column, value]) => row[column] === value);
    const playbooks = await member.client.plans.playbooks();
    ok(playbooks.length >= 8, `${playbooks.length} playbooks`);
    let applied = 0;
    for (const plan of playbooks) {
      const actions = await member.client.plans.run(plan, {
        select: (table, filter) => (tables[table] ?? []).filter((row) => matches(row, filter)),
        act: () => { applied++; },
        timezone: 'Europe/Berlin',
      });
      ok(actions.every(({ data }) => !JSON.stringify(data).includes('{{')), plan.id);
    }
    ok(applied >= playbooks.length, `${applied} actions`);
  }],

  ['actions that do not fit are skipped', async ({ member }) => {
    const update = (data, table = 'tasks') => ({ action: 'update_record', table, data, data_from_step: 0 });
    const create = (table, data) => ({ action: 'create_record', table, data });
    const steps = [
      [update({ id: '{{id}}', title: '{{title}}', dueDate: '{{dueDate}}', priority: '{{priority}}' }),
        '{"id":"t1","title":"Call","dueDate":null}'],
      [update({ id: '{{id}}', title: '{{absent}}' }), 'nothing to change'],
      [update({ id: '{{title}}', status: 'done' }), 'no row Call was read'],
      [update({ id: '{{id}}', title: 'A' }, 'notes'), 'no row t1 was read'],
      [update({ id: '{{absent}}', title: 'A' }), 'no id'],
      [update({ id: 't9', title: 'A' }), '{"id":"t9","title":"A"}'], // the server chose this row
      [update({ id: '{{id}}', status: 'gone' }), 'status has a wrong value'],
      [update({ id: '{{id}}', dueDate: 'tomorrow' }), 'dueDate has a wrong value'],
      [update({ id: '{{id}}', title: '' }), 'no title'],
      [create('tasks', { title: 'A', later: 1 }), '{"title":"A","later":1}'], // a column of a later version
      [create('tasks', { status: 'todo' }), 'no title'],
      [create('users', { title: 'A' }), 'unknown table users'],
      [create('constructor', { title: 'A' }), 'unknown table constructor'],
      [create('events', { title: 'A', start: 2, end: 2 }), 'ends before it starts'],
      [create('emails', { to: ['a', 1] }), 'to has a wrong value'],
      [create('checkpoints', { title: 'A', isApproved: 'yes' }), 'isApproved has a wrong value'],
      [{ action: 'drop_table', table: 'tasks', data: {} }, 'unknown type drop_table'],
      [{ action: 'send_notification', data: { title: 'A', at: 1.5 } }, 'at has a wrong value'],
      [{ action: 'send_notification', table: 'tasks', data: { title: 'A' } }, 'unknown table tasks'],
      [{ action: 'send_notification', data: { title: 'A' } }, '{"title":"A"}'],
      [{ action: 'delete_record', table: 'tasks', data: { id: '{{id}}' }, data_from_step: 0 }, '{"id":"t1"}'],
      [{ action: 'index_document', table: 'tasks', data: {} }, 'no id'],
    ];
    const outcomes = [];
    const plan = { kind: 'plan', agent: 'task_agent', steps: [
      { action: 'select', table: 'tasks' }, ...steps.map(([step]) => step),
    ] };
    const applied = await member.client.plans.run(plan, {
      select: () => [{ id: 't1', title: 'Call', dueDate: null }],
      act: ({ data }) => { outcomes.push(JSON.stringify(data)); },
      skipped: (_, reason) => { outcomes.push(reason); },
    });
    steps.forEach(([step, outcome], i) => equal([step, outcomes[i]], [step, outcome]));
    equal(applied.length, outcomes.filter((outcome) => outcome.startsWith('{')).length);
  }],
];
