# Short names for what one does often. `make` lists them.
FUZZTIME ?= 10s
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
RACE = ./data ./internal/lab ./sim ./strategy ./internal/crawl ./internal/binance/...

.PHONY: help builds docs rehearse swarm foreign-clients test short race fmt vet lint cover fuzz slurm browser power bench claims claims-check crawl-real crash crash-live crawl-speed demo ci

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 14

test: ## all tests, as CI runs them
	go test ./...

short: ## tests without the slow ones
	go test -short ./...

race: ## the packages with workers under the race detector
	go test -race -short $(RACE)

fmt: ## format all Go files
	gofmt -w $$(git ls-files '*.go')

vet: ## go vet
	go vet ./...

lint: vet ## vet and staticcheck
	go run $(STATICCHECK) ./...

cover: ## coverage by package
	go test -short -cover ./...

fuzz: ## each fuzz target for FUZZTIME (10s)
	@git grep -lE '^func Fuzz[A-Z]' -- '*_test.go' | xargs -rn1 dirname | sort -u | while read -r d; do \
	for f in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$$d"/*_test.go | cut -c6-); do \
	echo "$$d $$f"; go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) "./$$d" || exit 1; done; done

slurm: ## an array job on a real Slurm on this machine, with kills (slurm-wlm, munge)
	go test -tags slurm -v -count=1 -timeout=10m -run TestSlurm ./cmd/backtest

browser: ## the pages used in a headless Chromium; BROWSER_OUT=DIR keeps photographs
	go test -tags browser -v -count=1 -timeout=10m -run 'TestPagesInABrowser|TestABadPage|TestDashboardInABrowser' ./reports ./internal/lab

power: ## how often the verdict on a sweep is wrong; writes docs/results/power.json
	go run ./bench/power

bench: ## speed against the floors; writes docs/results/bench-DATE.json
	go run ./bench

claims: ## the author's claims and the results by year, from ../shared, into docs/results
	go run ./bench/claims

claims-check: ## fail where docs/results is not what the program says now
	go run ./bench/claims --check

# Tests that take minutes; `go test ./...` has short forms of them.
LONG = CARRY_LONG=1 go test -v -count=1 $(LONGFLAGS)

crawl-real: ## all recorded series through the crawler, by archives and by REST, against their import
	$(LONG) -timeout=30m ./internal/crawl ./data -run 'TestACrawlOfAllRecordedSeriesEqualsTheirImport|TestRealImportAgain'

builds: ## the same journal from five builds: cgo, pure Go, GOAMD64 v1 and v3, race
	$(LONG) -timeout=30m ./cmd/backtest -run TestHashAcrossBuilds

rehearse: ## sixty days of history through the real adapter, every kind of fault, and paper
	$(LONG) -timeout=20m ./internal/lab -run 'TestRehearsalEqualsBacktestOnHistory|TestRehearsalUnderFaults|TestPaperEqualsBacktest'

swarm: ## 50,000 seeds of core and venue, 2,000 of the whole stack, the museum of bugs, thirty days of broken links; more: SWARM='-core N -stack N -first SEED'
	$(LONG) -timeout=40m ./internal/swarm $(SWARM)

FOREIGN = internal/exchange/testdata/foreign

foreign-clients: ## npm's ccxt and binance, pinned, do the whole cycle against the loopback exchange
	@command -v npm >/dev/null || { echo "npm is not here: apt-get install nodejs npm"; [ "$(CI)" != true ]; }
	@! command -v npm >/dev/null || npm --prefix $(FOREIGN) ci --ignore-scripts --no-audit --no-fund --silent
	$(LONG) -timeout=10m ./internal/exchange -run WholeCycle

docs: ## every session and table of the documents against the program
	$(LONG) -timeout=20m ./internal/docstest -run TestDocumentsShowWhatTheProgramPrints

crash-live: ## a live session dies at every record of its journal, and the program by kill -9 200 times
	$(LONG) -timeout=20m ./internal/lab ./cmd/live -run 'TestACrashAtEveryRecord|TestCrashesAnywhere|TestALostEnd|TestAYearOfJournal|TestKilledRehearsals'

crash: ## kill -9 a crawl 200 times and compare what it leaves
	$(LONG) -timeout=30m ./cmd/crawl -run TestKilled200Times

crawl-speed: ## the crawler's speed, memory and obedience to the limits
	$(LONG) -timeout=20m -p 1 ./internal/crawl ./internal/exchange -run \
	'TestArchiveRowsAgainstTheShell|TestAYearOf74PairsWithinTheLimits|TestPeakMemoryIsFlatInCoins|TestAYearOfPairsByRESTTakesVirtualMinutes'

demo: ## the first command: a generated market, the report in ./out
	go run ./cmd/backtest

ci: ## everything CI does
	bash .ci/run </dev/null
