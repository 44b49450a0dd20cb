// Second factors and passkeys with the published package, against a real service. BASE is the API's base URL.
import assert from 'node:assert/strict';
import { createHash, createHmac, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { AdiuvaClient, isApiError, memoryTokenStore } from '@adiuva/api-client';

const baseUrl = process.env.BASE;
const password = 'correct horse battery';

async function newAccount() {
  const client = new AdiuvaClient({ baseUrl });
  const email = `${randomUUID()}@example.com`;
  await client.auth.register({ email, password });
  return { client, email };
}

/** The code that an authenticator app shows now (RFC 6238). */
function codeOf(secret) {
  const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac('sha1', key).update(step).digest();
  const offset = mac.at(-1) & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

const refusedWith = (code) => (error) => isApiError(error, code);

test('signing in to a guarded account takes a ticket and a code', async () => {
  const { client, email } = await newAccount();
  const { secret, recovery_codes: recovery } = await client.secondFactor.create(password);
  assert.equal((await client.secondFactor.state()).active, false);
  await client.secondFactor.confirm(codeOf(secret));
  assert.equal((await client.secondFactor.state()).recovery_codes_left, 10);

  const states = [];
  const device = new AdiuvaClient({ baseUrl });
  device.auth.onAuthStateChange((state) => states.push(state));
  const error = await device.auth.login({ email, password }).catch((e) => e);
  assert.ok(isApiError(error, 'second_factor_required'), String(error));
  const { ticket } = error.problem;
  await assert.rejects(device.auth.loginWithSecondFactor({ ticket, code: '000000' }), refusedWith('code_invalid'));
  assert.deepEqual(states, []);
  await device.auth.loginWithSecondFactor({ ticket, code: recovery[0] });
  assert.deepEqual(states, ['signed-in']);
  assert.equal((await device.auth.me()).email, email);
  await assert.rejects(device.secondFactor.remove({ password, code: recovery[0] }), refusedWith('code_invalid'));
  await device.secondFactor.remove({ password, code: recovery[1] });
  await new AdiuvaClient({ baseUrl }).auth.login({ email, password });
});

test('recovery does not use the tokens in the store', async () => {
  const { client } = await newAccount();
  const stale = memoryTokenStore({ access_token: 'a', refresh_token: 'b', expires_at: 0 });
  const device = new AdiuvaClient({ baseUrl, tokenStore: stale });
  const { handle } = await device.auth.requestPasswordReset({ email: 'nobody@example.com' });
  const confirmation = { handle, code: '00000000', new_password: 'staple battery horse' };
  await assert.rejects(device.auth.confirmPasswordReset(confirmation), refusedWith('code_invalid'));
  assert.equal((await stale.get()).refresh_token, 'b');
  await client.auth.changeEmail({ email: `${randomUUID()}@example.com`, password });
});

test('passkeys are added and used in the browser', async () => {
  const { client } = await newAccount();
  const { url } = await client.passkeys.add({ password, name: 'Laptop' });
  assert.match(url, /^http:\/\/localhost:\d+\/passkeys#[A-Z2-7]{26}$/);
  assert.deepEqual(await client.passkeys.list(), []);
  await assert.rejects(client.passkeys.remove(randomUUID()), refusedWith('not_found'));

  let sent;
  const app = new AdiuvaClient({
    baseUrl,
    fetch: async (input, init) => {
      const request = new Request(input, init);
      sent = await request.clone().json();
      return fetch(request);
    },
  });
  const login = await app.passkeys.startLogin('adiuva://auth');
  assert.match(login.url, /\/passkeys#[A-Z2-7]{26}$/);
  assert.equal(sent.code_challenge, createHash('sha256').update(login.code_verifier).digest('base64url'));
  await assert.rejects(app.passkeys.finishLogin(login, 'adiuva://auth?code=x&state=another'), /another sign-in/);
  const redirectedTo = `adiuva://auth?code=x&state=${login.state}`;
  await assert.rejects(app.passkeys.finishLogin(login, redirectedTo), refusedWith('code_invalid'));
  assert.deepEqual(sent, { code: 'x', code_verifier: login.code_verifier });
});
