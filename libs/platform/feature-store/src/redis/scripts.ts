/**
 * The one operation that must be atomic and conditional, as Lua on the primary that owns the partition's hash tag.
 *
 * The first line declares the script (Redis 7): a primary that became a replica, or one that is out of memory, then
 * refuses all of it before its first step.
 *
 * KEYS: the partition's hash; the sorted set of its user ids (all of score 0, so sorted by their bytes).
 * ARGV: the mark's field, expected mark ('' for none), next mark, how many states to remove, their user ids, then user id and state
 * in turn.
 *
 * What a script did before an error stays. So where there are removals, it asks for the right to HDEL, by removing a field that no user
 * has, before ZREM does anything: where one of both rights is missing, nothing is written.
 *
 * Answers {1} when written, {0, stored mark or false} when refused.
 */
export const COMMIT_SCRIPT = `#!lua
local stored = redis.call('HGET', KEYS[1], ARGV[1])
if (stored or '') ~= ARGV[2] then return { 0, stored } end
local step = 200
local firstWritten = 5 + ARGV[4]
if firstWritten > 5 then redis.call('HDEL', KEYS[1], '') end
for first = 5, firstWritten - 1, step do
  local last = math.min(first + step - 1, firstWritten - 1)
  redis.call('ZREM', KEYS[2], unpack(ARGV, first, last))
  redis.call('HDEL', KEYS[1], unpack(ARGV, first, last))
end
for first = firstWritten, #ARGV, step do
  local last = math.min(first + step - 1, #ARGV)
  if redis.call('HSET', KEYS[1], unpack(ARGV, first, last)) > 0 then
    local members = {}
    for i = first, last, 2 do
      members[#members + 1] = 0
      members[#members + 1] = ARGV[i]
    end
    redis.call('ZADD', KEYS[2], unpack(members))
  end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return { 1 }
`;
