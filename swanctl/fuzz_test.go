package swanctl

import (
	"testing"
	"testing/fstest"
)

// Whatever stands in a swanctl.conf, it loads or it is refused with a reason.
func FuzzTree(f *testing.F) {
	f.Add(conf("version = 2", "mode = iptfs"))
	f.Add(conf("proposals = aes256gcm16-prfsha384-x25519", "local_ts = 10.0.0.0/8[tcp/443], dynamic"))
	f.Add("connections { a { local { auth = eap-tls\n id = x } remote { auth = pubkey } children { b { } } } }\npools { p { addrs = 10.0.0.5/24 } }")
	f.Add("t { x = 1 }\nconnections { a : t { } }\nsecrets { eap { id = x\nsecret = 0sAAAA } private { file = x\nsecret = y } }")
	f.Fuzz(func(t *testing.T, text string) {
		tree := newFolder(text)
		cfg, found := tree.load()
		if (cfg == nil) != found.Errors() {
			t.Fatalf("config %v, findings %v", cfg, found)
		}
		Import(fstest.MapFS(tree), "/etc/swanctl")
	})
}
