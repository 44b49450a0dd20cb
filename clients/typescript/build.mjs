// Builds dist/ from src/ and the generated client: for each entry point one ES module and one CommonJS module with
// everything bundled, and declarations for both. Prints their minified, gzipped sizes and fails if one exceeds its limit.
import { copyFileSync, cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const limits = { index: 14, 'sign-in': 3, account: 2 }; // of the entry points, in kB, gzipped

/** Replaces patterns in a file. Fails if one does not occur. */
function edit(file, replacements) {
  let text = readFileSync(file, 'utf8');
  for (const [pattern, replacement] of replacements) {
    if (text.search(pattern) < 0) throw new Error(`${file} has no ${pattern}`);
    text = text.replace(pattern, replacement);
  }
  writeFileSync(file, text);
}

rmSync('dist', { recursive: true, force: true });
rmSync('src/gen', { recursive: true, force: true });
cpSync('../../gen/ts', 'src/gen', { recursive: true });
// The operations import a default client, which is never used: every call passes its own, that of src/http.ts.
writeFileSync('src/gen/client.gen.ts', `import type { Client } from './client/index.js';
export const client = undefined as unknown as Client;
`);
// Leave out of the generated code what would be a twentieth of the package.
edit('src/gen/sdk.gen.ts', [ // http.ts sets this header, and every request of the session has the token
  [/\(options\??\.client \?\? client\)/g, 'options!.client!'],
  [/\n    security: \[.*?\],$/gms, ''],
  [/,\n    headers: \{\s+'Content-Type': 'application\/json',\s+\.\.\.options\.headers\s+\}/g, ''],
]);
edit('src/gen/types.gen.ts', [[/export const ErrorCode = (\{.*?\}) as const;/s, (_, members) => { // has each code twice
  const codes = [...members.matchAll(/(\w+): '(\w+)'/g)].map(([, name, code]) => {
    if (name !== code.toUpperCase()) throw new Error(`${name} is not ${code} in capitals`);
    return code;
  });
  const pairs = `'${codes.join(' ')}'.split(' ').map((code) => [code.toUpperCase(), code])`;
  return `export const ErrorCode = /* @__PURE__ */ Object.fromEntries(${pairs}) as Readonly<${members}>;`;
}]]);
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], { stdio: 'inherit' });
copyFileSync('node_modules/@noble/hashes/LICENSE', 'dist/LICENSE.noble-hashes'); // bundled for SHA-256
/** Builds the entry points. All but index import index's errors, so that `instanceof` holds whichever threw them. */
async function bundle(extension, options) {
  const external = { path: `./index${extension}`, external: true };
  const shareErrors = {
    name: 'share errors',
    setup: ({ onResolve }) => onResolve({ filter: /^\.\/errors\.js$/ }, () => external),
  };
  const common = {
    outdir: 'dist', outExtension: { '.js': extension }, bundle: true, target: 'es2022', external: ['node:http'],
    logLevel: 'warning', sourcemap: true, ...options,
  };
  const others = Object.keys(limits).filter((name) => name !== 'index').map((name) => `src/${name}.ts`);
  const built = [
    await build({ ...common, entryPoints: ['src/index.ts'] }),
    await build({ ...common, entryPoints: others, plugins: [shareErrors] }),
  ];
  return built.flatMap(({ outputFiles = [] }) => outputFiles);
}
await bundle('.js', { format: 'esm' });
await bundle('.cjs', { format: 'cjs' });
for (const name of readdirSync('dist', { recursive: true })) {
  if (!name.endsWith('.d.ts')) continue;
  const text = readFileSync(join('dist', name), 'utf8');
  const commonJS = text.replace(/(from '\.[^']*|import\('\.[^']*)\.js'/g, "$1.cjs'");
  writeFileSync(join('dist', name.replace(/\.d\.ts$/, '.d.cts')), commonJS);
}
const minified = await bundle('.js', { format: 'esm', sourcemap: false, minify: true, write: false });
for (const { path, contents } of minified) {
  const name = basename(path, '.js');
  const size = gzipSync(contents, { level: 9 }).length;
  const kilobytes = (size / 1024).toFixed(1);
  console.log(`@adiuva/api-client, ${name}: ${kilobytes} kB minified and gzipped (limit ${limits[name]} kB)`);
  if (size > limits[name] * 1024) process.exitCode = 1;
}
