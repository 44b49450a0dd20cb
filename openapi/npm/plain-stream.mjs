// Rewrites ../asyncapi.bundled.json so that its payloads are plain JSON Schema (draft 7), AsyncAPI's own format, in place
// of OpenAPI 3.0's dialect of it: every AsyncAPI reader knows that one, and null is allowed where `nullable` said so.
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../asyncapi.bundled.json', import.meta.url);
const stream = JSON.parse(readFileSync(file, 'utf8'));

const mapValues = (object, change) =>
  object && Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));

function plain(schema) {
  if (typeof schema !== 'object' || schema.$ref) return schema;
  const { nullable, example, type, 'x-go-type': _, ...rest } = schema;
  for (const key of ['oneOf', 'anyOf', 'allOf']) if (rest[key]) rest[key] = rest[key].map(plain);
  for (const key of ['items', 'additionalProperties']) if (rest[key]) rest[key] = plain(rest[key]);
  if (rest.properties) rest.properties = mapValues(rest.properties, plain);
  if (type) rest.type = nullable ? [type, 'null'] : type;
  if (example !== undefined) rest.examples = [example];
  return rest;
}

stream.components.schemas = mapValues(stream.components.schemas, plain);
for (const message of Object.values(stream.components.messages)) {
  if (message.payload.schemaFormat) message.payload = message.payload.schema;
}
writeFileSync(file, `${JSON.stringify(stream, null, 2)}\n`);
