/** What a life tells of: calls in order of occurrence, for whoever makes events, counts or nothing of it. */
import type { Moment, PageOutcome } from '../truth';
import type { ViewerMemory } from '../memory';

export const SURFACES = ['home', 'search', 'up-next'] as const;
export const SOURCES = ['popular', 'topic', 'followed', 'fresh', 'random', 'search', 'related', 'channel'] as const;

export interface Page {
  /** Index in `SURFACES`. */
  readonly surface: number;
  /** Video that an up-next page follows; −1 for none. */
  readonly seedVideo: number;
  /** By place. */
  readonly videos: readonly number[];
  /** Index in `SOURCES`, by place. */
  readonly sources: readonly number[];
}

export interface LifeRecorder {
  /** The viewer is registered. */
  registered?(atMs: number): void;
  /** It was anonymous, and logs in. */
  loggedIn?(atMs: number): void;
  searched?(words: string, atMs: number): void;
  /** A page is put in front of the viewer; what follows is about it until the next one. Memory is as before. */
  served?(page: Page, moment: Moment, memory: ViewerMemory): void;
  viewed?(page: Page, outcome: PageOutcome, atMs: number): void;
  /** @param position on the page; −1 for what came from elsewhere. Called for each playback as a whole. */
  watched?(video: number, position: number, watchSeconds: number, parts: number, fromMs: number, device: number): void;
  dismissed?(video: number, position: number, atMs: number): void;
}
