# Everything here is one line on purpose: what a step does is written once, in test/check.

STEPS := install format modules vet build unit databases keystore rules lint race bench fuzz interop browser torture-smoke load-smoke torture fuzz-long fuzz-keep

.PHONY: help check demo fmt $(filter-out install,$(STEPS))

help: ## what can be typed
	@echo 'make check     everything CI does, about twenty minutes'
	@echo 'make demo      the country in a box, on this machine'
	@echo 'make unit      tests that need only Go (also: go test ./...)'
	@echo 'make fmt       gofmt the tree'
	@echo 'make STEP      one step of the check:'
	@go run ./test/check -list

check: ## everything CI does
	@go run ./test/check

demo: ## the country in a box
	@go run ./cmd/chave demo

fmt: ## let gofmt have its way
	@gofmt -w $(wildcard client cmd demo internal test)

$(filter-out install,$(STEPS)):
	@go run ./test/check $@
