# Everything is made under target/; only `make deps` and `make install` touch anything else.
# PG_MAJOR (15) or PG_CONFIG choose the PostgreSQL; STAGES and TESTS choose what `make test` runs.

.PHONY: help deps build install test soak demo report bench lint clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

deps: ## install what the build needs and is missing: Debian packages and cargo-pgrx
	@tools/deps

build: deps ## build the extension into a private PostgreSQL under target/
	@tools/build

install: deps ## build it and install it into the PostgreSQL of PG_CONFIG (default: the pg_config in PATH)
	@tools/install

test: build ## run all tests, or STAGES="regress ..." or TESTS="name ..." of them
	@pg_test/run $(STAGES)

soak: build ## the generated tests for a quarter of an hour, with ever new seeds
	@pg_test/soak

demo: build ## show it at work on throwaway servers
	@demo/run

report: build ## write target/report.html, the report of a node that has conflicts with others
	@demo/report/make

bench: build ## what recording a row costs, and taking it in on another node, beside what there is otherwise
	@bench/added-cpu
	@bench/apply

lint: deps ## formatting and clippy
	@pg_test/run lint

clean: ## stop the throwaway servers and remove target/
	@[ ! -d target/clusters ] || tools/cluster destroy-all
	@rm -rf target
