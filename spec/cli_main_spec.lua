--- The command seranking: finding commands, exit statuses.
-- SPDX-License-Identifier: MIT

local terminal = require "support.terminal"

describe("seranking", function()
  it("runs an operation", function()
    local client = terminal.fake { fake = { demo = true } }
    local status, out, err = terminal.run({ "sites", "list" }, { client = client })
    assert.equal("", err)
    assert.equal(0, status)
    assert.truthy(out:find '"title":')
  end)

  it("suggests a command of which a word is the beginning", function()
    local status, _, err = terminal.run { "brand", "report" }
    assert.same({ 2, "seranking: there is no command 'brand'; did you mean 'brand-report'?\n" }, { status, err })
  end)

  it("suggests a command for an unknown one, with status 2", function()
    local status, out, err = terminal.run { "sites", "lst" }
    assert.equal(2, status)
    assert.equal("", out)
    assert.equal("seranking: there is no command 'sites lst'; did you mean 'sites list'?\n", err)
  end)

  describe("before the command", function()
    it("takes flags of the output", function()
      for _, arguments in ipairs { { "-o", "csv", "sites", "list" }, { "--output=csv", "sites", "list" },
        { "-ocsv", "sites", "list" } } do
        local status, out, err = terminal.run(arguments, { client = (terminal.fake { fake = { demo = true } }) })
        assert.same({ 0, "" }, { status, err })
        assert.matches("^id,title,", out)
      end
    end)

    it("names an unknown option, and says where options go", function()
      local status, _, err = terminal.run { "--timeout", "5", "sites", "list" }
      assert.same({ 2, "seranking: unknown option '--timeout' before a command; options of an operation go after its name, and "
        .. "`seranking --help` lists the commands\n" }, { status, err })
      assert.matches("unknown option '%-%-foo' before a command", select(3, terminal.run { "--foo" }))
    end)

    for name, key in pairs { UUID = "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6", ["40 digits"] = ("be2165b7"):rep(5) } do
      it("shows no key: " .. name, function()
        for _, arguments in ipairs { { "--token", key, "sites", "list" }, { "--token=" .. key }, { "--api-key", key } } do
          local status, _, err = terminal.run(arguments)
          assert.equal(2, status)
          assert.matches("^seranking: unknown option '%-%-[a-z-]+' before a command; the key is never a flag: "
            .. "run `seranking login`", err)
          assert.is_nil(err:find(key:sub(1, 12), 1, true))
        end
        for _, arguments in ipairs { { key }, { "sites", key }, { "sites", "list", key },
          { "sites", "list", "--token=" .. key }, { "help", key }, { "sites", "list", "-" .. key },
          { "--" .. key, "sites" }, { "chart", key }, { "report", key }, { "ops", key }, { "sites", "summary", key } } do
          local status, out, err = terminal.run(arguments)
          assert.equal(arguments[1] == "ops" and 1 or 2, status)
          assert.is_nil((out .. err):find(key:sub(1, 12), 1, true), err)
        end
      end)
    end
  end)

  it("says that the Data API wants a key of its own where it was sent the v4 key", function()
    local options, api = terminal.fake()
    options.data_token = nil
    local hint = "; the Data API was sent the v4 key; add a v1 key (a UUID) for it: `seranking login --product data`, or "
      .. "SERANKING_DATA_TOKEN\n"
    for _, arguments in ipairs { { "data", "account", "subscription" },
      { "raw", "GET", "/v1/account/subscription", "--product", "data" } } do
      local status, _, stderr = terminal.run(arguments, { client = options })
      assert.equal(4, status)
      assert.is_truthy(stderr:find(hint, 1, true), stderr)
    end
    options.data_token = "0a6c1f2e-3b4d-4c5e-8f90-000000000000"
    local _, _, stderr = terminal.run({ "data", "account", "subscription" }, { client = options })
    assert.is_truthy(stderr:find("; check the key: `seranking status` says which one is used\n", 1, true), stderr)
    assert.equal(3, #api.log)
  end)

  it("says of a read that costs credits that it may have been billed", function()
    local options, api = terminal.fake()
    api:fail { status = 503 }
    local status, _, stderr = terminal.run({ "data", "keywords", "similar", "rye", "--source", "us" }, { client = options })
    assert.equal(7, status)
    assert.is_truthy(stderr:find("it may have been billed: to repeat it may cost again\n", 1, true), stderr)
    assert.is_nil(stderr:find("look before", 1, true))
  end)
end)
