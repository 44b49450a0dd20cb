# `make` lists the targets. Needs Go and Node; what tests need besides is installed with apt or npm.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help generate verify breaking release-contract lint test test-engines check run build client-package docs bench bench-packages load soak chaos sbom audit notices clean

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GOTOOL := go tool -modfile=tools/go.mod
NODE_MODULES := openapi/npm/node_modules/.package-lock.json
BROWSER_MODULES := tests/browser/node_modules/.package-lock.json
CLIENT_MODULES := $(addsuffix /node_modules/.package-lock.json,clients/typescript clients/typescript/test/node24)
SQLITE_MODULES := clients/typescript/test/sqlite/node_modules/.package-lock.json
SEVERITIES := $(addprefix --severity-levels ,$(wildcard openapi/*severity*))
GENERATED := gen openapi/asyncapi.bundled.json .env.example README.md docs/integrators.md docs/security-cases.md
CHAOS = CI=1 CHAOS_SEED=$(SEED) CHAOS_MINUTES=$(MINUTES) CHAOS_FAULT='$(FAULT)' CHAOS_PLOT=$(CURDIR)/bin/chaos.svg go test -tags soak -count=1 -v -timeout 120m
export REDOCLY_TELEMETRY := off
export REDOCLY_SUPPRESS_UPDATE_NOTICE := true

help: ## list the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

generate: $(NODE_MODULES) ## write gen/, .env.example and the generated tables under docs/ and in README.md
	go generate .
	go test ./internal/config -run TestDrift -count=1 -update
	go test ./openapi -run TestGuideListsThePolicies -count=1 -update
	go test ./internal -run TestSecurityCasesPage -count=1 -update

verify: ## check that the generated files are up to date
	go test ./internal/config -run TestDrift -count=1
	$(MAKE) --no-print-directory generate
	@changed=$$(git status --porcelain -- $(GENERATED)); [ -z "$$changed" ] || { git --no-pager diff -- $(GENERATED); echo "$$changed"; exit 1; }

breaking: ## check that openapi.yaml does not break clients of openapi/released.yaml
	$(GOTOOL) oasdiff breaking openapi/released.yaml openapi/openapi.yaml --include-path-params $(SEVERITIES) --deprecation-days-stable 90 --fail-on ERR

release-contract: ## release the contract as VERSION=x.y.z: update openapi/released.yaml and docs/contract-changelog.md
	GOTOOL="$(GOTOOL)" scripts/release-contract "$(VERSION)"

lint: $(NODE_MODULES) ## check gofmt, go vet, import rules, sizes, deployment files and the contract's style
	@wrong=$$(git ls-files -co --exclude-standard "*.go" | xargs gofmt -l); [ -z "$$wrong" ] || { echo "gofmt would change:"; echo "$$wrong"; exit 1; }
	go vet ./...
	go test -count=1 ./internal ./deploy
	npm --prefix openapi/npm run --silent lint

test: $(BROWSER_MODULES) $(CLIENT_MODULES) $(SQLITE_MODULES) ## run all tests with the race detector, against real PostgreSQL, Redis, S3, Prometheus and Chromium
	scripts/install-peers prometheus
	for one in versitygw stripe-mock server; do go tool -modfile=tools/peers/go.mod -n $$one >/dev/null; done
	go run ./internal/testing/testpeers -- go test -race -timeout 30m ./...

test-engines: $(CLIENT_MODULES) $(SQLITE_MODULES) ## run the TypeScript client's suite in Qt WebEngine, which is close to Electron's renderer
	scripts/install-peers qtwebengine
	go run ./internal/testing/testpeers -- go test -tags engines -count=1 -run '^TestClientInQtWebEngine$$' ./tests/typescript

check: verify breaking lint test test-engines ## run all of the above, as .ci/run does

run: build ## start the service on http://127.0.0.1:8080 with embedded defaults; reads .env if it exists
	set -a; if [ -f .env ]; then . ./.env; fi; set +a; exec bin/adiuva-api serve

build: ## build bin/adiuva-api, a static binary
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-X main.version=$(VERSION)" -o bin/ ./cmd/adiuva-api

client-package: $(CLIENT_MODULES) ## pack the TypeScript client as bin/adiuva-api-client-VERSION.tgz
	mkdir -p bin && rm -f bin/adiuva-api-client-*.tgz
	cd clients/typescript && npm run --silent build && npm run --silent check
	scripts/pack-client "$(VERSION)"

docs: build ## write the documentation as a static site to bin/docs
	bin/adiuva-api docs --out bin/docs

bench: ## measure the service beside nginx, langchaingo, Bifrost and others, in a table with the goals; bin/bench.json has it too
	scripts/install-peers nginx
	mkdir -p bin
	BENCH_JSON=$(CURDIR)/bin/bench.json go run ./internal/testing/testpeers -- go test ./bench -run '^$$' -bench 'Service$$' -benchtime 1x -timeout 30m

bench-packages: ## run the benchmarks of single packages
	go run ./internal/testing/testpeers -- go test -run '^$$' -bench . -skip 'Service$$' -benchmem ./internal/... ./cmd/... ./bench

load: ## measure what this machine carries, and write the table and the plots to docs/load (about ten minutes)
	scripts/install-peers wrk
	LOAD_OUT=$(CURDIR)/docs/load go run ./internal/testing/testpeers -- go test -tags load -v -count=1 -timeout 30m -run '^TestLoad$$' ./tests/load

soak: ## run the long tests: fuzzing, every attack in every disguise, kills, outages, timing, large backups and tables (about an hour)
	scripts/install-peers
	@for one in strictjson:FuzzDecode auth:FuzzNormalizeEmail auth/token:FuzzVerifyAccess auth/token:FuzzVerifyRefresh \
		forwarded:FuzzOrigin forwarded:FuzzParseAddr bodyreader:FuzzReadAgreesWithValidator httpapi:FuzzBodiesAgreeWithTheValidator httpapi:FuzzAuthorization httpapi:FuzzRequestID httpapi:FuzzConditionsAgreeWithServeContent \
		stripepay:FuzzVerifySignature llm:FuzzDecodeEventAgreesWithEncodingJSON llm:FuzzFrameAgreesWithDecoder http1:FuzzResponse sanitize:FuzzStreamEqualsText sanitize:FuzzWorkGrowsWithTheText; do \
		go test ./internal/$${one%%:*} -run '^$$' -fuzz "^$${one##*:}\$$" -fuzztime 60s; done
	go test -tags soak -count=1 -v -run 'TestSoak' ./internal/auth
	go test -tags soak -count=1 -v -run 'TestSoak|TestClientThatReads' ./internal/httpapi
	go test -tags soak -count=1 -v -run 'TestTenSecondTimeouts|TestLogoutCloses' ./internal/chatstream
	go test -tags soak -count=1 -v -timeout 40m -run 'TestSoak|TestEveryDisguise|TestEveryAttack|TestStreamedLeaks|TestFillers|TestFewLetters|TestMostSent|TestAnswersAreShown|TestEveryOrder|TestAppHas|TestBenignAnswers|TestRealPrompts|TestGeneratedRequests|TestS3Unreachable' ./tests/system
	go test -tags soak -count=1 -v -timeout 30m -run 'TestKillDuring|TestSoak' ./cmd/adiuva-api
	go test -tags soak -count=1 -v -timeout 30m -run 'TestEventsInAnyOrder' ./internal/billing
	go test -tags soak -count=1 -v -timeout 120m -p 1 -run 'TestRealModel' ./tests/scenarios ./tests/system
	go test -count=5 -timeout 30m -run 'TestRefreshSurvivesDatabaseCrash|TestPostgresKilledUnderLoad|TestPostgresHangsUnderLoad|TestLimitsSurviveRedisOutage' ./tests/system

chaos: ## break what the service depends on, under load; SEED=n MINUTES=m, FAULT=pattern for some faults, TREND=1 for leaks
	scripts/install-peers nginx
	go tool -modfile=tools/peers/go.mod -n versitygw >/dev/null
ifdef TREND
	$(CHAOS) -run 'TestNothingGrows' ./tests/chaos
else ifdef FAULT
	$(CHAOS) -run 'TestChaos' ./tests/chaos
else
	$(CHAOS) -run 'TestRollingRestart|TestChaos' ./tests/chaos
endif

notices: build ## generate THIRD_PARTY_NOTICES from the modules in the binary
	scripts/notices > bin/notices && mv bin/notices THIRD_PARTY_NOTICES

BINARIES := bin/adiuva-api
sbom: $(CLIENT_MODULES) ## list what is in BINARIES and in the package, as CycloneDX under bin/
	for one in $(BINARIES); do go tool -modfile=tools/audit/go.mod cyclonedx-gomod bin -json -version $(VERSION) -output $$one.cdx.json $$one; done
	npm --prefix clients/typescript sbom --sbom-format cyclonedx --omit dev > bin/adiuva-api-client.cdx.json

audit: ## look for known faults in dependencies; asks vuln.go.dev and npm's registry
	go tool -modfile=tools/audit/go.mod govulncheck ./...
	@for lock in $$(git ls-files '*package-lock.json'); do echo "$$lock"; (cd "$$(dirname "$$lock")" && npm audit --audit-level=high --package-lock-only); done

clean: ## remove build output; .adiuva, your development data, stays
	rm -rf bin

# better-sqlite3 is native: npm downloads it, or builds it in minutes, with the headers beside Node or with downloaded ones.
$(SQLITE_MODULES): clients/typescript/test/sqlite/package-lock.json
	scripts/install-peers g++ python3
	cd $(<D) && npm ci --ignore-scripts --no-audit --no-fund
	cd $(<D) && { npm rebuild better-sqlite3 --nodedir="$$(node -p 'path.resolve(process.execPath, "../..")')" || npm rebuild better-sqlite3 || { rm node_modules/.package-lock.json; exit 1; }; }
	touch $@

%/node_modules/.package-lock.json: %/package-lock.json
	cd $* && npm ci --ignore-scripts --no-audit --no-fund && touch node_modules/.package-lock.json
