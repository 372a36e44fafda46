# The two commands that matter: `make demo` shows Culvert at work, `make test` proves it.

GO      ?= go
BIN     := bin/culvert
LDFLAGS := -s -w -X main.version=$(shell git describe --tags --always 2>/dev/null || echo dev)

.PHONY: all build pkcs11 man demo test unit fuzz bench soak lint install clean

all: build

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/culvert

# The helper for keys in PKCS #11 tokens, whose modules are C libraries: it needs a C compiler.
pkcs11:
	CGO_ENABLED=1 $(GO) build -trimpath -ldflags '-s -w' -o bin/culvert-pkcs11 ./cmd/culvert-pkcs11

# Two gateways, one tunnel, real packets; without root, the same in one process.
demo: build
	$(BIN) demo

# Everything: peers from Debian, vet, unit tests, simulation, interoperability, fuzz seeds and a bounded fuzz run.
test: build
	./interop/install-peers.sh
	$(GO) vet ./...
	$(GO) test -timeout 20m $$($(GO) list ./... | grep -v culvert/interop)
	$(GO) test -timeout 20m ./interop/...
	./fuzz.sh 3s

# Only what needs neither root nor peers.
unit:
	$(GO) test -short ./...

fuzz:
	./fuzz.sh 60s

# Beside strongSwan and wireguard-go, in about half an hour; docs/benchmarks.md says what is measured.
bench: build
	./interop/install-peers.sh
	$(GO) test -run '^$$' -bench . -benchtime 0.2s -benchmem ./aesgcm ./checksum ./wire ./suite ./esp ./spd ./ike
	$(GO) test -v -count=1 -run '^(TestHeapPerSA|TestHundredThousandSAs)$$' ./ike ./sim
	CULVERT_BENCH=1 $(GO) test -v -count=1 -timeout 90m -run '^TestBench' ./interop/bench

# Ten minutes of mixed traffic through a thousand children whose keys change all the time; docs/soak.md says what has to hold.
soak: build
	./interop/install-peers.sh
	SOAK=10m $(GO) test -v -count=1 -timeout 20m -run '^TestSoak$$' ./interop/soak

install: build
	install -D -m 0755 $(BIN) $(DESTDIR)/usr/sbin/culvert
	install -D -m 0644 packaging/culvert.service $(DESTDIR)/usr/lib/systemd/system/culvert.service

# Manual pages and shell completion, for packages.
man: build
	$(GO) run ./cmd/culvert-man bin/man
	mkdir -p bin/completion
	for sh in bash zsh fish; do $(BIN) completion $$sh > bin/completion/culvert.$$sh; done

lint:
	$(GO) vet ./...
	gofmt -l . | (! grep .)

clean:
	rm -rf bin
