# The few verbs a person types; the work is in scripts/. Each sets up what it needs, and skips what is there.

.DEFAULT_GOAL := help
.PHONY: run test dev build bundle bench soak screenshots docker clean help

run: ## set up, build for release and serve on http://127.0.0.1:8000
	@scripts/run.sh

test: ## set up, then every test: format, lints, unit, property, server and browser tests
	@scripts/test.sh

dev: ## serve a debug build that is rebuilt and reloaded at every change
	@scripts/dev.sh

build: bundle ## the same as bundle

bundle: ## build dist/: the program, its site and hash.txt, all that a server needs
	@scripts/build.sh

bench: ## measure what the README claims
	@scripts/bench.sh

soak: ## the nightly run: kills, power losses, disk failures, cut streams, a million steps, fuzzing
	@scripts/soak.sh

screenshots: ## make the pictures in the README again
	@scripts/screenshots.sh

docker: ## build the container image finally:latest
	docker build --tag finally:latest .

clean: ## remove what was built in this folder (the shared cache stays; its path is printed)
	@scripts/clean.sh

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
