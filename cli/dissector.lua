-- The tables above this line were generated; what follows is the same for every release.

local nvrm = Proto("nvrm", "NVIDIA GSP-RM trace (nvrm)")
local f = nvrm.fields

f.type = ProtoField.uint16("nvrm.type", "Type", base.DEC, R.type_names)
f.name = ProtoField.string("nvrm.name", "Name")
f.result = ProtoField.string("nvrm.result", "Result")
f.tid = ProtoField.uint32("nvrm.tid", "Thread")
f.duration = ProtoField.uint64("nvrm.duration", "Duration (ns)")
f.rc = ProtoField.int32("nvrm.rc", "Return value")
f.status = ProtoField.uint32("nvrm.status", "Status", base.HEX, R.statuses)
f.control = ProtoField.uint32("nvrm.control", "Control", base.HEX, R.controls)
f.class = ProtoField.uint32("nvrm.class", "Class", base.HEX, R.classes)
f["function"] = ProtoField.uint32("nvrm.function", "Function", base.DEC, R.functions)
f.handle = ProtoField.uint32("nvrm.handle", "Handle", base.HEX)
f.number = ProtoField.uint64("nvrm.number", "Number", base.HEX)
f.bytes = ProtoField.bytes("nvrm.bytes", "Bytes")
f.text = ProtoField.string("nvrm.text", "Text")
f.field = ProtoField.string("nvrm.field", "Field")

local HEADER, COUNTS = 48, 8
local widths = { u8 = 1, s8 = 1, bool = 1, char = 1, u16 = 2, s16 = 2, u64 = 8, s64 = 8, ptr = 8 }
local MOST_ELEMENTS = 64

local function pad(n)
  return n + (-n % 8)
end

local function number(range, t)
  if t == "s8" or t == "s16" or t == "s32" or t == "fd" then
    return range:le_int()
  elseif t == "s64" then
    return tostring(range:le_int64())
  elseif widths[t] == 8 then
    return string.format("0x%s", range:le_uint64():tohex())
  end
  return range:le_uint()
end

local function scalar(field, range)
  local v = number(range, field.t)
  local names = field.e and R.enums[field.e]
  if field.b then
    v = math.floor(range:le_uint() / 2 ^ field.b) % 2 ^ field.w
    v = math.floor(v)
  end
  if names and names[v] then
    return string.format("%s (0x%x)", names[v], v)
  elseif field.t == "handle" or field.t == "status" then
    return string.format("0x%08x", v)
  end
  return tostring(v)
end

local layout -- mutually recursive

-- One element of a field at `at`.
local function element(tree, buf, at, field, label)
  local width = field.r and R.layouts[field.r].size or widths[field.t] or 4
  if at + width > buf:len() then
    return
  end
  if field.r then
    layout(tree:add(buf(at, math.max(width, 1)), label), buf, at, field.r)
  else
    tree:add(f.field, buf(at, width), label .. " = " .. scalar(field, buf(at, width))):set_text(
      label .. " = " .. scalar(field, buf(at, width)))
  end
end

-- How many elements count: what the sibling says, within what is there.
local function used(buf, base, parent, field, width)
  local n = field.c
  if field.c == 0 then
    n = math.floor((buf:len() - base - field.o) / math.max(width, 1))
  end
  local count = field.k and parent.fields[field.k]
  if count and not count.r and count.c == 1 and not count.a then
    local w = widths[count.t] or 4
    if base + count.o + w <= buf:len() then
      local says = tonumber(tostring(number(buf(base + count.o, w), count.t)))
      if says and says < n then
        n = math.floor(says)
      end
    end
  end
  return n
end

local function member(buf, base, parent, field, union)
  local tag = field.u and parent.fields[field.u]
  if not tag or base + tag.o + 4 > buf:len() then
    return nil
  end
  return field.m[number(buf(base + tag.o, widths[tag.t] or 4), tag.t)]
end

layout = function(tree, buf, base, name, only)
  local l = R.layouts[name]
  for i, field in ipairs(l.fields) do
    if not only or only == i then
      local width = field.r and R.layouts[field.r].size or widths[field.t] or 4
      local at = base + field.o
      if field.r and field.u then
        local live = member(buf, base, l, field)
        if at + width <= buf:len() and width > 0 then
          layout(tree:add(buf(at, width), field.n), buf, at, field.r, live)
        end
      elseif not field.a then
        element(tree, buf, at, field, field.n)
      else
        local n = used(buf, base, l, field, width)
        if field.s and at + n * width <= buf:len() and n > 0 then
          local text = buf(at, n * width):stringz()
          tree:add(f.field, buf(at, n * width), field.n .. " = " .. text):set_text(
            string.format('%s = "%s"', field.n, text))
        else
          for k = 0, math.min(n, MOST_ELEMENTS) - 1 do
            element(tree, buf, at + k * width, field, string.format("%s[%d]", field.n, k))
          end
        end
      end
    end
  end
end

local arg_fields = {
  handle = f.handle, class = f.class, control = f.control, ["function"] = f["function"],
}

-- The name of a record, as nvrm-cli has it, and the layout of its parameters.
local function name_of(info, args)
  for i, arg in ipairs(info.args) do
    local names = arg.k == "class" and R.classes or arg.k == "control" and R.controls or
      arg.k == "function" and R.functions or arg.k == "bus_op" and R.bus_ops
    if names and args[i] then
      return names[args[i]] or string.format("%s 0x%x", arg.k == "bus_op" and "operation" or arg.k, args[i])
    end
  end
  return info.name
end

function nvrm.dissector(buf, pinfo, root)
  if buf:len() < HEADER + COUNTS or buf(0, 4):string() ~= "NVT1" then
    return 0
  end
  local length = buf(12, 4):le_uint()
  local info = R.types[buf(16, 2):le_uint()] or { name = "?", args = {}, pieces = {} }
  local tree = root:add(nvrm, buf())
  local rc, status = buf(40, 4):le_int(), buf(44, 4):le_uint()
  local counts = { args = buf(HEADER, 2):le_uint(), pieces = buf(HEADER + 2, 2):le_uint() }
  local at = HEADER + COUNTS
  local args, request = {}, nil

  if HEADER + length > buf:len() then
    tree:add_expert_info(PI_MALFORMED, PI_ERROR, "the record is cut off")
    return buf:len()
  end
  tree:add_le(f.type, buf(16, 2))
  tree:add_le(f.tid, buf(20, 4))
  tree:add_le(f.duration, buf(32, 8))
  tree:add_le(f.rc, buf(40, 4))
  tree:add_le(f.status, buf(44, 4))
  for i = 1, counts.args do
    local arg = info.args[i] or { n = "number", k = "hex" }
    local range = buf(at, 8)
    if arg.k == "handle" or arg_fields[arg.k] or arg.k == "bus_op" then
      args[i] = buf(at, 4):le_uint()
    end
    if arg.n == "request" then
      request = buf(at, 1):le_uint()
    end
    if arg_fields[arg.k] then
      tree:add_le(arg_fields[arg.k], buf(at, 4)):prepend_text(arg.n .. ": ")
    else
      tree:add_le(f.number, range):prepend_text(arg.n .. ": ")
    end
    at = at + 8
  end
  local name = name_of(info, args)
  if info.name == "ioctl" and R.escapes[request] then
    name = R.escapes[request]
  end
  local result = rc < 0 and rc ~= -121 and string.format("error %d", rc) or R.statuses[status] or
    string.format("0x%x", status)
  if rc == 0 and info.plain then
    result = "ok"
  end
  tree:add(f.name, name)
  tree:add(f.result, result)
  pinfo.cols.protocol = "NVRM"
  pinfo.cols.info = info.name .. (name ~= info.name and " " .. name or "") ..
    (info.operation and " = " .. result or "")

  local sizes = at
  at = at + pad(4 * counts.pieces)
  for i = 1, counts.pieces do
    local n = buf(sizes + 4 * (i - 1), 4):le_uint()
    local what = info.pieces[i] or "bytes"
    if n > 0 and at + n <= buf:len() then
      local params = R.params[request and "ioctl " .. request or info.name .. " " .. name]
      if (what == "in" or what == "out") and params and R.layouts[params].size <= n then
        layout(tree:add(buf(at, n), what .. ": " .. params), buf(at, n):tvb(), 0, params)
      elseif info.text[i] then
        tree:add(f.text, buf(at, n)):prepend_text(what .. ": ")
      else
        tree:add(f.bytes, buf(at, n)):prepend_text(what .. ": ")
      end
    end
    at = at + pad(n)
  end
  return buf:len()
end

DissectorTable.get("wtap_encap"):add(wtap.USER0, nvrm)
