import * as sdk from './gen/sdk.gen.js';
import type { DeletionRequest, PasswordChange, TeamSso, TeamSsoRequest } from './gen/types.gen.js';
import type { AdiuvaClient } from './index.js';
import type { CallOptions } from './transport.js';

export type { DeletionRequest, PasswordChange, TeamSso, TeamSsoDomain, TeamSsoRequest } from './gen/types.gen.js';

/** Sets a new password. Every other session of the account ends. */
export async function changePassword(client: AdiuvaClient, body: PasswordChange, call?: CallOptions): Promise<void> {
  await client.call(call, (init) => sdk.changePassword({ ...init, body }));
}

/** Deletes the account with all it has, for good, and signs out. */
export async function deleteAccount(client: AdiuvaClient, body: DeletionRequest, call?: CallOptions): Promise<void> {
  await client.call(call, (init) => sdk.requestAccountDeletion({ ...init, body }));
  await client.auth.logout(call);
}

/** The provider that the team signs in with, and its domains with what proves them. For owner and admins. */
export const teamSso = (client: AdiuvaClient, call?: CallOptions): Promise<TeamSso> =>
  client.call(call, (init) => sdk.getTeamSso(init));

/** Sets the team's provider and domains, and looks the domains' records up. For the owner. */
export const setTeamSso = (client: AdiuvaClient, body: TeamSsoRequest, call?: CallOptions): Promise<TeamSso> =>
  client.call(call, (init) => sdk.setTeamSso({ ...init, body }));

/** Removes the team's provider. Its members keep their accounts. For the owner. */
export async function removeTeamSso(client: AdiuvaClient, call?: CallOptions): Promise<void> {
  await client.call(call, (init) => sdk.deleteTeamSso(init));
}
