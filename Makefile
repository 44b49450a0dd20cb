# One line a job; `make` alone lists them. Needs Go, Node and, for what is missing, apt (or npm's binaries).
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help generate verify breaking release-contract lint test test-engines check run build docs bench soak notices clean

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GOTOOL := go tool -modfile=tools/go.mod
NODE_MODULES := openapi/npm/node_modules/.package-lock.json
BROWSER_MODULES := tests/browser/node_modules/.package-lock.json
CLIENT_MODULES := $(addsuffix /node_modules/.package-lock.json,clients/typescript clients/typescript/test/node24)
SEVERITIES := $(addprefix --severity-levels ,$(wildcard openapi/*severity*))
GENERATED := gen openapi/asyncapi.bundled.json .env.example README.md docs/integrators.md docs/security-cases.md
export REDOCLY_TELEMETRY := off
export REDOCLY_SUPPRESS_UPDATE_NOTICE := true

help: ## this list
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

generate: $(NODE_MODULES) ## write gen/, .env.example and the generated tables under docs/ and in README.md
	go generate .
	go test ./internal/config -run TestDrift -count=1 -update
	go test ./openapi -run TestGuideListsThePolicies -count=1 -update
	go test ./internal -run TestSecurityCasesPage -count=1 -update

verify: ## fail when what is committed is not what generate writes
	go test ./internal/config -run TestDrift -count=1
	$(MAKE) --no-print-directory generate
	@changed=$$(git status --porcelain -- $(GENERATED)); [ -z "$$changed" ] || { git --no-pager diff -- $(GENERATED); echo "$$changed"; exit 1; }

breaking: ## fail when openapi.yaml breaks clients of openapi/released.yaml
	$(GOTOOL) oasdiff breaking openapi/released.yaml openapi/openapi.yaml --include-path-params $(SEVERITIES) --deprecation-days-stable 90 --fail-on ERR

release-contract: ## publish the contract as VERSION=x.y.z: moves openapi/released.yaml, writes docs/contract-changelog.md
	GOTOOL="$(GOTOOL)" scripts/release-contract "$(VERSION)"

lint: $(NODE_MODULES) ## gofmt, go vet, import arrows and sizes, the contract's style
	@wrong=$$(git ls-files -co --exclude-standard "*.go" | xargs gofmt -l); [ -z "$$wrong" ] || { echo "gofmt would change:"; echo "$$wrong"; exit 1; }
	go vet ./...
	go test -count=1 ./internal ./deploy
	npm --prefix openapi/npm run --silent lint

test: $(BROWSER_MODULES) $(CLIENT_MODULES) ## every test, with the race detector, against real PostgreSQL, Redis and S3
	scripts/install-peers
	for one in versitygw stripe-mock; do go tool -modfile=tools/peers/go.mod -n $$one >/dev/null; done
	go run ./internal/testing/testpeers -- go test -race ./...

test-engines: $(CLIENT_MODULES) ## the TypeScript client's suite in Qt WebEngine, the closest to a page in Electron
	scripts/install-peers qtwebengine
	go run ./internal/testing/testpeers -- go test -tags engines -count=1 -run '^TestClientInQtWebEngine$$' ./tests/typescript

check: verify breaking lint test test-engines ## all of the above, as .ci/run does

run: build ## start the service on http://127.0.0.1:8080 with nothing to install (.env is read when there is one)
	set -a; if [ -f .env ]; then . ./.env; fi; set +a; exec bin/adiuva-api serve

build: ## bin/adiuva-api, static
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-X main.version=$(VERSION)" -o bin/ ./cmd/adiuva-api

docs: build ## the documentation as a static site in bin/docs, ready to publish
	bin/adiuva-api docs --out bin/docs

bench: ## every benchmark
	scripts/install-peers nginx
	go run ./internal/testing/testpeers -- go test -run '^$$' -bench . -benchmem ./...

soak: ## fuzz tests for a minute each, every attack in every disguise, outages and kills, timing, gigabytes: some 30 minutes
	scripts/install-peers
	@for one in strictjson:FuzzDecode auth:FuzzNormalizeEmail auth/token:FuzzVerifyAccess auth/token:FuzzVerifyRefresh \
		httpapi:FuzzAuthorization httpapi:FuzzRequestID llm:FuzzDecodeEventAgreesWithEncodingJSON llm:FuzzFrameAgreesWithDecoder sanitize:FuzzStreamEqualsText; do \
		go test ./internal/$${one%%:*} -run '^$$' -fuzz "^$${one##*:}\$$" -fuzztime 60s; done
	go test -tags soak -count=1 -v -run 'TestSoak' ./internal/auth
	go test -tags soak -count=1 -v -run 'TestTenSecondTimeouts' ./internal/chatstream
	go test -tags soak -count=1 -v -timeout 40m -run 'TestSoak|TestEveryDisguise|TestEveryAttack|TestStreamedLeaks|TestBenignAnswers|TestRealPrompts|TestGeneratedRequests|TestS3Unreachable' ./tests/system
	go test -tags soak -count=1 -v -timeout 30m -run 'TestKillDuringUpload|TestSoak' ./cmd/adiuva-api
	go test -tags soak -count=1 -v -timeout 30m -run 'TestEventsInAnyOrder' ./internal/billing
	go test -count=5 -timeout 30m -run 'TestRefreshSurvivesDatabaseCrash|TestPostgresKilledUnderLoad|TestPostgresHangsUnderLoad|TestLimitsSurviveRedisOutage' ./tests/system

notices: build ## THIRD_PARTY_NOTICES from the modules inside the binary
	scripts/notices > bin/notices && mv bin/notices THIRD_PARTY_NOTICES

clean: ## remove what make made; .adiuva (your development data) stays
	rm -rf bin

%/node_modules/.package-lock.json: %/package-lock.json
	cd $* && npm ci --ignore-scripts --no-audit --no-fund && touch node_modules/.package-lock.json
