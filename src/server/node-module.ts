import type * as Crypto from 'node:crypto';
import type * as Os from 'node:os';
import type * as Process from 'node:process';
import type * as Stream from 'node:stream';

interface NodeModules {
  readonly 'node:crypto': typeof Crypto;
  readonly 'node:os': typeof Os;
  readonly 'node:process': typeof Process;
  readonly 'node:stream': typeof Stream;
}

/**
 * A module of Node's own; undefined in a page, where there are no servers but those of `chunksocket/testing`. Asked for
 * at run time, since a bundler for pages fails on an import of it.
 *
 * @throws Error where Node is too old to be asked
 */
export function nodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] | undefined {
  const { process } = globalThis as {
    readonly process?: { readonly versions?: { readonly node?: string }; getBuiltinModule?(id: string): unknown };
  };
  const version = process?.versions?.node;
  if (version !== undefined && process?.getBuiltinModule === undefined) {
    throw new Error(`Node ${version} is too old for chunksocket/server: it needs 20.19, or 22.12 and newer.`);
  }
  return process?.getBuiltinModule?.(name) as NodeModules[Name] | undefined;
}
