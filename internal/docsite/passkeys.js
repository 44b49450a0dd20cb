// Adds a passkey, or signs in with one, for the ticket in the fragment of the page's address. Browsers send fragments to
// no server, and this one is taken out of the address at once.
'use strict';
const ticket = location.hash.slice(1);
history.replaceState(null, '', location.pathname);
addEventListener('hashchange', () => location.reload()); // the app opened the page with another ticket

const title = document.getElementById('title');
const text = document.getElementById('text');
const go = document.getElementById('go');
const back = document.getElementById('back');
const ways = {
  registration: {
    title: 'Add a passkey', button: 'Add the passkey', create: true,
    text: 'Your browser asks where to keep it: on this device, in a password manager, on a phone or on a key.',
  },
  login: {
    title: 'Sign in with a passkey', button: 'Sign in',
    text: 'Your browser asks for the passkey, and then you are back in Adiuva.',
  },
};

function show(heading, message, button) {
  title.textContent = heading;
  text.textContent = message;
  go.textContent = button || '';
  go.hidden = !button;
}

/** Calls an operation of passkeys. What goes wrong is thrown with the code of the problem. */
async function call(path, body) {
  const response = await fetch('/api/v1/auth/passkeys/' + path, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ ticket, ...body }),
  });
  const json = await response.json();
  if (!response.ok) throw Object.assign(new Error(json.detail), { code: json.code });
  return json;
}

async function run({ kind, options }) {
  const way = ways[kind];
  go.disabled = true;
  try {
    const credential = way.create
      ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
      : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
    const answer = await call(kind + '/finish', { credential: credential.toJSON() });
    if (way.create) {
      show('The passkey is added', 'You can sign in with it from now on. You can close this page.');
      back.hidden = false;
      return;
    }
    show('You are signed in', 'Adiuva opens. You can close this page then.');
    back.href = answer.redirect_to;
    back.hidden = false;
    location.href = answer.redirect_to;
  } catch (error) {
    failed(way, error);
  } finally {
    go.disabled = false;
  }
}

function failed(way, error) {
  switch (error.code) {
    case 'code_invalid': return over();
    case 'passkey_refused':
    case 'rate_limited': return show(way.title, error.message, 'Try again');
  }
  switch (error.name) {
    case 'InvalidStateError':
      return show(way.title, 'There is a passkey of this account already. Choose another place for this one.', 'Try again');
    case 'NotAllowedError':
      return show(way.title, 'Nothing happened: the request was canceled, or there is no passkey here.', 'Try again');
    default:
      return show(way.title, 'That did not work. Check the connection and try again.', 'Try again');
  }
}

function over() {
  show('This page is no longer valid', 'It works once, for five minutes. Start again in Adiuva.');
  back.hidden = false;
}

async function start() {
  if (!ticket) return over();
  if (!window.PublicKeyCredential || !PublicKeyCredential.parseRequestOptionsFromJSON) {
    return show('This browser has no passkeys', 'Open the page in a newer browser, or sign in with the password.');
  }
  try {
    const asked = await call('options', {});
    const way = ways[asked.kind];
    show(way.title, way.text, way.button);
    go.addEventListener('click', () => run(asked));
  } catch (error) {
    if (error.code === 'code_invalid') return over();
    show('That did not work', error.code ? error.message : 'Check the connection, then start again in Adiuva.');
  }
}

start();
