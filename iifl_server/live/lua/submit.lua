-- Take a command in: once, from the holder of the lease, before it expires.
-- KEYS: command, lease, stream. ARGV: command id, token, person, expires_at [ms], kind, payload.
-- An empty token: ordered at the robot's side, by a role that needs no lease.
-- Gives {verdict, detail}; verdict is accepted, duplicate, foreign or late.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local known = redis.call('HGET', KEYS[1], 'status')
if known then return {'duplicate', known} end
local lease = redis.call('HMGET', KEYS[2], 'token', 'person', 'kind')
local verdict
local beside = ARGV[2] == ''
if beside then
  if tonumber(ARGV[4]) < now then verdict = 'late' else verdict = 'accepted' end
elseif not lease[1] or lease[1] ~= ARGV[2] or lease[2] ~= ARGV[3] then verdict = 'foreign'
elseif ARGV[5] ~= 'hand_back' and lease[3] ~= ARGV[5] then verdict = 'kind'
elseif tonumber(ARGV[4]) < now then verdict = 'late'
else verdict = 'accepted' end
redis.call('HSET', KEYS[1], 'status', verdict, 'expires_at', ARGV[4], 'token', ARGV[2])
redis.call('EXPIRE', KEYS[1], 600)
if verdict == 'accepted' then
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', 1000, '*', 'payload', ARGV[6])
end
return {verdict, lease[3] or ''}
