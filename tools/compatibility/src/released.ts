/**
 * The contracts of the released version, as its readers know them: the descriptor image that `buf breaking` compares with,
 * through a decoder that knows nothing of today's generated code.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  createFileRegistry,
  type DescMessage,
  type FileRegistry,
  fromBinary,
  fromJson,
  type JsonValue,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import { type FileDescriptorSet, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

const IMAGE = join(resolve(__dirname, '..', '..', '..'), 'libs', 'contract', 'released.binpb');

/**
 * @param image a file as `buf build` writes it; default: that of the released version
 * @param change made to the descriptors before they are used, to see what a breach would look like
 */
export function readContracts(
  image = IMAGE,
  change: (files: FileDescriptorSet) => void = () => undefined,
): FileRegistry {
  const files = fromBinary(FileDescriptorSetSchema, readFileSync(image));
  change(files);
  return createFileRegistry(files);
}

/** One message type as some version of the contracts has it. */
export class Reader {
  constructor(private readonly message: DescMessage) {}

  /** What it understands of the bytes, as proto3 JSON; fields that it does not know are left out. */
  read(bytes: Uint8Array): JsonValue {
    return toJson(this.message, fromBinary(this.message, bytes, { readUnknownFields: false }));
  }

  /** What it understands of a message in JSON. */
  understood(json: JsonValue): JsonValue {
    return toJson(this.message, fromJson(this.message, json, { ignoreUnknownFields: true }));
  }

  write(json: JsonValue): Uint8Array {
    return toBinary(this.message, fromJson(this.message, json, { ignoreUnknownFields: true }));
  }
}

/** Undefined for a type that this version does not have. */
export function readerOf(contracts: FileRegistry, typeName: string): Reader | undefined {
  const message = contracts.getMessage(typeName);
  return message && new Reader(message);
}
