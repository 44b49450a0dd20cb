// The session on disk, encrypted with a key from the system's keychain.
import { app, safeStorage } from 'electron';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryTokenStore, type StoredTokens, type TokenStore } from '@adiuva/api-client';

/** A store in the user's data folder, or in memory if the system has no keychain. Call it after the app is ready. */
export function tokenStore(): TokenStore {
  const plaintext = process.platform === 'linux' && safeStorage.getSelectedStorageBackend() === 'basic_text';
  if (plaintext || !safeStorage.isEncryptionAvailable()) return memoryTokenStore();
  const file = join(app.getPath('userData'), 'session');
  return {
    async get() {
      const bytes = await readFile(file).catch(() => undefined);
      return bytes ? JSON.parse(safeStorage.decryptString(bytes)) as StoredTokens : null;
    },
    async set(tokens) {
      if (!tokens) return rm(file, { force: true });
      await writeFile(`${file}.new`, safeStorage.encryptString(JSON.stringify(tokens)), { mode: 0o600 });
      await rename(`${file}.new`, file); // atomic, since neither a refresh token nor the key of a refresh may be lost
    },
  };
}
