// The page. It has no tokens and no network access, and asks the main process for everything.
import type { ChatEvent } from '@adiuva/api-client';
import type { Result } from './bridge.js';

const byId = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const status = byId('status');
const answer = byId('answer');
let stop: () => void = () => undefined;

/** Calls onValue, or shows the error. */
function handle<T>(result: Result<T>, onValue: (value: T) => void): void {
  if ('value' in result) return onValue(result.value);
  status.textContent = result.code === 'tier_required' ? 'This needs a paid plan.' : result.message;
}

function onSubmit(id: string, work: (fields: FormData) => void): void {
  byId(id).addEventListener('submit', (event) => {
    event.preventDefault();
    work(new FormData(event.target as HTMLFormElement));
  });
}

onSubmit('login', async (fields) => {
  const result = await window.adiuva.login(String(fields.get('email')), String(fields.get('password')));
  handle(result, ({ tier }) => { status.textContent = `Signed in, ${tier}`; });
});

onSubmit('ask', (fields) => {
  stop();
  answer.textContent = '';
  const onEvent = (event: ChatEvent) => {
    if (event.type === 'text') answer.append(event.delta);
    if (event.type === 'tool') status.textContent = `${event.label} …`;
    if (event.type === 'tool_call') status.textContent = `Using ${event.name} …`;
  };
  stop = window.adiuva.ask(String(fields.get('message')), onEvent, (end) => handle(end, (last) => {
    if (last.kind === 'response') answer.textContent = last.response; // may replace the text
    status.textContent = last.cancelled ? 'Stopped' : '';
  }));
});

byId('stop').addEventListener('click', () => stop());
byId('plan').addEventListener('click', async () => {
  handle(await window.adiuva.plan('plan my week'), (changes) => { status.textContent = `${changes} changes`; });
});
byId('backup').addEventListener('click', async () => {
  const bar = byId<HTMLProgressElement>('progress');
  const result = await window.adiuva.backup((sent, total) => { bar.value = sent / total; });
  handle(result, ({ id }) => { status.textContent = `Stored as ${id}`; });
});
window.adiuva.onSignedOut(() => { status.textContent = 'Signed out'; });
