/**
 * The two operations that must be atomic, as Lua: they run on the primary that owns the partition's hash tag.
 * KEYS[1] is the partition's mark, KEYS[2] the hash of its users' states, KEYS[3] the sorted set of its user ids (all of
 * score 0, so sorted by their bytes).
 */

/** KEYS[1] and KEYS[2]. ARGV: user id. Answers {state or false, mark or false}. */
export const READ_SCRIPT = `
return { redis.call('HGET', KEYS[2], ARGV[1]), redis.call('GET', KEYS[1]) }
`;

/**
 * All KEYS. ARGV: expected mark ('' for none), next mark, then user id and state in turn.
 * Answers {1} when written, {0, stored mark or false} when refused.
 */
export const COMMIT_SCRIPT = `
local stored = redis.call('GET', KEYS[1])
if (stored or '') ~= ARGV[1] then return { 0, stored } end
for i = 3, #ARGV, 2 do
  if redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) == 1 then redis.call('ZADD', KEYS[3], 0, ARGV[i]) end
end
redis.call('SET', KEYS[1], ARGV[2])
return { 1 }
`;
