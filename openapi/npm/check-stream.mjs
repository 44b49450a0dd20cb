// Holds ../asyncapi.bundled.json against AsyncAPI's own JSON schema, and every example in it against the schema it
// illustrates; the linter checks references and prose, but not that. Prints what is wrong and exits with 1.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import Ajv from 'ajv';

const require = createRequire(import.meta.url);
const stream = JSON.parse(readFileSync(new URL('../asyncapi.bundled.json', import.meta.url), 'utf8'));
const shape = require(`@asyncapi/specs/schemas/${stream.asyncapi}-without-$id.json`);
const faults = [];

function check(where, ajv, schema, value) {
  if (!ajv.validate(schema, value)) faults.push(...ajv.errors.map((e) => `${where}${e.instancePath} ${e.message}`));
}

// The schema carries the meta schema it is written in, which ajv must not add a second time.
check('#', new Ajv({ meta: false, validateSchema: false, strict: false, validateFormats: false, allErrors: true }), shape, stream);

const ajv = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true, validateFormats: false, allErrors: true });
ajv.addVocabulary(['components', 'discriminator']);
ajv.addSchema({ $id: 'stream', components: { schemas: stream.components.schemas } });
for (const [name, schema] of Object.entries(stream.components.schemas)) {
  const at = `#/components/schemas/${name}`;
  for (const example of schema.examples ?? []) check(`${at} example`, ajv, { $ref: `stream${at}` }, example);
  for (const [member, { examples = [] }] of Object.entries(schema.properties ?? {})) {
    for (const example of examples) check(`${at}/${member} example`, ajv, { $ref: `stream${at}/properties/${member}` }, example);
  }
}
if (faults.length > 0) {
  console.error(faults.map((fault) => `asyncapi.bundled.json${fault}`).join('\n'));
  process.exit(1);
}
console.log(`asyncapi.bundled.json: valid AsyncAPI ${stream.asyncapi}`);
