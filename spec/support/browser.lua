--- Pages in a headless Chromium.
-- SPDX-License-Identifier: MIT

local process = require "spec.support.process"
local system = require "spec.support.system"

local browser = {}

-- It asks nobody for updates and keeps its files in a folder that is removed.
local FLAGS = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update "
  .. "--disable-sync --hide-scrollbars --no-pdf-header-footer"

local LIFE = 120 -- seconds after which a browser hangs

-- Runs Chromium on a page. Returns what it prints and what it logs.
local function run(path, flags, settings)
  local folder, remove = process.folder()
  local out = system.output(("timeout %d chromium %s %s --user-data-dir=%s --window-size=%d,%d %s file://%s 2>%s/log"):format(
    LIFE * process.patience(), FLAGS, settings.dark and "--blink-settings=preferredColorScheme=0" or "", folder,
    settings.width or 1280, settings.height or 900, flags, path, folder))
  local log = system.read(folder .. "/log")
  remove()
  return out, log
end

--- The page after its scripts have run, and what they wrote to the console: errors, warnings and messages.
---@param path string of an HTML file
---@param settings { width?: integer, dark?: boolean }
---@return string html, string[] console
function browser.dump(path, settings)
  local html, log = run(path, "--dump-dom --virtual-time-budget=5000 --enable-logging=stderr", settings)
  assert(html:find "</html>", "Chromium printed no page: " .. log)
  local console = {}
  for line in log:gmatch "[^\n]+" do
    if line:find "CONSOLE" then
      console[#console + 1] = line
    end
  end
  return html, console
end

--- Writes the page as a picture (PNG).
---@param path string
---@param picture string
---@param settings { width?: integer, height?: integer, dark?: boolean }
function browser.picture(path, picture, settings)
  local _, log = run(path, "--screenshot=" .. picture, settings)
  assert(system.read_if_there(picture), "Chromium made no picture: " .. log)
end

--- Prints the page. Returns its text.
---@param path string
---@param settings { dark?: boolean }
---@return string
function browser.printed(path, settings)
  local folder, remove = process.folder()
  local _, log = run(path, ("--print-to-pdf=%s/page.pdf"):format(folder), settings)
  local text = system.output(("pdftotext -layout %s/page.pdf -"):format(folder))
  remove()
  assert(text ~= "", "Chromium printed nothing: " .. log)
  return text
end

return browser
