import { AdiuvaError } from './errors.js';
import * as sdk from './gen/sdk.gen.js';
import type { AuthTokens, ErrorCode, SsoLinkRequest, SsoProvider } from './gen/types.gen.js';
import type { AdiuvaClient } from './index.js';
import { listenOnLoopback } from './loopback.js';
import type { CallOptions } from './transport.js';

export type { SsoLinkRequest, SsoProvider } from './gen/types.gen.js';

/** Whom to sign in with: a provider of `providers()`, or that of the team which has proved the address's domain. */
export type SignInWith = { provider: string; email?: never } | { email: string; provider?: never };

/** A sign-in that waits for the browser. `state` and `code_verifier` are the app's own secrets; do not store them. */
export interface SignIn {
  /** The page to open in the browser. */
  url: string;
  state: string;
  code_verifier: string;
}

/** The browser came back without a code. The page that it shows has the code too. */
export class SignInError extends AdiuvaError {
  override name = 'SignInError';
  constructor(readonly code: ErrorCode) { super(`the sign-in failed: ${code}`); }
}

/** The providers that everybody can sign in with, for the buttons of a sign-in page. */
export const providers = (client: AdiuvaClient, call?: CallOptions): Promise<SsoProvider[]> =>
  client.call(call, (init) => sdk.listSsoProviders(init));

/** Starts a sign-in whose code only this app can exchange (PKCE). The browser comes back to `redirectUri`. */
export async function startSignIn(client: AdiuvaClient, who: SignInWith, redirectUri: string): Promise<SignIn> {
  const [state, verifier] = [secret(), secret()];
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  const query = new URLSearchParams({
    ...(who.provider === undefined ? { email: who.email } : { provider: who.provider }),
    redirect_uri: redirectUri, code_challenge: base64url(new Uint8Array(hash)), code_challenge_method: 'S256', state,
  });
  return { url: `${client.baseUrl}/auth/sso/start?${query}`, state, code_verifier: verifier };
}

/**
 * Signs in with the URL that the browser opened. A URL of another sign-in is refused, with nothing sent. Throws a
 * SignInError where the browser came back without a code, and an ApiError with the code `link_required` where there is
 * an account of the same address: see `linkAccount`.
 */
export async function finishSignIn(
  client: AdiuvaClient, signIn: SignIn, redirectedTo: string, call?: CallOptions,
): Promise<AuthTokens> {
  const query = new URL(redirectedTo).searchParams;
  if (query.get('state') !== signIn.state) throw new AdiuvaError('this is the answer to another sign-in');
  const [code, error] = [query.get('code'), query.get('error')];
  if (!code) throw new SignInError((error && /^[a-z_]{1,40}$/.test(error) ? error : 'sso_failed') as ErrorCode);
  const body = { code, code_verifier: signIn.code_verifier };
  return client.signIn(call, (init) => sdk.exchangeSsoCode({ ...init, body }));
}

/**
 * Signs in with a browser that comes back to this process: it listens on 127.0.0.1 until then, and shows a page that
 * may be closed. For Node and Electron's main process. Throws what `finishSignIn` throws, a TimeoutError after ten
 * minutes unless `timeoutMs` says otherwise, or the reason of your own signal.
 */
export async function signInWith(
  client: AdiuvaClient, options: SignInWith & CallOptions & {
    /** Opens a URL in the person's browser: `shell.openExternal` in Electron. */
    open: (url: string) => unknown;
  },
): Promise<AuthTokens> {
  const { open, signal, timeoutMs = 600_000, ...who } = options;
  const listener = await listenOnLoopback();
  try {
    const signIn = await startSignIn(client, who, listener.redirectUri);
    const call = signal ? { signal } : {};
    const arrived = listener.wait(signIn.state, { ...call, timeoutMs }, (url) => finishSignIn(client, signIn, url, call));
    const opened = Promise.resolve(open(signIn.url)).then(() => arrived);
    return await Promise.race([arrived, opened]); // the browser may be back before open() is
  } finally {
    listener.close();
  }
}

/** Mails a code to the account of a `link_required`, with the `ticket` of the error's `problem`. */
export async function requestLinkCode(client: AdiuvaClient, ticket: string, call?: CallOptions): Promise<void> {
  await client.call(call, (init) => sdk.requestSsoLinkCode({ ...init, body: { ticket } }));
}

/**
 * Proves that the account of a `link_required` is the person's own, links it for good and signs in: with the ticket and
 * the account's `password` or the mailed `code`. Throws `second_factor_required` where `second_factor` is needed too.
 */
export const linkAccount = (client: AdiuvaClient, body: SsoLinkRequest, call?: CallOptions): Promise<AuthTokens> =>
  client.signIn(call, (init) => sdk.linkSso({ ...init, body }));

const secret = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

const base64url = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes))
  .replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
