/**
 * The two operations that must be atomic, as Lua: they run on the primary that owns the partition's hash tag.
 * KEYS[1] is the partition's mark, KEYS[2] the hash of its users' states.
 */

/** ARGV: user id. Answers {state or false, mark or false}. */
export const READ_SCRIPT = `
return { redis.call('HGET', KEYS[2], ARGV[1]), redis.call('GET', KEYS[1]) }
`;

/**
 * ARGV: expected mark ('' for none), next mark, then user id and state in turn.
 * Answers {1} when written, {0, stored mark or false} when refused.
 * HSET is called in slices, since Lua's unpack is bounded by its stack.
 */
export const COMMIT_SCRIPT = `
local stored = redis.call('GET', KEYS[1])
if (stored or '') ~= ARGV[1] then return { 0, stored } end
for first = 3, #ARGV, 2000 do
  redis.call('HSET', KEYS[2], unpack(ARGV, first, math.min(first + 1999, #ARGV)))
end
redis.call('SET', KEYS[1], ARGV[2])
return { 1 }
`;
