/** How viewers behave whatever they like: in the history and in the live world alike. */

/** Sessions by local hour; few at night. */
export const HOUR_WEIGHTS = [4, 2, 1, 1, 1, 2, 4, 6, 7, 6, 6, 7, 9, 8, 7, 7, 8, 10, 13, 15, 16, 15, 11, 7];
/** From Monday. */
export const WEEKDAY_FACTORS = [0.92, 0.9, 0.9, 0.92, 1, 1.2, 1.16];
export const USUAL_DEVICE_SHARE = 0.75;
export const MOST_PAGES = 8;
/** How often a page begins with a search, with something on the viewer's mind and without. */
export const SEARCH_SHARE_OF_INTENT = 0.5;
export const SEARCH_SHARE = 0.14;
export const UP_NEXT_SHARE = 0.35;
/** Watches that no list of ours led to: a link, a subscription. The paper trains on them too (§3.4). So many pages are followed by one. */
export const ELSEWHERE_SHARE = 0.4;
/** Of so many videos that came the viewer's way elsewhere, the most inviting is watched. */
export const ELSEWHERE_CHOICE = 12;
export const ELSEWHERE_AFTER_MS = 2_000;
export const LOOK_MS = 4_000;
export const BETWEEN_MS = 3_000;
/** Players report progress; of playbacks long enough, so many come in parts. */
export const IN_PARTS_SHARE = 0.3;
export const IN_PARTS_FROM_SECONDS = 30;
/** Of those who click bait and are disappointed, so many say so. */
export const DISMISS_SHARE = 0.08;
/** Programs look at everything and click at random. */
export const BOT_PAGES = 4;
export const BOT_CLICK_SHARE = 0.3;
export const BOT_WATCH_SECONDS = 3;
