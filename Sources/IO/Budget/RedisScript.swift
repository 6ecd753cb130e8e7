/// What Redis does for a budget, in one step: it hears what its processes hold and have used, and gives them permits.
///
/// All in microseconds of Redis' own clock, which a double holds exactly until 2255. Instants go out as "%.0f": Lua's own
/// writing of numbers ends at 14 digits.
enum RedisScript {
    static let text = #"""
        local a = cjson.decode(ARGV[1])
        local plan, me, known, fresh = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
        local main, alive, line = KEYS[1], KEYS[2], KEYS[3]
        local rules = a.rules
        local t = redis.call('TIME')
        local now = tonumber(t[1]) * 1000000 + tonumber(t[2])
        local function int(x) return string.format('%.0f', x) end
        local function get(f) return tonumber(redis.call('HGET', main, f) or 0) or 0 end
        local function put(f, x) redis.call('HSET', main, f, int(x)) end

        local have = redis.call('HGET', main, 'plan')
        if have and have ~= plan then return 'PLAN ' .. have end
        -- Asked again because the answer got lost: the same answer.
        if redis.call('HGET', main, 'q|' .. me) == int(a.seq) and redis.call('ZSCORE', alive, me) then
          return redis.call('HGET', main, 'r|' .. me)
        end
        -- A clock that goes back a little stands still.
        local last = get('now')
        if last > now and last - now < 5000000 then now = last end
        put('now', now)

        local inflight, logs = {}, {}
        for r = 1, #rules do inflight[r] = get('f' .. r) end
        -- The slots of a window: when they end, how many, which.
        local function slots(r)
          if logs[r] then return logs[r] end
          local rule, all = rules[r], redis.call('HGETALL', KEYS[3 + r])
          local found = {sum = 0}
          for i = 1, #all, 2 do
            local s, n = tonumber(all[i]), tonumber(all[i + 1])
            if (s + 1) * rule.slot + rule.per <= now then
              redis.call('HDEL', KEYS[3 + r], all[i])
            else
              -- From a clock that was ahead of this one: as if it were now.
              if s * rule.slot > now + 10000000 then
                redis.call('HDEL', KEYS[3 + r], all[i])
                s = math.floor(now / rule.slot)
                redis.call('HINCRBY', KEYS[3 + r], int(s), int(n))
              end
              found[#found + 1] = {(s + 1) * rule.slot + rule.per, n, s}
              found.sum = found.sum + n
            end
          end
          table.sort(found, function(x, y) return x[1] < y[1] end)
          logs[r] = found
          return found
        end
        local function full(r)
          local at = get('t' .. r)
          local latest = now + rules[r].per * rules[r].most + 10000000
          if at > latest then at = latest end
          return at
        end
        local function count(r, n, at)
          local rule = rules[r]
          if rule.k == 'b' then
            if n ~= 0 then put('t' .. r, math.max(full(r), at) + rule.per * n) end
          elseif rule.k == 'w' and n > 0 then
            local found, s = slots(r), math.floor(at / rule.slot)
            redis.call('HINCRBY', KEYS[3 + r], int(s), int(n))
            found.sum = found.sum + n
            for i = 1, #found do
              if found[i][3] == s then
                found[i][2] = found[i][2] + n
                return
              end
            end
            found[#found + 1] = {(s + 1) * rule.slot + rule.per, n, s}
            table.sort(found, function(x, y) return x[1] < y[1] end)
          end
        end
        local function earliest(r, cost)
          local rule, taken = rules[r], inflight[r] + cost
          local at = math.max(now, get('p' .. r))
          if taken > rule.most then return nil end
          if rule.k == 'b' then return math.max(at, math.max(full(r), now) + rule.per * (taken - rule.most)) end
          if rule.k == 'c' then return at end
          local found, i = slots(r), 1
          local left = found.sum
          while taken + left > rule.most and found[i] do
            at = math.max(at, found[i][1])
            left = left - found[i][2]
            i = i + 1
          end
          return at
        end
        local function bury(who)
          for r = 1, #rules do
            local held = get('h|' .. who .. '|' .. r)
            inflight[r] = math.max(0, inflight[r] - held)
            if rules[r].late then count(r, held, now) end
            redis.call('HDEL', main, 'h|' .. who .. '|' .. r)
          end
          redis.call('HDEL', main, 'q|' .. who, 'r|' .. who)
          redis.call('ZREM', alive, who)
          for _, member in ipairs(redis.call('ZRANGE', line, 0, -1)) do
            if string.sub(member, 1, #who + 1) == who .. '|' then
              redis.call('ZREM', line, member)
              redis.call('HDEL', main, 'd|' .. member)
            end
          end
        end
        -- Redis forgot what was used: as if all of it had just been.
        local function exhaust()
          for r = 1, #rules do
            local rule = rules[r]
            if rule.k == 'w' then count(r, rule.most - slots(r).sum, now)
            elseif rule.k == 'b' then put('t' .. r, now + rule.per * rule.most)
            else put('p' .. r, now + a.lease / 3) end
          end
          put('x', 1)
        end

        local epoch = redis.call('HGET', main, 'epoch')
        if not have then
          epoch = fresh
          redis.call('HSET', main, 'plan', plan, 'epoch', epoch)
          if known ~= '' then exhaust() end
        elseif known ~= '' and known ~= epoch and get('x') == 0 then
          exhaust()
        end

        for _, who in ipairs(redis.call('ZRANGEBYSCORE', alive, '-inf', int(now))) do
          if who ~= me then bury(who) end
        end
        for _, who in ipairs(redis.call('ZRANGEBYSCORE', alive, int(now + 2 * a.lease), '+inf')) do
          redis.call('ZADD', alive, int(now + a.lease), who)
        end
        for r = 1, #rules do
          local was, is = get('h|' .. me .. '|' .. r), a.held[r]
          if was ~= is then
            inflight[r] = math.max(0, inflight[r] + is - was)
            put('h|' .. me .. '|' .. r, is)
          end
          count(r, a.log[r], now)
          if a.pause[r] > 0 then put('p' .. r, math.max(get('p' .. r), now + a.pause[r])) end
        end
        for _, mask in ipairs(a.leave) do
          redis.call('ZREM', line, me .. '|' .. int(mask))
          redis.call('HDEL', main, 'd|' .. me .. '|' .. int(mask))
        end

        local said = {}
        local function say(x) said[#said + 1] = type(x) == 'number' and int(x) or x end
        local given = {}
        for i, want in ipairs(a.want) do
          local mine = me .. '|' .. int(want.m)
          local place = tonumber(redis.call('ZSCORE', line, mine) or '') or math.huge
          local members = redis.call('ZRANGE', line, 0, -1, 'WITHSCORES')
          local ahead, blocked = 0, false
          for m = 1, #members, 2 do
            local who, mask = string.match(members[m], '^(.*)|(%d+)$')
            if who and who ~= me and tonumber(members[m + 1]) < place and bit.band(tonumber(mask), want.m) ~= 0 then
              ahead = ahead + 1
              -- One that did not come when it was told to is passed by.
              if get('d|' .. members[m]) + 100000 > now then blocked = true end
            end
          end
          local times, at = {}, nil
          if not blocked then
            for _ = 1, want.n do
              at = now
              for _, charge in ipairs(want.c) do
                local one = earliest(charge[1], charge[2])
                at = one and at and math.max(at, one) or nil
              end
              if not at or at > now + a.ahead then break end
              for _, charge in ipairs(want.c) do
                local r, cost = charge[1], charge[2]
                if rules[r].late or rules[r].k == 'c' then
                  inflight[r] = inflight[r] + cost
                  redis.call('HINCRBY', main, 'h|' .. me .. '|' .. r, int(cost))
                else
                  count(r, cost, at)
                end
              end
              times[#times + 1] = at - now
            end
          end
          local hint = 0
          if #times == 0 then
            if blocked then hint = math.min(200000, 20000 * math.max(1, ahead))
            elseif at then hint = math.max(1000, at - a.ahead - now)
            else hint = 10000 end
            if place == math.huge then
              redis.call('ZADD', line, redis.call('HINCRBY', main, 'n', 1), mine)
            end
            put('d|' .. mine, now + hint)
          elseif place ~= math.huge then
            redis.call('ZREM', line, mine)
            redis.call('HDEL', main, 'd|' .. mine)
          end
          given[i] = {times, hint}
        end

        say('OK')
        say(now)
        say(epoch)
        for r = 1, #rules do
          local rule, used = rules[r], inflight[r]
          if rule.k == 'w' then used = used + slots(r).sum
          elseif rule.k == 'b' then used = used + math.ceil(math.max(0, full(r) - now) / rule.per) end
          say(used)
          say(math.max(0, get('p' .. r) - now))
        end
        for _, one in ipairs(given) do
          say(one[2])
          say(#one[1])
          for _, at in ipairs(one[1]) do say(at) end
        end
        local reply = table.concat(said, ' ')
        redis.call('HSET', main, 'q|' .. me, int(a.seq), 'r|' .. me, reply)
        redis.call('ZADD', alive, int(now + a.lease), me)
        if a.bye then bury(me) end
        for r = 1, #rules do put('f' .. r, inflight[r]) end
        for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, int(a.ttl)) end
        return reply
        """#
}
