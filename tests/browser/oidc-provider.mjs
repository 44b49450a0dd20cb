// An OpenID Connect issuer for tests: npm's oidc-provider, with its own pages for signing in and consent. Unlike zitadel's
// it puts the address into the ID token, takes the secret in the body, and names itself in its answers (RFC 9207).
import { once } from 'node:events';
import { Provider } from 'oidc-provider';

/**
 * Starts it on a port of 127.0.0.1. Whoever signs in as NAME is NAME@example.com, verified unless NAME begins with
 * "unverified". Returns a function that ends it.
 */
export async function startOidcProvider({ port, redirectUri, clientId, clientSecret }) {
  const provider = new Provider(`http://localhost:${port}`, {
    clients: [{
      client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri],
      token_endpoint_auth_method: 'client_secret_post',
    }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    clientAuthMethods: ['client_secret_post'],
    conformIdTokenClaims: false,
    cookies: { keys: ['of a test'] },
    findAccount: (_, name) => ({
      accountId: name,
      claims: () => ({ sub: name, email: `${name}@example.com`, email_verified: !name.startsWith('unverified') }),
    }),
    pkce: { required: () => true },
  });
  const server = provider.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return () => { server.close(); server.closeAllConnections(); };
}
