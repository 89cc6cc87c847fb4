-- Webhooks for wrk: every body is its own and was signed beforehand. Arguments: file with one signature per line, number
-- of the first one to use, prefix of the ids, host header. The body must be the one that benchmarks/webhooks.py signs.
local signatures, at, prefix, head, padding

function init(args)
  local file, first = args[1], tonumber(args[2])
  prefix, padding = args[3], string.rep("x", 800)
  head = "POST /webhooks/multimail HTTP/1.1\r\nHost: " .. args[4] .. "\r\nContent-Type: application/json\r\n"
  signatures, at = {}, 0
  local number = 0
  for line in io.lines(file) do
    number = number + 1
    if number > first then signatures[#signatures + 1] = line end
  end
  offset = first
end

function request()
  at = at + 1
  local signature = signatures[at]
  if signature == nil then wrk.thread:stop() return wrk.format("GET", "/healthz") end
  local body = string.format(
    '{"event":"message.received","timestamp":"2026-01-28T12:00:00Z","data":{"email_id":"%s-%d","subject":"%s"}}',
    prefix, offset + at, padding)
  return head .. "X-MultiMail-Signature: sha256=" .. signature .. "\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

function done(summary, latency, requests)
  io.write(string.format(
    '\nRESULT {"requests": %d, "microseconds": %d, "refused": %d, "broken": %d, "p50": %f, "p99": %f, "max": %f}\n',
    summary.requests, summary.duration, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
