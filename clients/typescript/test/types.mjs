// Compiles a strict consumer with every supported TypeScript, and the package and the Electron sample with the newest
// (build.mjs compiles the package with the oldest). Then bundles the sample. Prints one line for each.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { build } from 'esbuild';

const consumer = { 'a strict consumer': 'test/consumer' };
const compilers = {
  typescript: consumer,
  typescript6: consumer,
  typescript7: { ...consumer, 'the package': '.', 'the Electron sample': 'examples/electron' },
};

for (const [name, projects] of Object.entries(compilers)) {
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'));
  for (const [project, folder] of Object.entries(projects)) {
    const args = [`node_modules/${name}/bin/tsc`, '-p', folder, '--noEmit', '--emitDeclarationOnly', 'false'];
    const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
    console.log(`TypeScript ${version}: ${project} ${status === 0 ? 'compiles' : 'does not compile'}`);
    if (status !== 0) process.exitCode = 1;
  }
}

await build({
  entryPoints: ['main', 'preload', 'renderer'].map((name) => `examples/electron/${name}.ts`),
  outdir: 'examples/electron/dist', write: false, bundle: true, platform: 'node', format: 'esm',
  external: ['electron'], alias: { '@adiuva/api-client': './dist/index.js' }, logLevel: 'warning',
});
console.log('The Electron sample is bundled');
