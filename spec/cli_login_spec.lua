--- seranking login, logout and status: keys in a file of their own, or in the keyring. SPDX-License-Identifier: MIT

local command = require "support.command"
local process = require "support.process"
local system = require "support.system"
local typed = require "support.typed"

local V4, V1 = "be2165b7d065e278e7305c1c7ef791f283f5d14b", "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6"
local quote = process.quote

local fake, home

-- A secret-tool that keeps its secrets in a file of the folder: a line "attributes=secret" each.
local SECRET_TOOL = [[
#!/bin/sh
store=$(dirname "$0")/keyring; touch "$store"
verb=$1; shift
case $verb in
  store) shift; secret=$(cat); "$0" clear "$@"; echo "$*=$secret" >>"$store" ;;
  lookup) found=$(sed -n "s/^$*=//p" "$store"); [ -n "$found" ] || exit 1; printf %s "$found" ;;
  clear) sed -i "/^$*=/d" "$store" ;;
esac
]]

setup(function() fake = process.fake { demo = true } end)
teardown(function() fake.stop() end)
before_each(function()
  fake.reset()
  home = command.home()
  home.environment.SERANKING_BASE_URL = fake.url
end)
after_each(function() home.remove() end)

local function run(arguments, given)
  local status, out, err = command.run(home, arguments, given)
  for _, text in ipairs { out, err } do
    assert.is_nil(text:find(V4, 1, true), text)
    assert.is_nil(text:find(V1, 1, true), text)
  end
  return status, out, err
end

local function mode_of(path)
  return system.lines("stat -c %a " .. quote(path))[1]
end

local function with_keyring(text)
  local path = home.folder .. "/secret-tool"
  system.write(path, text or SECRET_TOOL)
  system.output("chmod +x " .. quote(path))
  home.environment.PATH = home.folder .. ":" .. os.getenv "PATH"
end

describe("seranking login", function()
  local function kept_note(place)
    return ("seranking: the key of profile 'default' will be kept in %s, once a free call has tried it\n"):format(place)
  end

  it("tries a key from standard input and keeps it in a file that is private", function()
    local status, out, err = run({ "login" }, { stdin = "\n " .. V4 .. "\r\n" })
    assert.equal(kept_note(home.config .. " (mode 600)"), err)
    assert.equal("key …d14b opens: Project API v4, account of ada@example.com\nkept in " .. home.config
      .. " as profile 'default'\n", out)
    assert.equal(0, status)
    assert.equal(('{"profiles":{"default":{"token":"%s"}}}\n'):format(V4), system.read(home.config))
    assert.equal("600 700", mode_of(home.config) .. " " .. mode_of(home.config:match "(.+)/"))
    assert.same({ "config.json" }, system.lines("ls -A " .. quote(home.config:match "(.+)/")))
    status, out = run { "sites", "list", "-o", "json" }
    assert.equal(0, status)
    assert.truthy(out:find('"title":"Anchor shop"', 1, true))
  end)

  it("says what a v1 key opens, and names how to use another profile", function()
    local status, out, err = run({ "login", "--profile", "agency" }, { stdin = V1 })
    assert.equal(0, status)
    assert.truthy(out:find("key …e5f6 opens: Project API v1, account of ada@example.com; Data API, 48211 credits; "
      .. "SE Visible, projects: 1\n", 1, true))
    assert.truthy(err:find("use it with --profile agency, or set SERANKING_PROFILE=agency\n", 1, true))
    assert.equal(4, (run { "sites", "list" }))
    assert.equal(0, (run { "sites", "list", "--profile", "agency" }))
    assert.equal(0, (run({ "sites", "list" }, { environment = { SERANKING_PROFILE = "agency" } })))
  end)

  it("keeps a product's key beside that of the Project API", function()
    assert.equal(0, (run({ "login" }, { stdin = V4 })))
    local status, out = run({ "login", "--product", "data" }, { stdin = V1 })
    assert.equal(0, status)
    assert.truthy(out:find("key …e5f6 opens: Data API, 48211 credits\n", 1, true))
    assert.equal(('{"profiles":{"default":{"data_token":"%s","token":"%s"}}}\n'):format(V1, V4), system.read(home.config))
    status, out = run({ "login", "--product", "visible", "--profile", "brand" }, { stdin = V1 })
    assert.equal(0, status)
    assert.truthy(out:find("key …e5f6 opens: SE Visible, ", 1, true))
    assert.equal(0, (run { "visible", "projects", "list", "--profile", "brand" }))
  end)

  it("keeps nothing if the API refuses the key, or can't be asked", function()
    local status, out, err = run({ "login" }, { stdin = V4:gsub("d", "e") })
    assert.equal(4, status)
    assert.equal("", out)
    assert.truthy(err:find("seranking: the key is refused, nothing is kept: GET /account/profile: Incorrect token (HTTP 403); "
      .. "copy the whole key from the account, Settings, API\n", 1, true), err)
    assert.is_nil(system.read_if_there(home.config))
    local _
    status, _, err = run({ "login" }, { stdin = V4, environment = { SERANKING_BASE_URL = "http://127.0.0.1:9",
      SERANKING_RETRIES = "0" } })
    assert.equal(6, status)
    assert.is_nil(system.read_if_there(home.config))
    assert.truthy(err:find("network, connect", 1, true) or err:find "connect")
  end)

  it("without a key changes nothing", function()
    local status, _, err = run({ "login" }, { stdin = " \n" })
    assert.equal(2, status)
    assert.truthy(err:find("seranking: no key was given: nothing is changed\n", 1, true))
  end)

  it("keeps other profiles, and members of the file that it does not know", function()
    system.output(("mkdir -p -m 700 %s"):format(quote(home.config:match "(.+)/")))
    system.write(home.config, '{"colour":"blue","profiles":{"a":{"token":"x","note":"y"}}}')
    system.output("chmod 600 " .. quote(home.config))
    assert.equal(0, (run({ "login", "--profile", "b" }, { stdin = V4 })))
    assert.equal(('{"colour":"blue","profiles":{"a":{"note":"y","token":"x"},"b":{"token":"%s"}}}\n'):format(V4),
      system.read(home.config))
  end)

  it("leaves a link to the file a link", function()
    system.output(("mkdir -p -m 700 %s; cd %s && echo '{}' >real && chmod 600 real && ln -s real config.json"):format(
      quote(home.config:match "(.+)/"), quote(home.config:match "(.+)/")))
    assert.equal(0, (run({ "login" }, { stdin = V4 })))
    assert.equal("real", system.lines("readlink " .. quote(home.config))[1])
    assert.equal(('{"profiles":{"default":{"token":"%s"}}}\n'):format(V4), system.read(home.config))
  end)

  it("is refused in one line that names the file if that is broken, open to others, or being changed", function()
    local folder = quote(home.config:match "(.+)/")
    system.output("mkdir -p -m 700 " .. folder)
    system.write(home.config, '{"profiles":')
    system.output("chmod 600 " .. quote(home.config))
    for _, arguments in ipairs { { "login" }, { "logout" }, { "status" }, { "sites", "list" } } do
      local status, out, err = run(arguments, { stdin = V4 })
      assert.equal(4, status)
      assert.equal("", out)
      assert.equal(("seranking: %s is not valid JSON: unexpected end of input, at byte 12; mend it, or remove it and run "
        .. "`seranking login`\n"):format(home.config), err)
    end
    assert.equal(0, (run({ "sites", "list" }, { environment = { SERANKING_TOKEN = V4 } })))
    assert.equal('{"profiles":', system.read(home.config))
    system.write(home.config, "{}")
    system.output("chmod 644 " .. quote(home.config))
    local _, _, err = run({ "login" }, { stdin = V4 })
    assert.truthy(err:find("is open to other users (mode 644): run chmod 600 on it", 1, true), err)
    system.output(("chmod 600 %s; touch %s.new"):format(quote(home.config), quote(home.config)))
    local status
    status, _, err = run({ "login" }, { stdin = V4 })
    assert.equal(1, status)
    assert.truthy(err:find(("another program is changing %s; if none is, remove %s.new and try again\n"):format(home.config,
      home.config), 1, true), err)
    assert.equal("{}", system.read(home.config))
  end)

  it("says before it writes where the key goes, and that it can't go there", function()
    home.environment.XDG_CONFIG_HOME = "/proc/none"
    local status, out, err = run({ "login" }, { stdin = V4 })
    assert.equal(2, status) -- a file, as for -o
    assert.equal("", out)
    assert.equal(kept_note "/proc/none/seranking/config.json (mode 600)"
      .. "seranking: can't make the directory /proc/none/seranking: no such file or directory\n", err)
  end)

  it("warns of a variable that goes before the profile", function()
    local _, _, err = run({ "login" }, { stdin = V4, environment = { SERANKING_TOKEN = V1 } })
    assert.truthy(err:find("SERANKING_TOKEN is set and goes before the profile: unset it, or use --profile default\n", 1, true))
  end)

  it("takes no key from the command line, and says where it goes", function()
    local status, out, err = run { "login", V4 }
    assert.same({ 2, "" }, { status, out })
    assert.equal("seranking: a key does not go into the command line, where others can read it: run `seranking login` and "
      .. "paste it, or seranking login < FILE\n", err)
    assert.is_nil((system.read_if_there(home.config)))
  end)

  it("shows no control characters of the account", function()
    fake.fail { status = 200, body = '{"email":"a\\u001b]0;x\\u0007\\u202eb@c.example"}' }
    local status, out = run({ "login" }, { stdin = V4 })
    assert.equal(0, status)
    assert.truthy(out:find("account of a ]0;x b@c.example\n", 1, true), out)
  end)

  it("reads a key typed at a terminal without echo", function()
    local person = typed.start(command.line(home, { "login" }), home.folder .. "/typed")
    person:expect "API key"
    person:type(V4 .. "\n", "kept in")
    local seen = person:finish()
    assert.truthy(seen:find("API key (in the account: Settings, API): ", 1, true), seen)
    assert.truthy(seen:find("opens: Project API v4", 1, true), seen)
    assert.is_nil(seen:find(V4, 1, true))
    assert.equal(('{"profiles":{"default":{"token":"%s"}}}\n'):format(V4), system.read(home.config))
  end)

  it("--keyring keeps the key in the keyring and only a mark in the file", function()
    with_keyring()
    local status, out, err = run({ "login", "--keyring" }, { stdin = V4 })
    assert.equal(0, status)
    assert.equal(kept_note "the keyring", err)
    assert.truthy(out:find("kept in the keyring as profile 'default'\n", 1, true))
    assert.equal('{"profiles":{"default":{"keyring":{"token":true}}}}\n', system.read(home.config))
    assert.equal("service seranking profile default key token=" .. V4 .. "\n", system.read(home.folder .. "/keyring"))
    assert.equal(0, (run { "sites", "list" }))
    local _
    _, out = run { "status", "-o", "json" }
    assert.truthy(out:find('"place":"the keyring"', 1, true), out)
    assert.equal(0, (run { "logout" }))
    assert.equal("", system.read(home.folder .. "/keyring"))
    assert.equal('{"profiles":{}}\n', (system.read(home.config)))
  end)

  it("moves a key between the keyring and the file", function()
    with_keyring()
    assert.equal(0, (run({ "login", "--keyring" }, { stdin = V4 })))
    assert.equal(0, (run({ "login", "--product", "data" }, { stdin = V1 })))
    local _, out = run { "status", "-o", "json" }
    assert.truthy(out:find('"key":"…e5f6"', 1, true) and out:find('"key":"…d14b"', 1, true), out)
    assert.equal(0, (run({ "login" }, { stdin = V4 })))
    assert.equal(('{"profiles":{"default":{"data_token":"%s","token":"%s"}}}\n'):format(V1, V4), system.read(home.config))
  end)

  it("--keyring says what is missing", function()
    system.output(("ln -s \"$(command -v %s)\" %s"):format(process.interpreter(), quote(home.folder .. "/")))
    home.environment.PATH = home.folder -- only the interpreter is there
    local status, _, err = run({ "login", "--keyring" }, { stdin = V4 })
    assert.equal(1, status)
    assert.truthy(err:find("seranking: secret-tool is not installed (libsecret-tools on Debian); without --keyring the key "
      .. "goes into a file\n", 1, true), err)
    with_keyring "#!/bin/sh\necho 'The name is not activatable' >&2\nexit 1\n"
    _, _, err = run({ "login", "--keyring" }, { stdin = V4 })
    assert.truthy(err:find("secret-tool failed: The name is not activatable; without --keyring", 1, true), err)
    assert.is_nil(system.read_if_there(home.config))
  end)
end)

describe("the keyring", function()
  it("is not waited for longer than asked", function()
    local folder, remove = process.folder()
    system.write(folder .. "/secret-tool", "#!/bin/sh\nexec sleep 60\n")
    system.output("chmod +x " .. quote(folder .. "/secret-tool"))
    local out = system.output(("PATH=%s:$PATH %s -e %s"):format(quote(folder), process.interpreter(),
      quote 'print(select(2, require "seranking.cli.keyring".lookup("a", "token", 0.2)))'))
    remove()
    assert.equal("secret-tool did not answer within 0.2 s: is the keyring locked?\n", out)
  end)
end)

describe("seranking logout", function()
  it("removes the profile", function()
    run({ "login" }, { stdin = V4 })
    run({ "login", "--profile", "agency" }, { stdin = V1 })
    local status, out, err = run { "logout" }
    assert.equal("", err)
    assert.equal(("profile 'default' is removed from %s\n"):format(home.config), out)
    assert.equal(0, status)
    assert.equal(('{"profiles":{"agency":{"token":"%s"}}}\n'):format(V1), system.read(home.config))
    assert.equal("600", mode_of(home.config))
  end)

  it("names the profiles there are if there is no such one", function()
    run({ "login", "--profile", "agency" }, { stdin = V1 })
    local status, _, err = run { "logout" }
    assert.equal(3, status)
    assert.equal(("seranking: there is no profile 'default' in %s; there are: agency\n"):format(home.config), err)
  end)
end)

describe("seranking status", function()
  local function shown(arguments, environment)
    local status, out, err = run(arguments, { environment = environment })
    return status, (out:gsub('"limit":"[^"]*"', '"limit":"L"')), err
  end

  it("shows the key, where it is from, the limit and the balance", function()
    run({ "login" }, { stdin = V4 })
    local status, out, err = shown { "status", "-o", "json" }
    assert.equal("", err)
    assert.equal(0, status)
    assert.equal(('{"api":"v4","balance":120,"base_url":"%s","currency":"EUR","data":{"key":"…d14b","limit":"L","refused":'
      .. '"it takes v1 keys: seranking login --product data"},"from":"the default","key":"…d14b","limit":"L","place":"%s",'
      .. '"profile":"default","profiles":["default"]}\n'):format(fake.url, home.config), out)
  end)

  it("shows a profile that has only a product's key, without asking the Project API", function()
    run({ "login", "--profile", "agency", "--product", "data" }, { stdin = V1 })
    local status, out, err = shown { "status", "--profile", "agency", "-o", "json" }
    assert.same({ 0, "" }, { status, err })
    assert.truthy(out:find('"data":{"credits":48211,"key":"…e5f6","limit":"L"}', 1, true), out)
    assert.truthy(out:find('"key":"none","limit":"L","place":', 1, true), out)
    run({ "login", "--profile", "brand", "--product", "visible" }, { stdin = V1 })
    status, out, err = shown { "status", "--profile", "brand", "-o", "json" }
    assert.same({ 0, "" }, { status, err })
    assert.truthy(out:find('"visible":{"key":"…e5f6","limit":"L"}', 1, true), out)
    assert.is_nil(out:find('"data"', 1, true), out)
  end)

  it("says for which profile a key is missing", function()
    run({ "login", "--profile", "agency", "--product", "data" }, { stdin = V1 })
    local _, _, err = run { "sites", "list", "--profile", "agency" }
    assert.truthy(err:find("there is no API key to send; run `seranking login --profile agency`\n", 1, true), err)
    _, _, err = run({ "sites", "list" }, { environment = { SERANKING_PROFILE = "agency" } })
    assert.truthy(err:find("; run `seranking login --profile agency`, or set SERANKING_TOKEN\n", 1, true), err)
    run({ "login", "--product", "data" }, { stdin = V1 })
    _, _, err = run { "sites", "list" }
    assert.truthy(err:find("; run `seranking login`, or set SERANKING_TOKEN\n", 1, true), err)
    run({ "login", "--profile", "old" }, { stdin = V4 })
    local _, out = shown { "status", "--profile", "old", "-o", "json" }
    assert.truthy(out:find('"refused":"it takes v1 keys: seranking login --profile old --product data"', 1, true), out)
    _, _, err = run { "visible", "projects", "list", "--profile", "old" }
    assert.truthy(err:find("run `seranking login --profile old` with a v1 key", 1, true), err)
  end)

  it("refuses a column that it does not have", function()
    run({ "login" }, { stdin = V4 })
    local status, out, err = run({ "status", "--columns", "nope", "-o", "csv" })
    assert.same({ 2, "" }, { status, out })
    assert.equal("seranking: unknown column 'nope'; there are: ", err:sub(1, 45))
  end)

  it("shows what goes before what", function()
    run({ "login" }, { stdin = V4 })
    run({ "login", "--profile", "agency" }, { stdin = V1 })
    local key = home.folder .. "/key"
    system.write(key, V1 .. "\n")
    system.output("chmod 600 " .. quote(key))
    local environment = {}
    for _, row in ipairs {
      { "SERANKING_PROFILE", "agency", '"from":"SERANKING_PROFILE","key":"…e5f6"' },
      { "SERANKING_TOKEN_FILE", key, '"from":"SERANKING_TOKEN_FILE","key":"…e5f6"' },
      { "SERANKING_TOKEN", V4, '"from":"SERANKING_TOKEN","key":"…d14b"' },
    } do
      environment[row[1]] = row[2]
      local _, out = shown({ "status", "-o", "json" }, environment)
      assert.truthy(out:find(row[3], 1, true), out)
    end
    local _, out = shown({ "status", "-o", "json", "--profile", "agency" }, environment)
    assert.truthy(out:find('"from":"--profile","key":"…e5f6"', 1, true), out)
  end)

  it("without a key says how to get one, with status 4", function()
    local status, out, err = shown { "status" }
    assert.equal(4, status)
    assert.equal("", out)
    assert.equal("seranking: there is no API key: run `seranking login`, or set SERANKING_TOKEN\n", err)
    run({ "login", "--profile", "agency" }, { stdin = V1 })
    local _
    _, _, err = shown { "status" }
    assert.equal("seranking: there is no API key: run `seranking login`, or set SERANKING_TOKEN, or choose a profile with "
      .. "--profile: agency\n", err)
    status, _, err = shown { "status", "--profile", "agncy" }
    assert.equal(4, status)
    assert.equal(("seranking: --profile: there is no profile 'agncy' in %s; there are: agency; `seranking login --profile "
      .. "agncy` makes it\n"):format(home.config), err)
  end)

  it("shows what it knows if the API refuses the key, with status 4", function()
    local status, out, err = shown({ "status", "-o", "json" }, { SERANKING_TOKEN = V4:gsub("d", "e") })
    assert.equal(4, status)
    assert.truthy(out:find('"from":"SERANKING_TOKEN","key":"…e14b"', 1, true), out)
    assert.truthy(err:find("Incorrect token", 1, true))
  end)
end)
