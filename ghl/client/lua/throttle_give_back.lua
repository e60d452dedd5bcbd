-- ARGV[5]: id of the grant, ARGV[6..]: which of its calls were not sent. Returns how many went back.
local back = 0
for i = 6, #ARGV do
  if give_up(ARGV[5], ARGV[i]) then back = back + 1 end
end
return {back}
