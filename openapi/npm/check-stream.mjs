// Validates ../asyncapi.bundled.json against AsyncAPI's JSON schema, and every example in it against its own schema, which
// the linter does not do. Prints all faults and exits with 1 if there is one.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import Ajv from 'ajv';

const require = createRequire(import.meta.url);
const stream = JSON.parse(readFileSync(new URL('../asyncapi.bundled.json', import.meta.url), 'utf8'));
const asyncapiSchema = require(`@asyncapi/specs/schemas/${stream.asyncapi}-without-$id.json`);
const faults = [];

function validate(where, ajv, schema, value) {
  if (!ajv.validate(schema, value)) faults.push(...ajv.errors.map((e) => `${where}${e.instancePath} ${e.message}`));
}

// The schema contains its meta schema, which ajv must not add again.
validate('#', new Ajv({ meta: false, validateSchema: false, strict: false, validateFormats: false, allErrors: true }), asyncapiSchema, stream);

const ajv = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true, validateFormats: false, allErrors: true });
ajv.addVocabulary(['components', 'discriminator']);
ajv.addSchema({ $id: 'stream', components: { schemas: stream.components.schemas } });
for (const [name, schema] of Object.entries(stream.components.schemas)) {
  const at = `#/components/schemas/${name}`;
  for (const example of schema.examples ?? []) validate(`${at} example`, ajv, { $ref: `stream${at}` }, example);
  for (const [member, { examples = [] }] of Object.entries(schema.properties ?? {})) {
    for (const example of examples) validate(`${at}/${member} example`, ajv, { $ref: `stream${at}/properties/${member}` }, example);
  }
}
if (faults.length > 0) {
  console.error(faults.map((fault) => `asyncapi.bundled.json${fault}`).join('\n'));
  process.exit(1);
}
console.log(`asyncapi.bundled.json: valid AsyncAPI ${stream.asyncapi}`);
