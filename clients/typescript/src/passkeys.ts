import { sha256 } from '@noble/hashes/sha2.js';
import { AdiuvaError } from './errors.js';
import type { PasskeyCeremony, PasskeyLoginRequest, PasskeyTokenRequest } from './gen/types.gen.js';

/** A sign-in that waits for the browser. `state` and `code_verifier` are the app's own secrets; do not store them. */
export interface PasskeyLogin {
  /** The page to open in the browser. */
  url: string;
  state: string;
  code_verifier: string;
}

/** Starts a sign-in whose code only this app can exchange (PKCE). */
export async function startLogin(
  redirectUri: string, start: (body: PasskeyLoginRequest) => Promise<PasskeyCeremony>,
): Promise<PasskeyLogin> {
  const [state, verifier] = [secret(), secret()];
  const challenge = base64url(sha256(new TextEncoder().encode(verifier)));
  const { url } = await start({ redirect_uri: redirectUri, code_challenge: challenge, state });
  return { url, state, code_verifier: verifier };
}

/** What exchanges the code of the URL. A URL of another sign-in is refused. */
export function finishLogin(login: PasskeyLogin, redirectedTo: string): PasskeyTokenRequest {
  const query = new URL(redirectedTo).searchParams;
  if (query.get('state') !== login.state) throw new AdiuvaError('this is the answer to another sign-in');
  return { code: query.get('code') ?? '', code_verifier: login.code_verifier };
}

const secret = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

const base64url = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes))
  .replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
