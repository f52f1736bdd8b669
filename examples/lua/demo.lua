-- SPDX-License-Identifier: BSD-3-Clause
-- C's qsort, with a comparison in Lua.
local numbers = {}
for i = 1, 20 do numbers[i] = i * 37 % 23 end
c.sort(numbers, function(a, b) return a > b end)
print(table.concat(numbers, ' '))

-- Errors pass C in both directions.
print(pcall(c.sort, {3, 'x'}, print))
print(pcall(c.sort, {3, 2, 1}, function() error('no order') end))
print(pcall(c.sort, {3, 2, 1}, coroutine.yield))

-- Lua inside C inside Lua ..., until Lua has had enough.
local function deeper(n)
  local reached
  local ok, e = pcall(c.sort, {2, 1}, function()
    reached = deeper(n + 1)
    return true
  end)
  return ok and reached or n
end
print(deeper(0) > 50)
