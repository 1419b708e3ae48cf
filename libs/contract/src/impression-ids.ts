/** How the gateway names impressions: by the request of their list and the place in it. */
export const impressionIdOf = (requestId: string, position: number) => `${requestId}-${position}`;

/** What of such an id is not its list's request, as a regular expression for JavaScript and DuckDB alike. */
export const PLACE_OF_IMPRESSION_ID = '-[0-9]+$';
