package config

import (
	"fmt"
	"strings"
	"testing"
)

func TestUnknownNamesAreAnsweredWithWhatWasMeant(t *testing.T) {
	tests := []struct{ block, name, want string }{
		// misspelt
		{"daemon", "prot", `did you mean "port"?`},
		{"daemon", "loglevel", `did you mean "log_level"?`},
		{"connection", "rekey_tme", `did you mean "rekey_time"?`},
		{"connection", "proposal", `did you mean "proposals"?`},
		{"connection", "Unique", `did you mean "unique"?`},
		{"connection", "send_cert_req", `did you mean "send_certreq"?`},
		{"local", "adress", `did you mean "address"?`},
		{"local", "certificates", `did you mean "certificate"?`},
		{"remote", "cas", `did you mean "ca"?`},
		{"remote", "revokation", `did you mean "revocation"?`},
		{"child", "replaywindow", `did you mean "replay_window"?`},
		{"child", "esp_proposal", `did you mean "esp_proposals"?`},
		{"secret", "pks", `did you mean "psk"?`},
		{"secret", "id", `did you mean "ids"?`},
		{"pool", "address", `did you mean "addresses"?`},
		{"policy", "acton", `did you mean "action"?`},
		// in another block
		{"connection", "rekey_bytes", "rekey_bytes belongs in the block child"},
		{"connection", "address", "address belongs in the block local"},
		{"connection", "key", "key belongs in the block local"},
		{"connection", "ca", "ca belongs in the block remote"},
		{"connection", "start", "start belongs in the block child"},
		{"child", "dpd_delay", "dpd_delay belongs in the block connection"},
		{"daemon", "tries", "tries belongs in the block retransmit"},
		{"daemon", "mtu", "mtu belongs in the block dataplane"},
		{"local", "ca", "ca belongs in the block remote"},
		{"remote", "keepalive", "keepalive belongs in the block connection"},
		// as strongSwan has it
		{"connection", "local_addrs", "it is called address here, in the block local"},
		{"connection", "remote_addrs", "it is called address here, in the block remote"},
		{"connection", "vips", "it is called virtual_ips here"},
		{"connection", "encap", "it is called force_encapsulation here"},
		{"connection", "keyingtries", "it is called tries here"},
		{"child", "local_ts", "it is called local here"},
		{"child", "remote_ts", `did you mean "remote"?`},
		{"child", "start_action", "it is called start here"},
		{"child", "close_action", "it is called on_close here"},
		{"child", "tfc_padding", "it is called tfc here"},
		{"local", "certs", "it is called certificate here"},
		{"remote", "cacerts", "it is called ca here"},
		{"remote", "pubkeys", "it is called public_key here"},
		{"secret", "secret", "it is called psk here"},
		{"pool", "addrs", "it is called addresses here"},
		{"daemon", "threads", "it is called workers here"},
		{"retransmit", "retransmit_base", "it is called base here"},
		// block or option
		{"connection", "local", "local is a block here: write local { ... }"},
		{"connection", "child", "child is a block here: write child { ... }"},
		{"daemon", "dataplane", "dataplane is a block here: write dataplane { ... }"},
		// nothing like it
		{"secret", "quux", "there are ids, psk"},
		{"policy", "x", "there are action, local, remote, priority"},
		{"dataplane", strings.Repeat("x", 100), "there are backend, device, mtu, queues"},
	}
	for _, tt := range tests {
		t.Run(tt.block+" "+tt.name, func(t *testing.T) {
			s := schemaOf(t, tt.block)
			if got := suggest(&s, entry{name: tt.name}); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func schemaOf(t *testing.T, kind string) schema {
	t.Helper()
	for _, s := range schemas() {
		if s.kind == kind {
			return s
		}
	}
	t.Fatalf("there is no block %s", kind)
	return schema{}
}

func TestUnknownBlocksAreAnsweredWithWhatWasMeant(t *testing.T) {
	tests := []struct{ block, name, want string }{
		{"connection", "proposals", "proposals is an option here: write proposals = ..."},
		{"connection", "children", `did you mean "child"?`},
		{configurationKind, "dataplane", "dataplane belongs in the block daemon"},
		{configurationKind, "child", "child belongs in the block connection"},
		{"connection", "quux", "there are version, peer_type, proposals"},
		{"connection", "remotes", `did you mean "remote"?`},
		{configurationKind, "conn", "there are include, daemon, metrics, connection"},
		{configurationKind, "connections", "this looks like swanctl.conf"},
		{configurationKind, "pools", `did you mean "pool"?`},
	}
	for _, tt := range tests {
		s := schemaOf(t, tt.block)
		if got := suggest(&s, entry{name: tt.name, block: new(section)}); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A name that has one letter too few is understood, unless it is too short to tell.
func TestOneLetterTooFewIsUnderstood(t *testing.T) {
	for _, s := range schemas() {
		for _, name := range s.names() {
			if len(name) < 6 {
				continue
			}
			for i := range name {
				short := name[:i] + name[i+1:]
				if s.option(short) != nil || s.nested(short) != nil {
					continue
				}
				if got, want := suggest(&s, entry{name: short}), fmt.Sprintf("did you mean %q?", name); got != want {
					t.Errorf("%s.%s: got %q, want %q", s.kind, short, got, want)
				}
			}
		}
	}
}
