# `make run`: a node with a sample forum on 127.0.0.1:1119.  `make test`: all checks and tests.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA := data
NNTP := tcp:1119:interface=127.0.0.1
SCENARIO ?= calm
LARGE_SCENARIOS := calm star churn center_dies third_dies partition mixed
SERVER ?= 127.0.0.1:1119
FUZZ ?= --minutes 60

# Debian packages of the programs that tests drive
TEST_PACKAGES := slrn slrnpull tin neomutt emacs-nox suck tmux i2pd chromium chromium-driver thunderbird postgresql
TEST_PACKAGES += pan xvfb at-spi2-core gir1.2-atspi-2.0 python3-gi dbus dbus-x11 imagemagick

# Packages that are unpacked for tests: installed, inn2 wants a host name with a dot and a mail server, and leafnode is
# a news server that conflicts with it.  Beside them, what their programs need.
UNPACKED_PACKAGES := inn2 inn2-inews leafnode
TEST_PACKAGES += libcanlock3 libdb5.3 libperl5.36 libpython3.11 libsasl2-2 libsqlite3-0 libssl3 libsystemd0 zlib1g perl git iproute2

# where `make install` puts things
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
UNITDIR ?= /etc/systemd/system
LIBDIR = $(PREFIX)/lib/cliquenntp
MANDIR = $(PREFIX)/share/man

.PHONY: install run test test-programs bench bench-backup bench-core bench-forum bench-hostile bench-million bench-moving bench-network \
	bench-node bench-packing bench-workers conformance simulate simulate-large test-bridge-long docs clean

run: $(VENV)/installed
	@$(BIN)/python -m cliquenntp.service.first_run --data $(DATA) --nntp $(NNTP)

test: $(VENV)/installed-tests test-programs
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python -m pytest --cov --cov-report=term:skip-covered

# what newsreaders, libraries and offline readers do with a node, in full
.PHONY: test-real
test-real: $(VENV)/installed-tests test-programs
	$(BIN)/python -m pytest -m "readers or not readers" tests/real/readers

# As root the programs are installed; a plain user's tests are skipped by name where one is missing.
test-programs:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		dpkg -s $(TEST_PACKAGES) >/dev/null 2>&1 \
		|| { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy --no-install-recommends install $(TEST_PACKAGES); }; \
	fi
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! [ -e $(VENV)/unpacked/usr/lib/news/bin/innd ]; then \
		mkdir -p $(VENV)/unpacked && cd $(VENV)/unpacked && apt-get -q download $(UNPACKED_PACKAGES) \
		&& for package in *.deb; do dpkg -x $$package . && rm $$package; done; \
	fi

# a node bridged to an INN, ten minutes of posting on both sides; docs/bridging.md has what came out
test-bridge-long: $(VENV)/installed-tests test-programs
	CLIQUENNTP_BRIDGE_SECONDS=600 $(BIN)/python -m pytest -s tests/real/test_bridge.py

# what comes from outside, mutated for an hour with atheris; docs/results/fuzzing.md has what came out.  Less:
# `make fuzz FUZZ="--minutes 5 session post"`
.PHONY: fuzz test-faults
fuzz: $(VENV)/installed-fuzz
	$(BIN)/python -m tests.fuzzing --result docs/results/fuzzing.md $(FUZZ)

# a node that dies at every step of a turn, ten minutes
test-faults: $(VENV)/installed-tests
	CLIQUENNTP_FAULTS=all $(BIN)/python -m pytest -v tests/real/test_faults_crashes.py

bench: $(VENV)/installed-tests
	@$(BIN)/python -m benchmarks

# how fast a node catches up, and what its start takes
bench-node: $(VENV)/installed-tests
	$(BIN)/python -m benchmarks.catch_up
	$(BIN)/python -m benchmarks.start

# what the state of the clique core takes in memory
bench-core: $(VENV)/installed-tests
	$(BIN)/python -m benchmarks.core_memory

# what a post costs while a forum grows to 100,000 documents, ten minutes; docs/large-forums.md has what came out
bench-forum: $(VENV)/installed-tests
	$(BIN)/python -m benchmarks.forum

# what shapes cost that nobody would write but to do harm
bench-hostile: $(VENV)/installed-tests
	$(BIN)/python -m benchmarks.hostile

# what a reader notices while 100,000 documents are packed, and the room on the disk; fails where a bound is passed
bench-packing: $(VENV)/installed-tests
	$(BIN)/python -m benchmarks.packing

# what a second worker adds; docs/results/workers.md has what came out (there with --first, as root)
bench-workers: $(VENV)/installed-tests
	$(BIN)/python -m benchmarks.workers

# a node with 1,000,000 documents beside one with 10,000, a quarter of an hour and 5 GB; docs/results/million.md
bench-million: $(VENV)/installed-tests
	$(BIN)/python -m benchmarks.million

# what cliquectl copy-storage takes with 100,000 documents; docs/results/moving.md
bench-moving: $(VENV)/installed-tests
	$(BIN)/python -m benchmarks.moving

# twenty nodes on this machine with one forum, half an hour; `.venv/bin/python -m benchmarks.network --help` for less
bench-network: $(VENV)/installed-tests
	$(BIN)/python -m benchmarks.network --result docs/protocol/results/network-20.md

# a day among twenty real nodes that come, go, die and are cut off, in half an hour; as root.  docs/reliability.md has
# what came out; `.venv/bin/python -m tests.soak --help` for less
.PHONY: soak
soak: $(VENV)/installed-tests test-programs
	$(BIN)/python -m tests.soak --result docs/results/soak.md

# 18 real nodes with one forum that two others flood, some minutes; `.venv/bin/python -m tests.flood --help` for less
.PHONY: flood
flood: $(VENV)/installed-tests
	$(BIN)/python -m tests.flood --result docs/results/flood.md

# a backup of 20,000 articles while posts go on, put back, and bits flipped in it; docs/backup.md has what came out
bench-backup: $(VENV)/installed-tests
	$(BIN)/python -m benchmarks.backup --result docs/backup.md

# `make conformance SERVER=news.example.org:119`: what a server does otherwise than the RFCs say
conformance: $(VENV)/installed-tests
	$(BIN)/python -m tests.nntp.conformance $(SERVER)

simulate: $(VENV)/installed-tests
	$(BIN)/python -m tests.simulation $(SCENARIO)

# the scenarios of the table of figures with 10,000 nodes: some 50 minutes of a core
simulate-large: $(VENV)/installed-tests
	$(BIN)/python -m tests.simulation $(LARGE_SCENARIOS) --nodes 10000 --result docs/protocol/results/n10000.md

# the status page and the newsreaders' screens as they are now, for the documentation, some five minutes
.PHONY: pictures
pictures: $(VENV)/installed-tests test-programs
	$(BIN)/python -m tests.real.pictures docs/pictures
	CLIQUENNTP_PICTURES=$(CURDIR)/docs/pictures $(BIN)/python -m pytest -m "readers or not readers" \
		tests/real/readers/test_pictures.py tests/real/test_conversation.py

# pages in build/docs/html, manuals in build/docs/man
docs: $(VENV)/installed-tests
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs build/docs/html
	$(BIN)/python -m sphinx -q -W --keep-going -b man docs build/docs/man

# editable_mode=compat, because twistd finds no plugin in setuptools' default kind of editable install
$(VENV)/installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check -e . --config-settings editable_mode=compat
	touch $@

$(VENV)/installed-tests: $(VENV)/installed
	$(BIN)/pip install -q --disable-pip-version-check -e '.[test]' --config-settings editable_mode=compat
	touch $@

$(VENV)/installed-fuzz: $(VENV)/installed-tests
	$(BIN)/pip install -q --disable-pip-version-check -e '.[fuzz]' --config-settings editable_mode=compat
	touch $@

# As root: the program into a virtual environment of its own, cliquectl on the path, the system's service and its user.
# The configuration is left as it is where there is one.
install:
	$(PYTHON) -m venv $(LIBDIR)
	$(LIBDIR)/bin/pip install -q --disable-pip-version-check .
	$(LIBDIR)/bin/pip install -q --disable-pip-version-check --target $(LIBDIR)/sphinx 'Sphinx>=7.3' 'myst-parser>=3'
	PYTHONPATH=$(LIBDIR)/sphinx $(LIBDIR)/bin/python -m sphinx -q -b man -d $(LIBDIR)/sphinx/doctrees docs $(LIBDIR)/man
	rm -rf $(LIBDIR)/sphinx
	install -d $(PREFIX)/bin $(SYSCONFDIR)/cliquenntp $(UNITDIR) $(SYSCONFDIR)/sysusers.d $(SYSCONFDIR)/tmpfiles.d
	for section in 1 5 7 8; do \
		install -d $(MANDIR)/man$$section && install -m 644 $(LIBDIR)/man/*.$$section $(MANDIR)/man$$section/ || exit 1; \
	done
	ln -sf $(LIBDIR)/bin/cliquectl $(PREFIX)/bin/cliquectl
	test -e $(SYSCONFDIR)/cliquenntp/cliquenntp.toml \
	|| $(LIBDIR)/bin/python -m cliquenntp.service.example /var/lib/cliquenntp \
	| sed 's/^#nntp = .*/nntp = ["systemd:domain=INET:index=0", "systemd:domain=INET6:index=1"]/' \
	> $(SYSCONFDIR)/cliquenntp/cliquenntp.toml
	sed 's#@BINDIR@#$(LIBDIR)/bin#; s#@SYSCONFDIR@#$(SYSCONFDIR)#' packaging/cliquenntp.service > $(UNITDIR)/cliquenntp.service
	install -m 644 packaging/cliquenntp.socket $(UNITDIR)/cliquenntp.socket
	install -m 644 packaging/cliquenntp.sysusers $(SYSCONFDIR)/sysusers.d/cliquenntp.conf
	install -m 644 packaging/cliquenntp.tmpfiles $(SYSCONFDIR)/tmpfiles.d/cliquenntp.conf
	@echo "then: systemd-sysusers; systemd-tmpfiles --create; systemctl daemon-reload; systemctl enable --now cliquenntp"

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage
