// Messages in Protocol Buffers, by the schema of a .proto file. Fields that the schema does not name are skipped.
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

/**
 * Makes what reads one type of message. A field that is not in the bytes is not in the object either.
 * @param schemaFile a .proto file
 * @param typeName the message's name in it
 * @returns takes a message's bytes; throws Error when they are none of that type
 */
export function protobufReader<T>(schemaFile: string, typeName: string): (bytes: Uint8Array) => T {
  const type = protobuf.parse(readFileSync(schemaFile, 'utf8')).root.lookupType(typeName);
  return (bytes) => type.toObject(type.decode(bytes), { longs: Number }) as T;
}
