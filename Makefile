# Everything a newcomer needs: `make run` turns input/ into audiobooks, `make test` runs every check.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

# Where this is set, as in many containers, each of the processes of a batch compiles all its modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test check test-long test-crash test-kills test-campaign test-resume test-readalong test-tools \
        test-hostile-text test-hostile-markup test-extent test-browser docs clean help

help:
	@echo "make run        install, then turn the books in input/ into audiobooks in output/"
	@echo "make test       install, then run every check: ruff, mypy, import contracts, pytest"
	@echo "make check      the same without pytest"
	@echo "make test-long  the tests that take minutes: those named below"
	@echo "make test-crash the power fails at every step of a run of the state module"
	@echo "make test-kills every subset of a batch's processes is killed; the disk refuses every call"
	@echo "make test-campaign  a batch of six books is killed at 100 moments"
	@echo "make test-resume    a word of a book of 50,000 words is changed, files are cut off, a batch is killed; every option of pipeline-state"
	@echo "make test-readalong W3C's checker looks at EPUBs made from every format, where it is installed (epubcheck, java)"
	@echo "make test-tools     uv, Poetry, Conda, flite and espeak-ng where they are installed; a gigabyte of output; 10,000 books"
	@echo "make test-hostile-text    plain texts as hard to read as the limits allow: CPU seconds and memory of each"
	@echo "make test-hostile-markup  the same for every other format"
	@echo "make test-extent    a book of 40,000 chapters, lines of megabytes, audiobooks of 300 chapters and joins"
	@echo "make test-browser   reports in a real browser (Debian's chromium and chromium-driver)"
	@echo "make docs       write the generated pages of docs/ again"
	@echo "make clean      remove the virtual environment and caches (never books, work or state)"

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("audiobook-pipeline needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

run: $(VENV)/.installed
	$(BIN)/batch-audiobook

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check
	$(BIN)/pytest -rs -n auto --dist loadfile --no-loadscope-reorder

test-long: test-crash test-kills test-campaign test-resume test-readalong test-tools test-hostile-text test-hostile-markup test-extent \
           test-browser

test-crash: $(VENV)/.installed-dev
	$(BIN)/pytest -m long -s tests/crash

test-kills: $(VENV)/.installed-dev
	$(BIN)/pytest -m long -rs tests/kill --ignore tests/kill/test_campaign.py

test-campaign: $(VENV)/.installed-dev
	$(BIN)/pytest -m long -s tests/kill/test_campaign.py

test-resume: $(VENV)/.installed-dev
	$(BIN)/pytest -m long -rs tests/e2e --ignore tests/e2e/test_report_in_browser.py --ignore tests/e2e/test_examples.py

test-readalong: $(VENV)/.installed-dev
	$(BIN)/pytest -m long -rs tests/readalong

test-tools: $(VENV)/.installed-dev
	$(BIN)/pytest -m long -rs tests/unit tests/e2e/test_examples.py --ignore tests/unit/phases

test-hostile-text: $(VENV)/.installed-dev
	$(BIN)/pytest -m long -s tests/unit/phases/test_worst_cases.py -k worst_texts

test-hostile-markup: $(VENV)/.installed-dev
	$(BIN)/pytest -m long -s tests/unit/phases/test_worst_cases.py -k worst_marked_up

test-extent: $(VENV)/.installed-dev
	$(BIN)/pytest -m long -s tests/unit/phases --ignore tests/unit/phases/test_worst_cases.py

test-browser: $(VENV)/.installed-dev
	$(BIN)/pytest -m long -rs tests/e2e/test_report_in_browser.py

docs: $(VENV)/.installed-dev
	$(BIN)/python -m pipeline_common.docs docs
	$(BIN)/python -m orchestrator.docs docs
	$(BIN)/python tests/unit/phases/spoken_pairs.py

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
