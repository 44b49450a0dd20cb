// Defines what the snippets of ../../README.md leave to the app. They follow in one program, and after.ts checks it.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlanAction, Row } from '@adiuva/api-client';
import { eventually } from '../../assert.mjs';
import { mailedCode } from '../../mailbox.mjs';
import { pay } from '../../pay.mjs';

const folder = process.env['TMP']!;
const file = join(folder, 'backup');
const copy = join(folder, 'copy');
const list = join(folder, 'queue.json');
const content = randomBytes(300_000);
writeFileSync(file, content);
const blob = new Blob(['ciphertext']);
const progress: number[] = [];
const upgrades: unknown[] = [];
const changes: PlanAction[] = [];
const db = {
  rows: (table: string, filter: Row): Row[] =>
    (Object.keys(filter).length === 0 ? [] : [{ id: 't1', title: table, status: 'todo' }]),
  apply: (action: PlanAction) => { changes.push(action); },
};
const showProgress = (fraction: number) => { progress.push(fraction); };
const showUsage = (used: unknown, limit: unknown) => assert.fail(`${used} of ${limit} used`);

const ask = (_question: string): Promise<string> =>
  mailedCode(process.env['MAILBOX']!, 'anna@example.com', 2); // the first is of the registration

async function showUpgrade(plans: unknown): Promise<void> {
  upgrades.push(plans);
  await pay(await client.billing.checkout({ tier: 'pro' }));
  await eventually('the plan', async () => (await client.billing.subscription()).status === 'active');
  await client.auth.refresh();
}

const registered = await fetch(`${process.env['API']}/auth/register`, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ email: 'anna@example.com', password: 'correct horse battery' }),
});
assert.equal(registered.status, 201);
