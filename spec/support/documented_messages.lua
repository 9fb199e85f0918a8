--- The messages that the API's documentation has, each as { status, message, kind, code }: kinds and codes are ours.
-- SPDX-License-Identifier: MIT

return {
  { 400, "Bad Request", "invalid", "bad_request" },
  { 400, "Invalid keyword_id", "invalid", "invalid_keyword_id" },
  { 400, "Invalid date", "invalid", "invalid_date" },
  { 400, "Invalid site_engine_id", "invalid", "invalid_site_engine_id" },
  { 400, "No ids in request", "invalid", "no_ids" },
  { 403, "No token", "auth", "no_token" },
  { 403, "Incorrect token", "auth", "incorrect_token" },
  { 403, "No access", "access", "no_access" },
  { 403, "Access denied", "access", "access_denied" },
  { 404, "Not Found", "not_found", "not_found" },
  { 404, "Unknown search_engine_id", "not_found", "unknown_search_engine_id" },
  { 404, "Unknown site_engine_id", "not_found", "unknown_site_engine_id" },
  { 429, "Too Many Requests", "rate_limit", "too_many_requests" },
  { 500, "Server error", "server", "server_error" },
}
