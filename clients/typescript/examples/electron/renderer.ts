// The page. It has no token, and no network: what it needs it asks of the main process.
import type { Result } from './bridge.js';

const find = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const status = find('status');
const answer = find('answer');
let stop: () => void = () => undefined;

/** Shows what is wrong, or hands on the value. */
function shown<T>(result: Result<T>, use: (value: T) => void): void {
  if ('value' in result) return use(result.value);
  status.textContent = result.code === 'tier_required' ? 'This needs a paid plan.' : result.message;
}

function onSubmit(id: string, work: (fields: FormData) => void): void {
  find(id).addEventListener('submit', (event) => {
    event.preventDefault();
    work(new FormData(event.target as HTMLFormElement));
  });
}

onSubmit('login', async (fields) => {
  shown(await window.adiuva.login(String(fields.get('email')), String(fields.get('password'))), ({ tier }) => { status.textContent = `Signed in, ${tier}`; });
});

onSubmit('ask', (fields) => {
  stop();
  answer.textContent = '';
  stop = window.adiuva.ask(String(fields.get('message')), (token) => { answer.append(token); }, (end) => shown(end, (last) => {
    if (last.kind === 'response') answer.textContent = last.response; // which is what counts
  }));
});

find('stop').addEventListener('click', () => stop());
find('plan').addEventListener('click', async () => shown(await window.adiuva.plan('plan my week'), (changes) => { status.textContent = `${changes} changes`; }));
find('backup').addEventListener('click', async () => {
  const bar = find<HTMLProgressElement>('progress');
  shown(await window.adiuva.backup((sent, total) => { bar.value = sent / total; }), ({ id }) => { status.textContent = `Stored as ${id}`; });
});
window.adiuva.onSignedOut(() => { status.textContent = 'Signed out'; });
