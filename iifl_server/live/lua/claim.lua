-- Claim a command for execution: at most once, while its lease is current and it has not expired.
-- KEYS: command, lease. Gives {verdict}; verdict is claimed, taken, foreign or late.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local command = redis.call('HMGET', KEYS[1], 'status', 'expires_at', 'token')
if command[1] ~= 'accepted' then return {'taken'} end
local token = redis.call('HGET', KEYS[2], 'token')
local verdict
if command[3] ~= '' and (not token or token ~= command[3]) then verdict = 'foreign'
elseif tonumber(command[2]) < now then verdict = 'late'
else verdict = 'claimed' end
redis.call('HSET', KEYS[1], 'status', verdict)
return {verdict}
