// Scenarios of plans; see scenarios.mjs.
import { ok } from './assert.mjs';

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
    ok(applied >= playbooks.length - 1, `${applied} actions`); // the offline model resolves no calendar conflicts
  }],
];
