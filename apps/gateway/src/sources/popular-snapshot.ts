/** The gateway's part of the snapshots that are held: lists of popular videos, and what the manifests say. */
import { readFile } from 'node:fs/promises';
import type { SnapshotManifest } from '@watchnext/contract';
import { fileOf, type LocalSnapshot, SNAPSHOT_FILES } from '@watchnext/snapshot-store';
import { z } from 'zod';
import type { ScoredVideo } from './trending';

const list = z.array(z.object({ videoId: z.string(), score: z.number() }));
/** Snapshots of older trainers have no lists by country. */
const popularFile = z.object({ popular: list, popularByCountry: z.record(z.string(), list).default({}) });

export interface PopularSnapshot {
  readonly manifest: SnapshotManifest;
  /** Most popular first, with the snapshot's own score. */
  readonly popular: readonly ScoredVideo[];
  /** Those of the countries that have a list of their own. */
  readonly popularByCountry: ReadonlyMap<string, readonly ScoredVideo[]>;
}

/** For a request from there; '' where that is not known. */
export function popularIn(country: string, { popular, popularByCountry }: PopularSnapshot): readonly ScoredVideo[] {
  return popularByCountry.get(country) ?? popular;
}

/** Whether the gateway reads the file. */
export const isPopularFile = (file: string) => file === SNAPSHOT_FILES.popular;

/** What a snapshot holder keeps for the gateway; a snapshot's part leaves when the holder closes it. */
export class PopularSnapshots {
  private readonly held = new Map<string, PopularSnapshot>();
  private currentId: string | undefined;

  /** A holder's loader. @throws z.ZodError, SyntaxError for a list that is none */
  readonly load = async (local: LocalSnapshot): Promise<{ close(): void }> => {
    const { snapshotId, manifest } = local;
    const text = await readFile(fileOf(local, SNAPSHOT_FILES.popular), 'utf8');
    const { popular, popularByCountry } = popularFile.parse(JSON.parse(text));
    this.held.set(snapshotId, { manifest, popular, popularByCountry: new Map(Object.entries(popularByCountry)) });
    return { close: () => void this.held.delete(snapshotId) };
  };

  setCurrent(snapshotId: string): void {
    this.currentId = snapshotId;
  }

  /** Undefined before the first snapshot. */
  current(): PopularSnapshot | undefined {
    return this.currentId === undefined ? undefined : this.held.get(this.currentId);
  }

  /** Of this snapshot, or the current one where this is not held; undefined before the first. */
  of(snapshotId: string): PopularSnapshot | undefined {
    return this.held.get(snapshotId) ?? this.current();
  }

  /** Newest first. */
  heldIds(): string[] {
    return [...this.held.keys()].sort().reverse();
  }
}
