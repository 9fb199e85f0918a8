# Builds, tests and installs seranking, a Lua module in C on libcurl. "make help" lists the targets.
# SPDX-License-Identifier: MIT

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

# --- Variables you can set ------------------------------------------------------------------------------------

LUA           ?=# one Lua: 5.1 5.2 5.3 5.4 jit, or the name of an interpreter; empty: every Lua found
BUILD         ?= build
PREFIX        ?= /usr/local
PKG_CONFIG    ?= pkg-config
OBJCOPY       ?= objcopy
CFLAGS        ?= -O2 -g
WERROR        ?=# 1: warnings are errors
SANITIZE      ?=# 1: with AddressSanitizer and UndefinedBehaviorSanitizer; thread: with ThreadSanitizer
V             ?=# 1: show the build commands
JOBS          ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
LUA_VERSIONS  := 5.1 5.2 5.3 5.4 jit

# --- Which Lua, which libcurl ----------------------------------------------------------------------------------------

# LUA may name an interpreter ("luarocks make", "make LUA=luajit"): it is run to learn its version.
ifneq ($(LUA),)
  ifeq ($(filter $(LUA),$(LUA_VERSIONS)),)
    ASKED := $(shell $(LUA) -e 'print(jit and "jit" or _VERSION:match("%d%.%d"))' 2>/dev/null)
    $(if $(filter $(ASKED),$(LUA_VERSIONS)),,$(error LUA=$(LUA) is neither one of "$(LUA_VERSIONS)" nor an interpreter of these))
    override LUA := $(ASKED)
  endif
endif

# The packages of each Lua as "5.4:lua5.4". Distributions name them differently, so the version decides.
LUA_PACKAGES := $(shell \
  for v in 5.1 5.2 5.3 5.4; do for p in lua$$v lua$$(echo $$v | tr -d .) lua-$$v lua; do \
    case $$($(PKG_CONFIG) --modversion $$p 2>/dev/null) in ($$v*) echo $$v:$$p; break;; esac; done; done; \
  if $(PKG_CONFIG) --exists luajit 2>/dev/null; then echo jit:luajit; fi)
lua_package = $(patsubst $(1):%,%,$(filter $(1):%,$(LUA_PACKAGES)))
lua_cflags  = $(or $(LUA_CFLAGS),$(shell $(PKG_CONFIG) --cflags $(call lua_package,$(1)) 2>/dev/null))

ifneq ($(LUA),)
  LUAS := $(if $(LUA_CFLAGS)$(call lua_package,$(LUA)),$(LUA))
else
  LUAS := $(foreach p,$(LUA_PACKAGES),$(firstword $(subst :, ,$(p))))
endif

CURL_CFLAGS ?= $(shell $(PKG_CONFIG) --cflags libcurl 2>/dev/null || curl-config --cflags 2>/dev/null)
CURL_LIBS   ?= $(shell $(PKG_CONFIG) --libs libcurl 2>/dev/null || curl-config --libs 2>/dev/null)

# libcurl has already loaded zlib. Downloads to files need it to unpack gzip files.
ZLIB_CFLAGS ?= $(shell $(PKG_CONFIG) --cflags zlib 2>/dev/null)
ZLIB_LIBS   ?= $(or $(shell $(PKG_CONFIG) --libs zlib 2>/dev/null),-lz)

# The Redis limiter is a separate module, built if hiredis is found. "REDIS=" leaves it out.
HIREDIS_CFLAGS ?= $(shell $(PKG_CONFIG) --cflags hiredis 2>/dev/null)
HIREDIS_LIBS   ?= $(shell $(PKG_CONFIG) --libs hiredis 2>/dev/null)
REDIS          ?= $(if $(HIREDIS_LIBS),1)

# --- Flags -----------------------------------------------------------------------------------------------------------

WARNINGS  := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
SANITIZER_1      := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SANITIZER_thread := -fsanitize=thread -fno-omit-frame-pointer
SR_CFLAGS := -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden $(WARNINGS) $(if $(filter 1,$(WERROR)),-Werror) \
             $(SANITIZER_$(SANITIZE))
NO_BUILTIN := $(foreach f,malloc calloc realloc free,-fno-builtin-$(f))
COMPILE    = $(CC) $(CFLAGS) $(SR_CFLAGS) $(CPPFLAGS) -MMD -MP

# The Lua library is not linked: the interpreter has its own copy, and a second one would be a different Lua.
# nodelete: lua_close unmaps modules while a thread may still run code of this one.
# lazy and weak: Lua binds every symbol when it loads a module. With strong references, the wrong Lua, which lacks some of the
# functions, could not load the module far enough to print an error that says so.
ifeq ($(shell uname -s),Darwin)
  MODULE_LDFLAGS := -bundle -undefined dynamic_lookup
  WEAKEN         := :
else
  MODULE_LDFLAGS := -shared -Wl,-z,nodelete -Wl,-z,lazy
  WEAKEN          = $(OBJCOPY) --wildcard --weaken-symbol='lua_*' --weaken-symbol='luaL_*'
endif

TREE_PATH = lua/?.lua;lua/?/init.lua;fake/lua/?.lua;fake/lua/?/init.lua;;# LUA_PATH of the library and the fake in this tree
SAY = @$(if $(filter 1,$(V)),:,printf '  %-4s %s\n')
Q   = $(if $(filter 1,$(V)),,@)

# --- Build -----------------------------------------------------------------------------------------------------------

# src/lua, the binding, is compiled for each Lua; the other folders don't use Lua and are compiled once.
REDIS_BINDING := src/lua/lseranking_redis.c
BINDING       := $(filter-out $(REDIS_BINDING),$(wildcard src/lua/*.c))
CORE          := $(patsubst src/%.c,$(BUILD)/core/%.o,$(wildcard $(foreach d,base limit http worker,src/$(d)/*.c)))
REDIS_CORE    := $(patsubst src/%.c,$(BUILD)/core/%.o,$(wildcard src/limit/redis/*.c))
REDIS_SCRIPT  := $(BUILD)/core/limit/redis/sr_redis_script.h
REDIS_SHARED  := $(patsubst %,$(BUILD)/core/base/sr_%.o,base buf curl fd fork fork_multi sigpipe)# linked into both modules
MODULE_NAMES  := lseranking $(if $(REDIS),lseranking_redis)
MODULES       := $(foreach m,$(MODULE_NAMES),$(LUAS:%=$(BUILD)/%/$(m).so))
UNWRAPPED     := $(if $(filter Darwin,$(shell uname -s)),$(BUILD)/c/test_sr_redis_memory)# its linker has no --wrap
GLIBC         := $(filter-out __GLIBC__,$(lastword $(shell echo __GLIBC__ | $(CC) -E -P -include limits.h -x c - 2>/dev/null)))# empty: another libc
GLIBC_ONLY    := $(if $(GLIBC),,$(addprefix $(BUILD)/c/test_sr_,share_fails system_fails worker_fails))
REDIS_CTESTS  := $(patsubst spec/c/%.c,$(BUILD)/c/%,$(wildcard spec/c/test_sr_redis*.c))
CTESTS        := $(filter-out $(GLIBC_ONLY) $(if $(REDIS),$(UNWRAPPED),$(REDIS_CTESTS)),$(patsubst spec/c/%.c,$(BUILD)/c/%,$(wildcard spec/c/test_*.c)))

.PHONY: all
all: build-needs $(MODULES) ## build for every Lua found (LUA=5.4: for that one); the Redis limiter too if hiredis is found
	@:

.PHONY: build-needs
build-needs:
	$(if $(LUAS),,$(error No Lua$(LUA:%= %) found by $(PKG_CONFIG): install its development package (such as liblua5.4-dev) or give LUA and LUA_CFLAGS))
	$(if $(CURL_LIBS),,$(error No libcurl found: install its development package (libcurl4-openssl-dev on Debian, libcurl-devel on Fedora)))

$(BUILD)/core/%.o: src/%.c | build-needs
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(COMPILE) -Isrc $(CURL_CFLAGS) $(ZLIB_CFLAGS) -pthread -c -o $@ $<

# The script that Redis runs, as numbers for a C array, without its comments.
$(REDIS_SCRIPT): src/limit/redis/sr_redis.lua
	@mkdir -p $(@D)
	$(Q)sed '/^ *--/d' $< | od -An -v -tu1 | sed 's/\([0-9]\{1,\}\)/\1,/g' >$@

$(REDIS_CORE): $(BUILD)/core/%.o: src/%.c $(REDIS_SCRIPT) | build-needs
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(COMPILE) -Isrc -I$(@D) $(CURL_CFLAGS) $(HIREDIS_CFLAGS) -pthread -c -o $@ $<

# $(1): a Lua.
define binding_rules
$(BUILD)/$(1)/%.o: src/lua/%.c | build-needs
	@mkdir -p $$(@D)
	$$(SAY) CC $$@
	$$(Q)$$(COMPILE) -Isrc $$(call lua_cflags,$(1)) $$(CURL_CFLAGS) -pthread -c -o $$@ $$<
	$$(Q)$$(WEAKEN) $$@

$(BUILD)/$(1)/lseranking.so: $(BINDING:src/lua/%.c=$(BUILD)/$(1)/%.o) $(CORE)
	$$(SAY) LINK $$@
	$$(Q)$$(CC) $$(CFLAGS) $$(SR_CFLAGS) $$(MODULE_LDFLAGS) $$(LDFLAGS) -pthread -o $$@ $$^ $$(CURL_LIBS) $$(ZLIB_LIBS)

$(BUILD)/$(1)/lseranking_redis.so: $(BUILD)/$(1)/lseranking_redis.o $(REDIS_CORE) $(REDIS_SHARED)
	$$(SAY) LINK $$@
	$$(Q)$$(CC) $$(CFLAGS) $$(SR_CFLAGS) $$(MODULE_LDFLAGS) $$(LDFLAGS) -pthread -o $$@ $$^ $$(HIREDIS_LIBS) $$(CURL_LIBS)

$(BUILD)/$(1)/posix_for_specs.so: spec/support/posix.c | build-needs
	@mkdir -p $$(@D)
	$$(SAY) CC $$@
	$$(Q)$$(COMPILE) $$(call lua_cflags,$(1)) $$(MODULE_LDFLAGS) $$(LDFLAGS) -o $$@ $$<

$(BUILD)/$(1)/failing_malloc.so: spec/support/failing_malloc.c | build-needs
	@mkdir -p $$(@D)
	$$(SAY) CC $$@
	$$(Q)$$(COMPILE) $$(NO_BUILTIN) $$(call lua_cflags,$(1)) $$(MODULE_LDFLAGS) $$(LDFLAGS) -o $$@ $$<
endef
$(foreach v,$(LUAS),$(eval $(call binding_rules,$(v))))

.PHONY: test-programs
test-programs: build-needs $(CTESTS) $(LUAS:%=$(BUILD)/%/posix_for_specs.so) $(BUILD)/silent_dns.so $(BUILD)/no_boot_id.so
	@:

$(BUILD)/silent_dns.so $(BUILD)/no_boot_id.so: $(BUILD)/%.so: spec/support/%.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(COMPILE) -shared -o $@ $< -ldl

build/coverage/coverage.o: spec/support/coverage.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) -Werror -fPIC -fvisibility=hidden -c -o $@ $<

# no-builtin: some tests replace malloc, so the compiler must not assume the real one.
$(BUILD)/c/%: spec/c/%.c $(CORE)
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(COMPILE) $(NO_BUILTIN) -Isrc -Ifuzz $(CURL_CFLAGS) $(LDFLAGS) -pthread -o $@ $< $(CORE) -lcmocka $(CURL_LIBS) $(ZLIB_LIBS)

$(REDIS_CTESTS): $(BUILD)/c/%: spec/c/%.c $(REDIS_CORE) $(REDIS_SHARED)
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(COMPILE) $(NO_BUILTIN) -Isrc $(CURL_CFLAGS) $(HIREDIS_CFLAGS) $(LDFLAGS) -pthread -o $@ $< $(REDIS_CORE) $(REDIS_SHARED) \
	  $(WRAP) -lcmocka $(HIREDIS_LIBS) $(CURL_LIBS)
$(BUILD)/c/test_sr_redis_memory: WRAP = -Wl,--wrap=calloc -Wl,--wrap=realloc

-include $(wildcard $(foreach d,* */* */*/* */*/*/*,$(BUILD)/$(d).d))

# --- Packages --------------------------------------------------------------------------------------

# Debian and Ubuntu names. luajit2, not luajit, which conflicts with nginx's Lua module.
lua_debs   = $(if $(filter jit,$(1)),luajit2 libluajit2-5.1-dev,lua$(1) $(if $(filter 5.1,$(1)),liblua5.1-0-dev,liblua$(1)-dev))
BUILD_DEBS = gcc libc6-dev pkg-config libcurl4-openssl-dev zlib1g-dev libhiredis-dev
DEMO_DEBS  = $(BUILD_DEBS) $(call lua_debs,$(or $(LUA),5.4)) lua-cjson lua-socket lua-argparse lua-luv
TEST_DEBS  = $(foreach v,$(LUA_VERSIONS),$(call lua_debs,$(v))) lua-busted lua-sec luarocks libcmocka-dev valgrind openssl curl nghttp2-server \
             redis-server nginx libnginx-mod-http-lua lua-resty-core lua-cqueues wrk zsh fish faketime lua-check clang libclang-rt-dev clang-format clang-tidy \
             cppcheck chromium libxml2-utils poppler-utils python3 sqlite3
PACKAGE_DEBS = $(foreach v,5.1 5.2 5.3,$(call lua_debs,$(v))) git build-essential debhelper lintian
# Peers of the specs peers_*. They use squid, h2o and caddy as well where these are installed, but their packages start servers.
PEER_DEBS  = tinyproxy-bin gunicorn python3-httpbin
PACKAGES  ?= $(DEMO_DEBS) $(TEST_DEBS) $(PACKAGE_DEBS) $(PEER_DEBS)

.PHONY: deps
deps: ## install missing packages for building, testing and checking (Debian, Ubuntu; DEPS=skip: install nothing)
	@:
ifneq ($(DEPS),skip)
	@set -eu; missing=; \
	if [ ! -e /etc/debian_version ] || ! command -v apt-get >/dev/null; then \
	  echo "This is not Debian or Ubuntu: install what these packages hold, then say DEPS=skip:" $(PACKAGES) >&2; exit 1; fi; \
	have=$$(dpkg-query -W -f '$${Package} $${Status}\n' $(PACKAGES) 2>/dev/null | sed -n 's/ install ok installed//p'); \
	for p in $(PACKAGES); do case " "$$(echo $$have)" " in *" $$p "*) ;; *) missing="$$missing $$p";; esac; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	sudo=; if [ "$$(id -u)" != 0 ]; then sudo=sudo; \
	  command -v sudo >/dev/null || { echo "Missing, and there is no sudo to install them with:$$missing" >&2; exit 1; }; fi; \
	mkdir -p $(BUILD); log=$(BUILD)/deps.log; \
	echo "Installing (apt-get's own words are in $$log):$$missing"; \
	{ $$sudo apt-get update -q && \
	  $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing; \
	} </dev/null >$$log 2>&1 || { tail -n 20 $$log >&2; exit 1; }
endif

# --- Tests and checks ------------------------------------------------------------------------------------------------

# deps may install packages that this make has looked for already, so later steps run in a new make.
SUBMAKE = $(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))
EVERY_LUA = LUA= LUA_CFLAGS=

.PHONY: demo
demo: ## build for one Lua, and run the API page's examples and the quick start on the fake API
	@+$(MAKE) --no-print-directory deps PACKAGES="$(DEMO_DEBS)"
	@+$(SUBMAKE) all LUA=$(or $(LUA),5.4)
	@LUA=$(or $(LUA),5.4) BUILD=$(BUILD) sh examples/demo.sh

# "test" proves function on every Lua; "test-deep" has sanitizers, valgrind and long runs. See spec/support/run.sh.
TEST_SUITES = lua5.1 lua5.2 lua5.3 lua5.4 luajit c nginx install
DEEP_SUITES = asan c-asan nginx-asan c-tsan valgrind c-valgrind portable c-portable limiter fuzz torture peers5.4 peers-asan package

.PHONY: test
test: deps ## run the tests: every Lua, the C tests, nginx, installation (SUITES="lua5.4 c": only these)
	@+$(SUBMAKE) $(EVERY_LUA) suites RUN="$(or $(SUITES),$(TEST_SUITES))" RESULT=test

.PHONY: test-deep
test-deep: deps ## run the tests under sanitizers and valgrind, in the portable build, the long runs, generated cases, failing allocations, the release's packages (SUITES="asan c-tsan": only these)
	@+$(SUBMAKE) $(EVERY_LUA) suites RUN="$(or $(SUITES),$(DEEP_SUITES))" RESULT=test-deep

# Builds what the suites in RUN need, and runs them.
SUITE_BUILDS = $(if $(filter-out asan c-asan peers-asan c-tsan portable c-portable coverage c-coverage fuzz package,$(RUN)),plain-build) \
               $(if $(filter asan c-asan nginx-asan peers-asan fuzz,$(RUN)),asan-build) \
               $(if $(filter c-tsan,$(RUN)),tsan-build) \
               $(if $(filter portable c-portable,$(RUN)),portable-build) \
               $(if $(filter coverage c-coverage,$(RUN)),coverage-build) \
               $(if $(filter torture,$(RUN)),torture-build)
.PHONY: suites
suites: $(SUITE_BUILDS)
	@RESULT=$(RESULT) JOBS=$(JOBS) sh spec/support/run.sh $(RUN)

.PHONY: plain-build
plain-build:
	@+$(SUBMAKE) LUA=$(if $(filter lua5.1 lua5.2 lua5.3 luajit peersjit nginx install,$(RUN)),,5.4) WERROR=1 all test-programs

.PHONY: torture-build
torture-build: plain-build
	@+$(SUBMAKE) LUA=5.4 WERROR=1 build/5.4/failing_malloc.so

COVERAGE = CFLAGS="-O0 -g --coverage -fprofile-update=atomic -DLUA_NOBUILTIN" LDFLAGS="--coverage build/coverage/coverage.o"

.PHONY: coverage-build
coverage-build:
	@+$(SUBMAKE) BUILD=build/coverage LUA=5.4 WERROR=1 $(COVERAGE) build/coverage/coverage.o
	@+$(SUBMAKE) BUILD=build/coverage LUA=5.4 WERROR=1 $(COVERAGE) all test-programs build/coverage/5.4/failing_malloc.so
	@+$(SUBMAKE) BUILD=build/coverage LUA=jit WERROR=1 $(COVERAGE) all
	@find build/coverage -type d -exec chmod a+rwx {} + # the workers of nginx are of another user

.PHONY: asan-build
asan-build:
	@+$(SUBMAKE) BUILD=build/asan LUA=5.4 SANITIZE=1 WERROR=1 CFLAGS="-O1 -g" all test-programs $(FUZZ_TARGETS:%=build/asan/%)
	@+$(SUBMAKE) BUILD=build/asan LUA=jit SANITIZE=1 WERROR=1 CFLAGS="-O1 -g" all

.PHONY: tsan-build
tsan-build:
	@+$(SUBMAKE) BUILD=build/tsan LUA=5.4 SANITIZE=thread WERROR=1 CFLAGS="-O1 -g" test-programs

.PHONY: portable-build
portable-build: # as with libcurl before 7.80, which has no callback before it sends, and on systems other than Linux
	@+$(SUBMAKE) BUILD=build/portable LUA=5.4 CPPFLAGS="-DSR_HAVE_PREREQ=0 -DSR_PORTABLE=1" WERROR=1 all test-programs

.PHONY: key-hunt
key-hunt: ## run the specs with keys made for the run, under strace, and search what is written, named or started, but for connections, for them
	@+$(MAKE) --no-print-directory deps PACKAGES="$(PACKAGES) strace"
	@+$(SUBMAKE) $(EVERY_LUA) plain-build RUN=nginx
	@JOBS=$(JOBS) sh spec/key_hunt.sh lua5.4 nginx

.PHONY: coverage
coverage: ## show which branches of src/ the C tests and the specs take, and why others are not taken
	@+$(MAKE) --no-print-directory deps PACKAGES="$(PACKAGES) gcovr"
	@find build/coverage -name '*.gcda' -delete 2>/dev/null || :
	@+$(SUBMAKE) $(EVERY_LUA) suites RUN="coverage c-coverage torture-coverage nginx-coverage"
	@gcovr -r . --filter src/ --json build/coverage/report.json build/coverage
	@$$(sh spec/support/interpreter.sh 5.4) spec/support/coverage.lua build/coverage/report.json

.PHONY: mutants
mutants: deps ## check that the tests find each mistake listed in spec/mutations (ONLY="budget": those whose description or file has this word)
	@rm -rf build/mutants && mkdir -p build/mutants
	@find . -path ./build -prune -o -path ./.git -prune -o -type f -print0 | xargs -0 cp --parents -p -t build/mutants
	@+$(MAKE) --no-print-directory -s -C build/mutants -j$(JOBS) $(EVERY_LUA) LUA=5.4 BUILD=build all test-programs
	@$$(sh spec/support/interpreter.sh 5.4) spec/mutations/run.lua build/mutants "$$ONLY"

C_FILES    = $(wildcard $(foreach d,src/* src/limit/redis spec/c spec/support bench fuzz,$(d)/*.c $(d)/*.h))
TIDY_FILES = $(filter-out $(if $(REDIS),,$(REDIS_BINDING)),$(wildcard src/*/*.c $(if $(REDIS),src/limit/redis/*.c)))
LUA_FILES  = lua fake library spec tools src/limit/redis/sr_redis.lua $(wildcard bin/* examples/*.lua examples/*/*.lua bench/*.lua bench/*/*.lua *.rockspec)
TIDY_FLAGS = -std=c11 -D_GNU_SOURCE $(WARNINGS) -Isrc -I$(dir $(REDIS_SCRIPT)) $(CURL_CFLAGS) $(HIREDIS_CFLAGS)

.PHONY: check
check: deps ## check the sources: style, warnings, static analysis; and run README's examples
	@+$(SUBMAKE) -k $(if $(filter output-sync,$(.FEATURES)),-O) $(CHECKS)

DOCS   = README.md $(wildcard docs/*.md)# pages whose Lua blocks are run
MD_FILES = $(wildcard *.md docs/*.md docs/*/*.md docs/*/*/*.md examples/*.md)
CHECKS = $(addprefix check-,luacheck layout mutations format tidy cppcheck gcc clang readme links reference)
.PHONY: $(CHECKS)
check-luacheck:
	$(SAY) luacheck
	$(Q)luacheck -q $(LUA_FILES)
check-layout:
	$(SAY) layout
	$(Q)$$(sh spec/support/interpreter.sh 5.4) tools/check_layout.lua
check-mutations: # each still applies; `make mutants` tries them
	$(SAY) mutations
	$(Q)$$(sh spec/support/interpreter.sh 5.4) spec/mutations/run.lua
check-format:
	$(SAY) clang-format
	$(Q)clang-format --dry-run -Werror $(C_FILES)
check-tidy: $(REDIS_SCRIPT) # findings are on stdout; stderr only counts suppressed ones
	$(SAY) clang-tidy
	$(Q)printf '%s\n' $(TIDY_FILES) | xargs -P $(JOBS) -I FILE \
	  sh -c 'clang-tidy --quiet FILE -- $(TIDY_FLAGS) $(call lua_cflags,5.4) 2>/dev/null'
check-cppcheck:
	$(SAY) cppcheck
	$(Q)cppcheck --quiet --std=c11 --enable=warning,performance,portability,style --inline-suppr --error-exitcode=1 src
check-gcc check-clang: check-%:
	@+$(MAKE) --no-print-directory $(EVERY_LUA) BUILD=build/check-$* CC=$* WERROR=1 all
.PHONY: check-build
check-build:
	@+$(MAKE) --no-print-directory LUA=5.4 all
check-readme: check-build # shows the examples' output only if one fails
	$(SAY) readme
	$(Q)log=$(BUILD)/check-readme.log; \
	$$(sh spec/support/interpreter.sh 5.4) spec/support/readme.lua $(DOCS) >$$log 2>&1 || { cat $$log; exit 1; }; tail -n 1 $$log
check-links:
	$(SAY) links
	$(Q)lua=$$(sh spec/support/interpreter.sh 5.4) && $$lua tools/check_links.lua $(MD_FILES)
check-reference: check-build
	$(SAY) reference
	$(Q)$(REFERENCE) --check && $(FAULTS) --check

# The files generated from lua/seranking/api are checked in, so that they can be read on the web.
REFERENCE = LUA_PATH="$(TREE_PATH)" LUA_CPATH="$(BUILD)/5.4/?.so;;" \
            $$(sh spec/support/interpreter.sh 5.4) tools/reference.lua
FAULTS    = $$(sh spec/support/interpreter.sh 5.4) tools/faults.lua

.PHONY: reference
reference: check-build ## regenerate docs/reference and library (editor types) from the API descriptions, and the table of faults
	$(Q)$(REFERENCE) && $(FAULTS)

.PHONY: bench
bench: deps ## measure calls, the limit and the fake, beside floors in C and other clients; writes bench/RESULTS.md
	@+$(SUBMAKE) LUA=$(or $(LUA),5.4) all
	@+$(SUBMAKE) LUA=jit all
	@LUA=$(or $(LUA),5.4) BUILD=$(BUILD) sh bench/all.sh

# Each fuzz/NAME.c is a target, and fuzz/cases/NAME has cases for it; to add one, add both.
FUZZ_TARGETS = $(patsubst fuzz/%.c,%,$(filter-out fuzz/driver.c $(if $(REDIS),,fuzz/redis.c),$(wildcard fuzz/*.c)))
FUZZ_CORE    = $(CORE) $(if $(REDIS),$(REDIS_CORE))
FUZZ_FLAGS   = -Isrc -Ifuzz $(CURL_CFLAGS) $(HIREDIS_CFLAGS) $(LDFLAGS) -pthread
# The decoder is part of the binding.
FUZZ_BINDING = $(BINDING:src/lua/%.c=$(BUILD)/5.4/%.o)
$(BUILD)/decode $(BUILD)/decode-libfuzzer: $(FUZZ_BINDING)
$(BUILD)/decode $(BUILD)/decode-libfuzzer: FUZZ_FLAGS += $(call lua_cflags,5.4)
$(BUILD)/decode $(BUILD)/decode-libfuzzer: FUZZ_LIBS = $(FUZZ_BINDING) $(shell $(PKG_CONFIG) --libs $(call lua_package,5.4) 2>/dev/null)

.PHONY: fuzz
fuzz: deps ## under sanitizers: random calls of the C module and texts of descriptions (CALLS=1000000), 100,000 keys, the targets in fuzz/ (RUNS=1000000)
	@+$(SUBMAKE) asan-build
	@SERANKING_FUZZ=$(or $(CALLS),1000000) SPECS="spec/binding_spec.lua spec/notation_garbage_spec.lua" FILE_TIMEOUT=3000 sh spec/support/run.sh asan
	@SERANKING_LONG=1 $(BUILD)/asan/c/test_sr_gate
	@+$(MAKE) --no-print-directory fuzz-targets DEPS=skip

.PHONY: fuzz-targets
fuzz-targets: deps # under sanitizers: with a generator, then with libFuzzer (RUNS=1000000 each, TARGETS=mask)
	@+for target in $(or $(TARGETS),$(FUZZ_TARGETS)); do \
	  $(SUBMAKE) BUILD=build/fuzz SANITIZE=1 WERROR=1 CFLAGS="-O1 -g" build/fuzz/$$target && \
	  build/fuzz/$$target $(or $(RUNS),1000000) 1 fuzz/cases/$$target && \
	  $(SUBMAKE) BUILD=build/fuzz-clang CC=clang WERROR=1 CFLAGS="-O1 -g -fsanitize=fuzzer-no-link,address,undefined" \
	    build/fuzz-clang/$$target-libfuzzer && \
	  mkdir -p build/fuzz/corpus-$$target && build/fuzz/$$target write fuzz/cases/$$target build/fuzz/corpus-$$target && \
	  build/fuzz-clang/$$target-libfuzzer -runs=$(or $(RUNS),1000000) -max_len=256 -verbosity=0 build/fuzz/corpus-$$target \
	    >build/fuzz/$$target.log 2>&1 && echo "$(or $(RUNS),1000000) runs of libFuzzer, nothing found" || \
	    { tail -n 40 build/fuzz/$$target.log; exit 1; }; done

$(BUILD)/%: fuzz/%.c fuzz/driver.c fuzz/fuzz.h $(FUZZ_CORE)
	$(SAY) CC $@
	$(Q)$(COMPILE) -MF $@.d $(FUZZ_FLAGS) -o $@ fuzz/driver.c $< $(FUZZ_LIBS) $(FUZZ_CORE) $(HIREDIS_LIBS) $(CURL_LIBS) $(ZLIB_LIBS)

$(BUILD)/%-libfuzzer: fuzz/%.c fuzz/driver.c fuzz/fuzz.h $(FUZZ_CORE)
	$(SAY) CC $@
	$(Q)$(COMPILE) -MF $@.d -DFUZZ_ENGINE -fsanitize=fuzzer $(FUZZ_FLAGS) -o $@ fuzz/driver.c $< $(FUZZ_LIBS) $(FUZZ_CORE) $(HIREDIS_LIBS) $(CURL_LIBS) $(ZLIB_LIBS)

.PHONY: soak
soak: deps ## 15 minutes of calls, aborts, reloads and killed workers in nginx (SECONDS=900)
	@+$(SUBMAKE) LUA=5.4 all
	@+$(SUBMAKE) LUA=jit all test-programs
	@LUA_PATH="./?.lua;$(TREE_PATH)" LUA_CPATH="$(BUILD)/5.4/?.so;;" \
	  $$(sh spec/support/interpreter.sh 5.4) spec/support/soak.lua $(or $(SECONDS),900)

# --- Installation ----------------------------------------------------------------------------------------------------

# LuaJIT looks where Lua 5.1 does.
INSTALL_LUA = $(or $(LUA),5.4)
LUA_ABI     = $(if $(filter jit,$(INSTALL_LUA)),5.1,$(INSTALL_LUA))
CMOD       ?= $(PREFIX)/lib/lua/$(LUA_ABI)
LMOD       ?= $(PREFIX)/share/lua/$(LUA_ABI)
BINDIR     ?= $(PREFIX)/bin
LUA_BIN    ?= $(or $(shell sh spec/support/interpreter.sh $(INSTALL_LUA)),/usr/bin/env lua$(INSTALL_LUA))
MANDIR     ?= $(PREFIX)/share/man/man1
LUA_MODULES = $(shell cd lua && find seranking -name '*.lua')
FAKE_MODULES = $(shell cd fake/lua && find seranking -name '*.lua')

.PHONY: install
install: ## install for one Lua, LUA=5.4 by default, below DESTDIR and PREFIX=/usr/local (or CMOD, LMOD and BINDIR)
	@+$(SUBMAKE) LUA=$(INSTALL_LUA) all
	install -d "$(DESTDIR)$(CMOD)" "$(DESTDIR)$(LMOD)" "$(DESTDIR)$(BINDIR)"
	install -m 755 $(MODULE_NAMES:%=$(BUILD)/$(INSTALL_LUA)/%.so) "$(DESTDIR)$(CMOD)/"
	@$(if $(REDIS),:,echo "Without lseranking_redis.so, the limiter on Redis: hiredis was not found (libhiredis-dev)")
	@for f in $(LUA_MODULES); do \
	  install -d "$(DESTDIR)$(LMOD)/$${f%/*}" && install -m 644 lua/$$f "$(DESTDIR)$(LMOD)/$$f" || exit 1; done
	install -d "$(DESTDIR)$(LMOD)/seranking/library" # types for editors; not loaded at run time
	install -m 644 library/seranking.lua "$(DESTDIR)$(LMOD)/seranking/library/"
	install -d "$(DESTDIR)$(MANDIR)"
	install -m 644 docs/seranking.1 "$(DESTDIR)$(MANDIR)/"
	@LUA_BIN="$(LUA_BIN)" BINDIR="$(BINDIR)" LMOD="$(LMOD)" CMOD="$(CMOD)" DESTDIR="$(DESTDIR)" TRY="$(TRY)" sh tools/install_command.sh

.PHONY: install-fake
install-fake: ## install the fake API, after install and to the same place
	install -d "$(DESTDIR)$(LMOD)"
	@for f in $(FAKE_MODULES); do \
	  install -d "$(DESTDIR)$(LMOD)/$${f%/*}" && install -m 644 fake/lua/$$f "$(DESTDIR)$(LMOD)/$$f" || exit 1; done
	install -d "$(DESTDIR)$(LMOD)/seranking/library"
	install -m 644 fake/library/seranking_fake.lua "$(DESTDIR)$(LMOD)/seranking/library/"

.PHONY: uninstall
uninstall: ## remove the installed files, including the fake's
	rm -f "$(DESTDIR)$(CMOD)/lseranking.so" "$(DESTDIR)$(CMOD)/lseranking_redis.so" $(patsubst %,"$(DESTDIR)$(LMOD)/%",$(LUA_MODULES) $(FAKE_MODULES)) "$(DESTDIR)$(LMOD)/seranking/library/seranking.lua" "$(DESTDIR)$(LMOD)/seranking/library/seranking_fake.lua" "$(DESTDIR)$(BINDIR)/seranking" "$(DESTDIR)$(MANDIR)/seranking.1"
	-@[ ! -d "$(DESTDIR)$(LMOD)/seranking" ] || find "$(DESTDIR)$(LMOD)/seranking" -depth -type d -exec rmdir {} \;

# --- Release ---------------------------------------------------------------------------------------------------------

VERSION := $(shell sed -n 's/^.define SR_VERSION "\(.*\)"/\1/p' src/base/sr_base.h)
TARBALL  = $(BUILD)/seranking-$(VERSION).tar.gz

# The same commit gives the same bytes, whatever the user's umask and settings of git.
.PHONY: dist
dist: ## make build/seranking-VERSION.tar.gz of the last commit
	@[ "$$(git rev-parse --show-toplevel 2>/dev/null)" = "$(CURDIR)" ] || { echo "make dist needs git and a clone of the repository" >&2; exit 1; }
	@[ -z "$$(git status --porcelain --untracked-files=no)" ] || echo "Changes that are not committed are left out"
	@mkdir -p $(BUILD)
	$(Q)git -c tar.umask=0022 -c core.autocrlf=false archive --format=tar --prefix=seranking-$(VERSION)/ HEAD >$(TARBALL:.gz=)
	$(Q)gzip -9nf $(TARBALL:.gz=)
	@echo $(TARBALL)

.PHONY: deb
deb: ## build Debian packages of the last commit in build/deb
	@+$(MAKE) --no-print-directory deps PACKAGES="$(DEMO_DEBS) $(PACKAGE_DEBS)" LUA=5.4
	@+$(MAKE) --no-print-directory dist
	@rm -rf $(BUILD)/deb && mkdir -p $(BUILD)/deb
	$(Q)cp $(TARBALL) $(BUILD)/deb/lua-seranking_$(VERSION).orig.tar.gz
	$(Q)tar -xzf $(TARBALL) -C $(BUILD)/deb
	$(Q)cd $(BUILD)/deb/seranking-$(VERSION) && cp -r packaging/debian . && env -u MAKEFLAGS -u MAKELEVEL -u LUA -u BUILD dpkg-buildpackage -us -uc

.PHONY: clean
clean: ## remove everything built
	rm -rf $(BUILD)

.PHONY: help
help: ## show this
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | while read -r goal text; do printf '  make %-10s %s\n' "$$goal" "$$text"; done
