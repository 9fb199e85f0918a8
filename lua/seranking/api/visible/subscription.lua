--- The operations of client.visible.subscription.
-- SPDX-License-Identifier: MIT

return {
  about = "The plan of SE Visible.",
  {
    name = "visible.subscription",
    params = {},
    operations = {
      { "get", visible = "GET /v1/se-visible/subscription", answer = "object", source = "mcp n8n", confidence = "medium",
        about = "The plan, and what is left of it. Calls cost no credits; projects, prompts and seats are limited.",
        fields = [[
          plan string??
          status string
          period object??
          renewal boolean??
          limits.<what>.max integer?? of projects, prompts and seats
          limits.<what>.used integer??
          limits.<what>.available integer??]],
        example = [=[
          {"plan": "core", "status": "active", "limits": {"projects": {"max": 5, "used": 1, "available": 4},
            "prompts": {"max": 200, "used": 20, "available": 180}, "seats": {"max": 3, "used": 1, "available": 2}}}]=] },
    },
  },
}
