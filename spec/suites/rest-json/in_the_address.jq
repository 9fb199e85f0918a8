# The suites of botocore's rest-json.json with a member in a path or a query, or with an endpoint that has a path.
# SPDX-License-Identifier: MIT
[.[] | select((.clientEndpoint // "" | test("//[^/]+/"))
  or any(.shapes[].members? // {} | .[]; .location == "uri" or .location == "querystring"))]
