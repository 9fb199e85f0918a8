--- The function on_progress of waits and walks.
-- SPDX-License-Identifier: MIT

local adapter = require "seranking.loop.adapter"
local errors = require "seranking.answer.errors"
local mask = require "seranking.base.mask"

local hook = {}

--- Calls on_progress, which may wait. If it raises, returns the error that ends the wait or walk.
---@param client table
---@param name string of the operation
---@param f function
---@param ... any
---@return seranking.Error?
function hook.call(client, name, f, ...)
  local fine, raised = adapter.protect(f, ...)
  if fine then
    return nil
  end
  local err = errors.new("cancelled", "on_progress", ("%s: on_progress raised: %s"):format(name, mask.raised(client, raised)))
  err.sent, err.raised = true, raised
  return err
end

return hook
