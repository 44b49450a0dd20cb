// Plans. See scenarios.mjs.
import { ok } from './assert.mjs';

function database() {
  const day = 86_400_000;
  const now = Date.now();
  return {
    tasks: [
      { id: 't1', projectId: 'p1', title: 'Send the offer', status: 'todo', priority: 'high', assignee: 'Ben', dueDate: now - 3 * day, createdAt: now - 9 * day },
      { id: 't2', projectId: 'p1', title: 'Call Anna', status: 'in_progress', priority: 'low', assignee: null, dueDate: now + day, createdAt: now - 2 * day },
      { id: 't3', projectId: 'p1', title: 'Paint', status: 'done', priority: 'low', assignee: 'Ben', dueDate: now - day, createdAt: now - 5 * day },
    ],
    emails: [{ id: 'm1', from: 'anna@example.com', to: 'me@example.com', subject: 'Offer', date: now - day, snippet: 'Please send the offer by Friday' }],
    events: [
      { id: 'e1', title: 'Stand-up', start: now + day, end: now + day + 1_800_000, timezone: 'UTC', attendees: ['anna@example.com'] },
      { id: 'e2', title: 'Review', start: now + day + 900_000, end: now + day + 3_600_000, timezone: 'UTC', attendees: [] },
    ],
    projects: [{ id: 'p1', clientId: 'c1', name: 'Relaunch', status: 'active' }], clients: [{ id: 'c1', name: 'Example' }],
    checkpoints: [{ id: 'k1', projectId: 'p1', title: 'Beta', date: now + 7 * day, isApproved: 1 }], notes: [], taskComments: [],
  };
}

export const plans = [
  ['every playbook is carried out', async ({ member }) => {
    const rows = database();
    const playbooks = await member.client.plans.playbooks();
    ok(playbooks.length >= 8, `${playbooks.length} playbooks`);
    let carriedOut = 0;
    for (const plan of playbooks) {
      const actions = await member.client.plans.run(plan, {
        select: (table, filter) => (rows[table] ?? []).filter((row) => Object.entries(filter).every(([column, value]) => row[column] === value)),
        act: () => { carriedOut++; }, timezone: 'Europe/Berlin',
      });
      ok(actions.every(({ data }) => !JSON.stringify(data).includes('{{')), plan.id);
    }
    ok(carriedOut >= playbooks.length - 1, `${carriedOut} actions`); // rules leave calendar conflicts alone
  }],
];
