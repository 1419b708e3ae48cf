/** Tells which impressions came into view: at least half of the card, collected over half a second. */
import { sendEvent } from './api.js';

const COLLECT_MS = 500;

export class ViewedImpressions {
  #requestOf = new WeakMap();
  #waiting = new Map();
  #timer;
  #observer = new IntersectionObserver((entries) => this.#see(entries), { threshold: 0.5 });

  /** @param request {userId, requestId} that the card belongs to */
  watch(element, request) {
    this.#requestOf.set(element, request);
    this.#observer.observe(element);
  }

  #see(entries) {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      this.#observer.unobserve(target);
      const request = this.#requestOf.get(target);
      const { ids } = this.#waiting.get(request.requestId) ?? { ids: [] };
      ids.push(target.dataset.impressionId);
      this.#waiting.set(request.requestId, { ...request, ids });
    }
    this.#timer ??= setTimeout(() => this.#flush(), COLLECT_MS);
  }

  #flush() {
    this.#timer = undefined;
    const batches = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { userId, requestId, ids } of batches) {
      // Without the confirmation the list still counts as served: nothing to tell the viewer.
      sendEvent({ impressionsViewed: { userId, requestId, impressionIds: ids } }).catch((error) => console.warn(error));
    }
  }
}
