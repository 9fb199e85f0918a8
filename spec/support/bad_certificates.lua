--- Certificates for 127.0.0.1 that a client must refuse, one for each reason.
-- SPDX-License-Identifier: MIT

local process = require "spec.support.process"
local system = require "spec.support.system"

local bad = {}

-- Lets a server use short keys and old signatures.
local LAX = "openssl_conf=all\n[all]\nssl_conf=ssl\n[ssl]\nsystem_default=system\n[system]\nCipherString=DEFAULT:@SECLEVEL=0\n"

-- A subjectAltName in hexadecimal: one DNS name, "localhost", a NUL, ".example".
local NUL_NAME = "DER:30:14:82:12:6C:6F:63:61:6C:68:6F:73:74:00:2E:65:78:61:6D:70:6C:65"

local EC, RSA_1024 = "ec -pkeyopt ec_paramgen_curve:prime256v1", "rsa:1024"
local NAMES, FOR_SERVERS = "subjectAltName=IP:127.0.0.1,DNS:localhost", "extendedKeyUsage=serverAuth"

-- Each: extensions; key; digest of the signature; from, to: dates of its validity; issuer.
local KINDS = {
  expired = { from = "20200101000000Z", to = "20200102000000Z" },
  future = { from = "20600101000000Z", to = "20610101000000Z" },
  for_clients = { extensions = { NAMES, "extendedKeyUsage=clientAuth" } },
  address_as_name = { extensions = { "subjectAltName=DNS:127.0.0.1", FOR_SERVERS } },
  nul = { extensions = { "subjectAltName=" .. NUL_NAME, FOR_SERVERS } },
  other_common_name = { extensions = { "subjectAltName=DNS:other.example", FOR_SERVERS } },
  incomplete = { issuer = "between" },
  sha1 = { digest = "sha1" },
  short_key = { key = RSA_1024 },
}

--- Makes them in the folder of `certificates`, once. Returns each as { certificate = file, key = file } by its name.
---@param certificates spec.Certificates
---@return table<string, { certificate: string, key: string }>
---@return string environment of a server that uses them
function bad.make(certificates)
  local folder = certificates.folder
  local function path(name)
    return folder .. "/" .. name
  end
  local function openssl(arguments, ...)
    local said = system.output(("cd %s && openssl %s 2>&1 && echo done"):format(process.quote(folder), arguments:format(...)))
    assert(said:find "done\n$", said)
  end
  local function request(name, key)
    openssl("req -new -newkey %s -nodes -subj /CN=127.0.0.1 -keyout %s.key -out %s.csr", key, name, name)
  end
  local function sign(name, kind)
    local issuer = kind.issuer or "authority"
    system.write(path(name .. ".ext"), table.concat(kind.extensions or { NAMES, FOR_SERVERS }, "\n") .. "\n")
    system.write(path(name .. ".index"), "")
    system.write(path(name .. ".conf"), ("[ca]\ndefault_ca=own\n[own]\ndatabase=%s.index\nnew_certs_dir=.\n"
      .. "rand_serial=yes\ndefault_md=sha256\npolicy=names\n[names]\ncommonName=supplied\n"):format(name))
    openssl("ca -batch -notext -config %s.conf -cert %s.pem -keyfile %s.key -in %s.csr -extfile %s.ext %s -out %s.pem %s",
      name, issuer, issuer, name, name, kind.from and ("-startdate %s -enddate %s"):format(kind.from, kind.to) or "-days 2",
      name, kind.digest and "-md " .. kind.digest or "")
  end
  request("between", EC)
  sign("between", { extensions = { "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign" } })
  local made = {
    wrong_host = { certificate = certificates.wrong.certificate, key = certificates.wrong.key },
    self_signed = { certificate = certificates.stranger, key = path "stranger.key" },
  }
  for name, kind in pairs(KINDS) do
    request(name, kind.key or EC)
    sign(name, kind)
    made[name] = { certificate = path(name .. ".pem"), key = path(name .. ".key") }
  end
  -- Signed by nobody that the client trusts.
  openssl("x509 -req -in right.csr -CA stranger.pem -CAkey stranger.key -CAcreateserial -days 2 -extfile right.ext "
    .. "-out unknown.pem")
  made.unknown_authority = { certificate = path "unknown.pem", key = certificates.key }
  system.write(path "lax.conf", LAX)
  return made, "OPENSSL_CONF=" .. process.quote(path "lax.conf")
end

return bad
