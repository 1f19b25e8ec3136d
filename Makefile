# The commands of this project. Each is one script in scripts/, whose head says what it does.

.PHONY: help up test soak fuzz bench dist

help: ## what can be made (the default)
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@sed -nE 's/^#   ([A-Z_]+ .*)/            \1/p' scripts/up.sh scripts/soak.sh scripts/fuzz.sh scripts/bench.sh scripts/dist.sh

up: ## sets up what is missing, builds, and serves the API over a real Redis until Ctrl-C; environment: see below
	@scripts/up.sh

test: ## the same set-up, then every check and test that CI runs
	@scripts/test.sh

soak: ## the same set-up, then ten minutes of load while Redis fails in every way; prints the figures; environment: see below
	@scripts/soak.sh

fuzz: ## a minute for each fuzz target: looks for requests, replies and settings for which a promise does not hold; environment: see below
	@scripts/fuzz.sh

bench: ## the same set-up, then Redstart and its peers measured in turn, or Redstart as its work grows; under ten minutes; environment: see below
	@scripts/bench.sh

dist: ## what a release consists of, in dist/: components, an archive for this system, what is in them, sums; environment: see below
	@scripts/dist.sh
