// Rewrites the payload schemas of ../asyncapi.bundled.json from OpenAPI 3.0's dialect to JSON Schema (draft 7), which is
// AsyncAPI's default and which every AsyncAPI tool can read. `nullable` becomes the type null.
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../asyncapi.bundled.json', import.meta.url);
const stream = JSON.parse(readFileSync(file, 'utf8'));

const mapValues = (object, change) =>
  object && Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));

function toJsonSchema(schema) {
  if (typeof schema !== 'object' || schema.$ref) return schema;
  const { nullable, example, type, discriminator, ...rest } = schema;
  for (const key of Object.keys(rest)) if (key.startsWith('x-go-')) delete rest[key];
  if (discriminator) rest.discriminator = discriminator.propertyName; // AsyncAPI has no mapping
  for (const key of ['oneOf', 'anyOf', 'allOf']) if (rest[key]) rest[key] = rest[key].map(toJsonSchema);
  for (const key of ['items', 'additionalProperties']) if (rest[key]) rest[key] = toJsonSchema(rest[key]);
  if (rest.properties) rest.properties = mapValues(rest.properties, toJsonSchema);
  if (type) rest.type = nullable ? [type, 'null'] : type;
  if (example !== undefined) rest.examples = [example];
  return rest;
}

stream.components.schemas = mapValues(stream.components.schemas, toJsonSchema);
for (const message of Object.values(stream.components.messages)) {
  if (message.payload.schemaFormat) message.payload = message.payload.schema;
}
writeFileSync(file, `${JSON.stringify(stream, null, 2)}\n`);
